//! `--dry-run` and the setting `read-only` must send no write.
#![allow(clippy::unwrap_used, reason = "it is a test")]

mod common;

use common::{Outcome, World, signed_in::SignedInUser};
use connect_sandbox::Server;
use serde_json::{Value, json};

/// Returns the method and path of each recorded write. Requests to a token endpoint are no writes.
fn writes(server: &Server, since: usize) -> Vec<(String, String)> {
    let requests = server.requests();
    let writes = requests[since..].iter().filter(|request| {
        !["GET", "HEAD"].contains(&request.method.as_str()) && !request.endpoint.contains("token")
    });
    writes.map(|request| (request.method.clone(), request.path.clone())).collect()
}

/// Runs the command as a dry run, then for real. Checks that the dry run sends no write, and prints the write
/// that the real run sends.
fn plan(signed: &SignedInUser, arguments: &[&str]) -> Value {
    let server = &signed.world.server;
    let before = server.requests().len();
    let mut dry = signed.run(&[arguments, &["--dry-run", "--json"]].concat()).json();
    assert_eq!(writes(server, before), [], "{arguments:?}");
    assert_eq!(dry["dryRun"], true);
    let text = signed.run(&[arguments, &["--dry-run"]].concat()).ok();
    assert!(text.starts_with("Dry run: nothing was changed.\n"), "{text}");

    let before = server.requests().len();
    signed.run(arguments).ok();
    let changes = dry["changes"].as_array().unwrap();
    let planned = changes.iter().map(|change| {
        let request = &change["request"];
        let url: http::Uri = request["url"].as_str().unwrap().parse().unwrap();
        let is_printed = text.contains(&format!("{} {url}\n", request["method"].as_str().unwrap()));
        assert!(is_printed && text.contains(change["change"].as_str().unwrap()), "{text}");
        (request["method"].as_str().unwrap().to_owned(), url.path_and_query().unwrap().to_string())
    });
    assert_eq!(planned.collect::<Vec<_>>(), writes(server, before), "{arguments:?}");
    dry["changes"].take()
}

#[test]
fn dry_run_prints_the_write_that_a_real_run_sends() {
    for service in ["connect", "google", "microsoft"] {
        let signed = SignedInUser::at(service);
        let times = ["--start", "2027-02-01T09:00Z", "--end", "2027-02-01T10:00Z"];
        let days = ["--from", "2027-02-01", "--to", "2027-02-28"];
        let create = ["events", "create", "--calendar", &signed.calendar, "--title", "Zebra crossing"];
        let created = plan(&signed, &[&create[..], &times, &["--attendee", "ann@example.org"]].concat());
        let words = created[0]["change"].as_str().unwrap();
        assert!(words.starts_with("Create Zebra crossing, 2027-02-01 10:00-11:00, in calendar "), "{words}");
        assert!(words.contains("ann@example.org"), "{words}");
        assert!(created[0]["request"]["body"].to_string().contains("Zebra crossing"), "{created}");

        let listed = signed.run(&[&["events", "list", "--json"], &days[..]].concat()).json();
        let mut events = listed["events"].as_array().unwrap().iter();
        let id = events.find(|event| event["title"] == "Zebra crossing").unwrap()["id"].as_str().unwrap();
        let update = ["events", "update", id, "--title", "Zebra", "--clear", "location"];
        let updated = plan(&signed, &[&update[..], &days].concat());
        let words = updated[0]["change"].as_str().unwrap();
        assert!(words.contains("Zebra crossing, 2027-02-01 10:00-11:00: title, no location."), "{words}");
        let deleted = plan(&signed, &[&["events", "delete", id][..], &days].concat());
        assert!(deleted[0]["change"].as_str().unwrap().starts_with("Delete Zebra, 2027-02-01"), "{deleted}");
        assert_eq!(deleted[0]["request"]["method"], json!("DELETE"));
    }
}

#[test]
fn dry_run_of_accounts_and_subscriptions_sends_no_write() {
    let world = World::with(&[("webhook_url", &common::nowhere())]);
    let signed = SignedInUser::of(world, "connect");
    let all = plan(&signed, &["webhooks", "subscribe", "--all"]);
    assert!(all.as_array().unwrap().len() > 1, "{all}");
    let one = ["webhooks", "subscribe", "google", &signed.calendar, "--channel-id", "mine"];
    assert_eq!(plan(&signed, &one)[0]["request"]["body"]["channelId"], "mine");
    plan(&signed, &["webhooks", "unsubscribe", "google", "mine"]);
    let gone = plan(&signed, &["disconnect", "google"]);
    assert_eq!(gone[0]["change"], "Disconnect all google accounts.");
}

/// Returns the arguments of every subcommand, from the output of `--help`.
fn commands(world: &World, parent: &[String]) -> Vec<Vec<String>> {
    let help = help(world, parent);
    let Some((_, list)) = help.split_once("\nCommands:\n") else { return vec![parent.to_vec()] };
    let names = list.lines().take_while(|line| !line.is_empty()).filter_map(|line| {
        let name = line.strip_prefix("  ").filter(|line| !line.starts_with(' '))?;
        Some(name.split(' ').next().unwrap().to_owned()).filter(|name| name != "help")
    });
    names.flat_map(|name| commands(world, &[parent, &[name]].concat())).collect()
}

fn help(world: &World, command: &[String]) -> String {
    Outcome::of(world.command(&["help"]).args(command).output().unwrap()).ok()
}

#[test]
fn read_only_refuses_every_write_before_any_request() {
    let signed = SignedInUser::at("connect");
    let world = &signed.world;
    let run = |arguments: &[&str]| {
        Outcome::of(world.command(arguments).env("MOBISCROLL_CONNECT_READ_ONLY", "true").output().unwrap())
    };
    let leaves = commands(world, &[]);
    let mut refused = Vec::new();
    for leaf in &leaves {
        // These commands run until a browser, a delivery or Ctrl-C arrives.
        if ["login", "sandbox", "demo", "webhooks listen"].contains(&leaf.join(" ").as_str()) {
            continue;
        }
        let help = help(world, leaf);
        let help = help.replace(" \\\n", " ");
        let first = |line: &str| {
            let example = line.strip_prefix("Example: connect ").or_else(|| line.strip_prefix("  connect "));
            example.map(str::to_owned)
        };
        let example = help.lines().find_map(first).unwrap_or_else(|| panic!("{leaf:?}: {help}"));
        let example = example.split_whitespace().collect::<Vec<_>>().join(" ").replace('"', "'");
        let words = example.split('\'').enumerate().flat_map(|(index, part)| match index % 2 {
            1 => vec![part],
            _ => part.split(' ').filter(|word| !word.is_empty()).collect(),
        });
        let before = world.server.requests().len();
        let outcome = run(&words.collect::<Vec<_>>());
        assert_eq!(writes(&world.server, before), [], "{leaf:?}: {}", outcome.err);
        if outcome.err.contains("the program is read-only") {
            assert_eq!((outcome.code, world.server.requests().len()), (Some(4), before), "{leaf:?}");
            refused.push(leaf.join(" "));
        }
    }
    for write in ["events create", "events update", "events delete", "disconnect", "webhooks subscribe"] {
        assert!(refused.iter().any(|name| name == write), "{write}: {refused:?}");
    }
    run(&["events", "delete", "x", "--dry-run", "--all"]);
    let error = Outcome::of(
        world
            .command(&["disconnect", "google", "--json"])
            .env("MOBISCROLL_CONNECT_READ_ONLY", "1")
            .output()
            .unwrap(),
    );
    assert_eq!(error.error()["code"], "READ_ONLY");
}
