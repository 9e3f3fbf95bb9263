//! Unknown and ambiguous names of providers, calendars and events in arguments must be refused.
//!
//! Keys and titles must be accepted. The commands in next steps must keep the user and the service.
#![allow(clippy::unwrap_used, reason = "it is a test")]

mod common;

use common::{Outcome, World, browse, start_login};
use connect_sandbox::Fault;
use serde_json::Value;

const DAYS: [&str; 4] = ["--from", "2027-03-01", "--to", "2027-03-31"];

fn calendars(world: &World, body: &str) {
    world.server.with(|sandbox| {
        sandbox.add_fault(Fault::on("GET /calendars").status(200).body(body).times(100));
    });
}

#[test]
fn unknown_provider_is_refused_with_the_known_ones() {
    let world = World::new();
    world.login(&[]).ok();
    let new = ["events", "create", "--calendar", "x", "--title", "t", "--all-day", "--start", "2027-03-01"];
    for arguments in [
        &["calendars", "--provider", "gogle"][..],
        &["events", "list", "--provider", "gogle"],
        &["events", "show", "x", "--provider", "Google "],
        &["events", "update", "x", "--title", "t", "--provider", "outlook"],
        &["events", "delete", "x", "--provider", ""],
        &[&new[..], &["--provider", "gogle"]].concat(),
        &["login", "--no-browser", "--providers", "google,gogle"],
        &["disconnect", "gogle"],
        &["webhooks", "subscribe", "gogle", "x"],
        &["webhooks", "unsubscribe", "gogle", "x"],
        &["webhooks", "trigger", "--provider", "gogle"],
    ] {
        let before = world.server.with(|sandbox| sandbox.requests().len());
        let done = world.run(arguments);
        assert_eq!(done.code, Some(2), "{arguments:?}: {}{}", done.out, done.err);
        assert!(done.err.contains("google, microsoft, apple, caldav"), "{}", done.err);
        assert_eq!(world.server.with(|sandbox| sandbox.requests().len()), before, "{arguments:?}");
    }
}

#[test]
fn provider_of_another_service_is_refused() {
    let world = World::new();
    let new = ["events", "create", "--calendar", "x", "--title", "t", "--all-day", "--start", "2027-03-01"];
    for (via, service, provider) in [("google", "GOOGLE", "microsoft"), ("microsoft", "MICROSOFT", "apple")] {
        for arguments in [&["calendars"][..], &["events", "list"], &["events", "show", "x"], &new] {
            let arguments = [arguments, &["--via", via, "--provider", provider]].concat();
            let id = format!("MOBISCROLL_CONNECT_{service}_CLIENT_ID");
            let done = Outcome::of(world.command(&arguments).env(id, "public-client").output().unwrap());
            assert_eq!(done.code, Some(2), "{arguments:?}: {}{}", done.out, done.err);
            let message = format!("--provider {provider} cannot be combined with --via {via}");
            assert!(done.err.contains(&message), "{arguments:?}: {}", done.err);
        }
    }
    assert!(world.server.requests().is_empty());
}

#[test]
fn calendar_is_found_by_its_title() {
    let world = World::new();
    world.login(&[]).ok();
    let listed = world.run(&["calendars", "--json"]).json();
    let id = listed[0]["id"].as_str().unwrap();
    let title = format!(
        r#"[{{"provider":"google","id":{:?},"title":"Work"}},{{"provider":"apple","id":"h","title":"Work 2"}}]"#,
        id
    );
    calendars(&world, &title);
    let times = ["--start", "2027-03-02T10:00", "--end", "2027-03-02T11:00"];
    let create =
        [&["events", "create", "--json", "--calendar", "Work", "--title", "By title"], &times[..]].concat();
    assert_eq!(world.run(&create).json()["calendarId"], id);
    for title in ["Work", "work", "WORK"] {
        let listed =
            world.run(&[&["events", "list", "--json", "--calendar", title], &DAYS[..]].concat()).json();
        assert!(
            listed["events"].as_array().unwrap().iter().any(|event| event["title"] == "By title"),
            "{title}: {listed}"
        );
    }
    for unknown in ["Wor", "Work ", "Work 3"] {
        let new = ["events", "create", "--title", "t", "--all-day", "--start", "2027-03-01"];
        for command in [&["events", "list"][..], &["events", "show", "x"], &new] {
            for provider in [&[][..], &["--provider", "google"], &["--provider", "apple"]] {
                let done = world.run(&[command, &["--calendar", unknown], provider].concat());
                assert_eq!(done.code, Some(5), "{unknown}: {}{}", done.out, done.err);
                assert!(done.err.contains("not found"), "{}", done.err);
            }
        }
    }
}

