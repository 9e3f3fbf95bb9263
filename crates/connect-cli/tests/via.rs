//! `--via`: using Google, Microsoft and Apptoto directly.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "it is a test")]

mod common;

use common::{Outcome, World, browse, free_port, start_login};
use connect_sandbox::AuthorizationServer as Server;
use std::process::Command;

/// Returns a command with the credentials of a client of the service.
///
/// The client is confidential if `secret` is set, else public.
fn command(world: &World, service: &str, secret: bool, arguments: &[&str]) -> Command {
    let mut command = world.command(&[arguments, &["--via", service]].concat());
    let name = |rest: &str| format!("MOBISCROLL_CONNECT_{}_{rest}", service.to_uppercase());
    if secret {
        command.env(name("CLIENT_ID"), format!("{service}-client"));
        command.env(name("CLIENT_SECRET"), format!("{service}-secret"));
    } else {
        command.env(name("CLIENT_ID"), format!("{service}-public-client"));
    }
    command
}

fn run(world: &World, service: &str, secret: bool, arguments: &[&str]) -> Outcome {
    Outcome::of(command(world, service, secret, arguments).output().unwrap())
}

#[test]
fn public_client_signs_in_on_its_own_port() {
    let world = World::with(&[("apptoto_refresh_tokens", "new")]);
    for (service, server, port) in [
        ("google", Server::Google, None),
        ("microsoft", Server::Microsoft, None),
        ("apptoto", Server::Apptoto, Some(free_port())),
    ] {
        // Apptoto only accepts the registered redirect URI, and has no default scopes.
        let at = port.map(|port| format!("http://127.0.0.1:{port}/callback"));
        let mut arguments = vec!["login", "--no-browser"];
        if let Some(at) = &at {
            arguments.extend(["--scope", "events:read contacts:read", "--redirect-uri", at]);
        }
        let (child, url) = start_login(&mut command(&world, service, false, &arguments));
        assert!(url.contains("code_challenge_method=S256"), "{url}");
        let page = browse(&url);
        assert!(page.contains("You are signed in"), "{service}: {page}");
        assert!(Outcome::of(child.wait_with_output().unwrap()).ok().contains("Signed in as me"));

        let file = world.token_files().pop().unwrap();
        let access = |file| -> String {
            let record: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            record["tokens"]["access_token"].as_str().unwrap().to_owned()
        };
        let first = access(&file);
        let known = |token: &str| {
            world
                .server
                .with(|sandbox| sandbox.provider_token(token).is_some_and(|token| token.server == server))
        };
        assert!(known(&first), "the service knows the token");
        run(&world, service, false, &["token", "refresh"]).ok();
        assert_ne!(access(&file), first);
        assert!(known(&access(&file)));

        run(&world, service, false, &["logout"]).ok();
        assert!(world.token_files().is_empty());
    }
}

#[test]
fn confidential_client_uses_its_registered_redirect_uri() {
    let world = World::new();
    let at = world.redirect_uri.clone();
    world.server.with(|sandbox| {
        let app = connect_sandbox::OAuthApp::new("Own", &at);
        sandbox.update_provider_app(Server::Google, "google-client", app).unwrap();
    });
    let arguments = ["login", "--no-browser", "--redirect-uri", &at];
    let (child, url) = start_login(&mut command(&world, "google", true, &arguments));
    assert!(browse(&url).contains("You are signed in"));
    Outcome::of(child.wait_with_output().unwrap()).ok();
    run(&world, "google", true, &["logout"]).ok();
}

#[test]
fn missing_or_unsupported_setting_is_a_usage_error() {
    let world = World::new();
    let missing = world.run(&["login", "--via", "google"]);
    assert!(missing.code == Some(2) && missing.err.contains("MOBISCROLL_CONNECT_GOOGLE_CLIENT_ID"));
    for (service, arguments, says) in [
        ("apptoto", &["login"][..], "--scope"),
        ("google", &["login", "--language", "es"], "only supported with Mobiscroll Connect"),
        ("apptoto", &["calendars"], "Google and Outlook"),
        ("google", &["health"], "--via is google"),
        ("google", &["webhooks", "listen"], "--via"),
        ("google", &["login", "--base-url", "https://connect.example/api"], "sandbox"),
    ] {
        let done = run(&world, service, false, arguments);
        assert!(done.code == Some(2) && done.err.contains(says), "{arguments:?}: {}", done.err);
    }
    let mut command = command(&world, "microsoft", false, &["login"]);
    let done = Outcome::of(command.env("MOBISCROLL_CONNECT_MICROSOFT_TENANT", "a/b").output().unwrap());
    assert!(done.code == Some(2) && done.err.contains("tenant"), "{}", done.err);
    let scope = world.run(&["login", "--scope", "write"]);
    assert!(scope.code == Some(2) && scope.err.contains("free-busy, read, read-write"));
}

#[test]
fn google_and_outlook_events_are_read_and_changed() {
    for (service, via, provider) in [("google", "google", "google"), ("microsoft", "outlook", "microsoft")] {
        let world = World::new();
        let (child, url) = start_login(&mut command(&world, service, false, &["login", "--no-browser"]));
        browse(&url);
        Outcome::of(child.wait_with_output().unwrap()).ok();
        let run = |arguments: &[&str]| {
            let mut command = world.command(&[arguments, &["--via", via]].concat());
            let id = format!("MOBISCROLL_CONNECT_{}_CLIENT_ID", service.to_uppercase());
            Outcome::of(command.env(id, format!("{service}-public-client")).output().unwrap())
        };
        let json = |arguments: &[&str]| -> serde_json::Value {
            serde_json::from_str(&run(&[arguments, &["--json"]].concat()).ok()).unwrap()
        };
        let calendars = json(&["calendars"]);
        let own = calendars.as_array().unwrap().iter().find(|calendar| {
            let original = &calendar["original"];
            original["primary"] == true || original["isDefaultCalendar"] == true
        });
        let calendar = own.unwrap()["id"].as_str().unwrap();
        assert_eq!(own.unwrap()["provider"], provider);

        let time = ["--start", "2027-02-01T09:00Z", "--end", "2027-02-01T10:00Z"];
        let create =
            ["events", "create", "--calendar", calendar, "--title", "By hand", "--location", "Room 5"];
        let created = json(&[&create[..], &time].concat());
        let cancelled = run(&[&create[..], &time, &["--status", "cancelled"]].concat());
        assert!(cancelled.code == Some(2) && cancelled.err.contains("--status"), "{}", cancelled.err);
        let id = created["id"].as_str().unwrap();
        let range = ["--from", "2027-02-01", "--to", "2027-02-02"];
        let listed = json(&[&["events", "list", "--calendar", calendar][..], &range].concat());
        let titles = |listed: &serde_json::Value| -> Vec<String> {
            let events = listed["events"].as_array().unwrap();
            events.iter().map(|event| event["title"].as_str().unwrap().to_owned()).collect()
        };
        assert!(titles(&listed).contains(&"By hand".to_owned()), "{listed}");
        let change = ["events", "update", id, "--title", "By hand, later", "--clear", "location"];
        let changed = json(&[&change[..], &range].concat());
        assert_eq!((changed["id"].as_str(), changed["title"].as_str()), (Some(id), Some("By hand, later")));
        assert!(run(&[&["events", "show", id][..], &range].concat()).ok().contains("By hand, later"));
        run(&[&["events", "delete", id][..], &range].concat()).ok();
        let listed = json(&[&["events", "list"][..], &range].concat());
        assert!(!titles(&listed).iter().any(|title| title.starts_with("By hand")), "{listed}");
        let masters = run(&["events", "list", "--masters"]);
        assert!(
            masters.code == Some(2) && masters.err.contains("only supported with Mobiscroll Connect"),
            "{}",
            masters.err
        );
        assert_eq!(run(&["status"]).code, Some(2), "only supported with Connect");
    }
}

#[test]
fn public_google_calendar_needs_an_api_key() {
    let world = World::new();
    let holidays = "en.usa#holiday@group.v.calendar.google.com";
    let list = ["events", "list", "--via", "google", "--from", "2027-01-01", "--to", "2027-12-31"];
    let public = [&list[..], &["--public-calendar", holidays]].concat();
    let without = world.run(&public);
    assert!(without.code == Some(2) && without.err.contains("GOOGLE_API_KEY"), "{}", without.err);
    let with_key = |key: &str| world.run(&[&public[..], &["--api-key", key]].concat());
    assert!(with_key("sandbox-key").ok().contains("Independence Day"));
    let mut command = world.command(&public);
    command.env("MOBISCROLL_CONNECT_GOOGLE_API_KEY", "sandbox-key");
    assert!(Outcome::of(command.output().unwrap()).ok().contains("Independence Day"));
    let wrong = with_key("another-key");
    assert!(wrong.code != Some(0) && !wrong.err.contains("another-key"), "{}", wrong.err);
    let elsewhere = world.run(&["events", "list", "--public-calendar", holidays, "--api-key", "sandbox-key"]);
    assert!(elsewhere.code == Some(2) && elsewhere.err.contains("--via google"), "{}", elsewhere.err);
    let hidden: Vec<_> = world.server.requests();
    assert!(!format!("{hidden:?}").contains("sandbox-key"));
}