#[test]
fn ambiguous_calendar_is_refused_with_the_candidates() {
    let world = World::new();
    world.login(&[]).ok();
    calendars(
        &world,
        r#"[{"provider":"google","id":"a","title":"Work","original":{"primary":true}},
            {"provider":"apple","id":"b","title":"Work"},{"provider":"google","id":"c","title":"Work"},
            {"provider":"microsoft","id":"d","title":"b","original":{"isDefaultCalendar":true}},
            {"provider":"google","id":"a","title":"Work"},{"provider":"apple","id":"e","title":"Home"}]"#,
    );
    let of = |arguments: &[&str]| world.run(&[&["events", "list"], arguments].concat());
    for (arguments, candidates) in [
        (
            &["--calendar", "Work"][..],
            &[" (google, \"Work\", a)", " (apple, \"Work\", b)", " (google, \"Work\", c)"][..],
        ),
        (
            &["--calendar", "Work", "--provider", "google"],
            &[" (google, \"Work\", a)", " (google, \"Work\", c)"],
        ),
        (&["--calendar", "primary"], &[" (google, \"Work\", a)", " (microsoft, \"b\", d)"]),
    ] {
        let refused = of(arguments);
        assert_eq!(refused.code, Some(2), "{arguments:?}: {}", refused.err);
        for candidate in candidates {
            assert!(refused.err.contains(candidate), "{candidate}: {}", refused.err);
        }
        assert_eq!(refused.err.matches("), ").count(), candidates.len() - 1, "{}", refused.err);
    }
    // A name that equals an id and a title means the id. A calendar that is listed twice is not ambiguous.
    for one in
        [&["--calendar", "b"][..], &["--calendar", "a"], &["--calendar", "primary", "--provider", "google"]]
    {
        let done = of(one);
        assert!(!done.err.contains("more than one"), "{one:?}: {}", done.err);
    }
}

#[test]
fn letter_case_of_a_title_matters_only_between_equal_titles() {
    let world = World::new();
    world.login(&[]).ok();
    calendars(
        &world,
        r#"[{"provider":"google","id":"a","title":"Work"},{"provider":"google","id":"b","title":"WORK"},
            {"provider":"google","id":"c","title":"École"}]"#,
    );
    let of = |name: &str| world.run(&["events", "list", "--calendar", name]);
    let refused = of("work");
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    for candidate in [" (google, \"Work\", a)", " (google, \"WORK\", b)"] {
        assert!(refused.err.contains(candidate), "{candidate}: {}", refused.err);
    }
    for known in ["Work", "WORK", "école"] {
        let done = of(known);
        assert!(
            !done.err.contains("more than one") && !done.err.contains("calendar \""),
            "{known}: {}",
            done.err
        );
    }
}

#[test]
fn key_printed_by_create_names_the_event() {
    for (service, via, calendar) in
        [("google", "google", "primary"), ("microsoft", "outlook", "primary"), ("google", "google", "title")]
    {
        let world = World::new();
        let run = |arguments: &[&str]| {
            let mut command = world.command(&[arguments, &["--via", via]].concat());
            let id = format!("MOBISCROLL_CONNECT_{}_CLIENT_ID", service.to_uppercase());
            command.env(id, format!("{service}-public-client"));
            command
        };
        let (child, url) = start_login(&mut run(&["login", "--no-browser"]));
        browse(&url);
        Outcome::of(child.wait_with_output().unwrap()).ok();
        let done = |arguments: &[&str]| Outcome::of(run(arguments).output().unwrap());
        let of =
            |action: &str, key: &str, more: &[&str]| done(&[&["events", action, key], more, &DAYS].concat());
        let listed = done(&["calendars", "--json"]).json();
        let is_own = |calendar: &&Value| {
            calendar["original"]["primary"] == true || calendar["original"]["isDefaultCalendar"] == true
        };
        let own = listed.as_array().unwrap().iter().find(is_own).unwrap();
        let calendar = if calendar == "title" { own["title"].as_str().unwrap() } else { calendar };
        let times = ["--start", "2027-03-01T09:00Z", "--end", "2027-03-01T10:00Z"];
        let create =
            [&["events", "create", "--calendar", calendar, "--title", "Zebra crossing"], &times[..]].concat();
        for repeats in [&[][..], &["--recurrence", "RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=MO"]] {
            let text = done(&[&create[..], repeats].concat()).ok();
            let key = text.lines().find_map(|line| line.strip_prefix("key")).unwrap().trim().to_owned();
            for there in [&[][..], &["--calendar", calendar]] {
                assert!(of("show", &key, there).ok().contains("Zebra crossing"), "{service} {text}");
            }
            if repeats.is_empty() {
                of("delete", &key, &[]).ok();
            } else {
                let refused = of("delete", &key, &[]);
                assert!(refused.code == Some(2) && refused.err.contains("--all"), "{}", refused.err);
                of("delete", &key, &["--all"]).ok();
            }
            assert_eq!(of("show", &key, &[]).code, Some(5), "{service}");
            let left = done(&[&["events", "list", "--json"], &DAYS[..]].concat()).json();
            assert!(!left.to_string().contains("Zebra crossing"), "{left}");
        }
    }
}

#[test]
fn key_is_the_same_if_a_response_names_no_calendar() {
    let world = World::new();
    world.login(&[]).ok();
    calendars(
        &world,
        r#"[{"provider":"google","id":"a","title":"Work"},{"provider":"apple","id":"h","title":"Home"}]"#,
    );
    let event = r#"{"id":"e1","title":"Bare","start":"2027-03-02T10:00:00Z","end":"2027-03-02T11:00:00Z"}"#;
    world.server.with(|sandbox| {
        let all = Fault::on("GET /events").status(200).body(format!(r#"{{"events":[{event}]}}"#)).times(9);
        sandbox.add_fault(all);
        sandbox.add_fault(Fault::on("POST /event").status(200).body(event));
    });
    let times = ["--start", "2027-03-02T10:00Z", "--end", "2027-03-02T11:00Z"];
    let create = [&["events", "create", "--calendar", "Work", "--title", "Bare"], &times[..]].concat();
    let text = world.run(&create).ok();
    let key = text.lines().find_map(|line| line.strip_prefix("key")).unwrap().trim().to_owned();
    let listed = world.run(&[&["events", "list", "--calendar", "a"], &DAYS[..]].concat()).ok();
    assert!(listed.contains(&key), "{key}: {listed}");
    world.run(&[&["events", "show", &key, "--calendar", "Work"], &DAYS[..]].concat()).ok();
}

#[test]
fn next_step_has_the_same_user_and_service() {
    let world = World::new();
    let next = |arguments: &[&str]| {
        let text = world.run(arguments).err;
        text.lines().find_map(|line| line.trim().strip_prefix("next:")).unwrap_or_default().trim().to_owned()
    };
    let base_url = world.server.base_url();
    assert_eq!(next(&["status"]), "sign in: connect login");
    assert_eq!(next(&["status", "--user", "carol"]), "sign in: connect login --user carol");
    assert_eq!(next(&["status", "--user", "o'brien $1"]), r"sign in: connect login --user 'o'\''brien $1'");
    assert_eq!(
        next(&["events", "list", "--tokens", "my tokens", "--base-url", &base_url]),
        format!("sign in: connect login --base-url {base_url} --tokens 'my tokens'")
    );
    assert_eq!(next(&["status", "--tz", "Asia/Tokyo"]), "sign in: connect login --tz Asia/Tokyo");
    let mut google = world.command(&["calendars", "--via", "google", "--user", "carol"]);
    let done = Outcome::of(
        google.env("MOBISCROLL_CONNECT_GOOGLE_CLIENT_ID", "google-public-client").output().unwrap(),
    );
    assert!(done.err.contains("connect login --via google --user carol\n"), "{}", done.err);
    let json = world.run(&["status", "--user", "carol", "--json"]);
    assert_eq!(json.error()["next"], "sign in: connect login --user carol");
    let doctor = world.run(&["doctor", "--user", "carol"]);
    assert!(doctor.ok().contains("Next: sign in: connect login --user carol\n"));

    world.login(&["--user", "carol", "--scope", "read"]).ok();
    assert_eq!(
        next(&["events", "show", "nothing", "--user", "carol"]),
        "search another range with --from and --to, or list events: connect events list --user carol"
    );
    world.server.with(|sandbox| {
        let none = Fault::on("GET /oauth/connection-status").status(200).body(r#"{"connections":{}}"#);
        sandbox.add_fault(none);
    });
    let status = world.run(&["status", "--user", "carol", "--width", "80"]).ok();
    assert!(status.contains("Connect an account: connect login --user carol\n"), "{status}");
}

#[test]
fn login_with_only_an_api_key_is_refused() {
    let world = World::new();
    let mut login = world.command(&["login", "--via", "google", "--no-browser"]);
    let done = Outcome::of(login.env("MOBISCROLL_CONNECT_GOOGLE_API_KEY", "sandbox-key").output().unwrap());
    assert_eq!(done.code, Some(2), "{}", done.err);
    assert!(done.err.contains("an API key cannot sign in"), "{}", done.err);
    assert!(done.err.contains("MOBISCROLL_CONNECT_GOOGLE_CLIENT_ID"), "{}", done.err);
}

#[test]
fn usage_error_with_json_is_an_error_object() {
    let world = World::new();
    for (arguments, says) in [
        (&["events", "list", "--provider", "gogle"][..], "'gogle' for '--provider <PROVIDER>'"),
        (&["events", "list", "--nothing"], "'--nothing'"),
        (&["nothing"], "'nothing'"),
        (&["events", "create"], "--calendar <CALENDAR>"),
        (&["events", "list", "--limit", "0"], "--limit"),
        (&["webhooks", "listen", "--port", "70000"], "--port"),
        (&["token"], "subcommand"),
    ] {
        for arguments in [
            [&["--json"], arguments].concat(),
            [arguments, &["--json"]].concat(),
            [&["--json=lines"], arguments].concat(),
            [arguments, &["--json=document"]].concat(),
        ] {
            let done = world.run(&arguments);
            assert_eq!((done.code, done.out.as_str()), (Some(2), ""), "{arguments:?}");
            let error = done.error();
            assert_eq!((&error["code"], &error["exitCode"]), (&"USAGE_ERROR".into(), &2.into()));
            assert!(error["message"].as_str().unwrap().contains(says), "{error}");
        }
        let text = world.run(arguments).err;
        assert!(!text.starts_with('{'), "{text}");
    }
    assert!(world.run(&["--json", "--help"]).ok().contains("Usage"));
    let behind = world.run(&["events", "show", "x", "--", "--json", "y"]).err;
    assert!(!behind.starts_with('{'), "{behind}");
}
