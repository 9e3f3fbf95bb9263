//! Runs the commands of one user from sign-in to sign-out, each command in a separate process.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{World, callback_url, start_login};
use serde_json::Value;
use std::io::Write as _;

fn create(world: &World, arguments: &[&str]) -> Value {
    let calendars = world.run(&["calendars", "--json", "--provider", "google"]).json();
    let calendar = calendars[0]["id"].as_str().unwrap();
    let all = [&["events", "create", "--json", "--calendar", calendar], arguments].concat();
    world.run(&all).json()
}

fn list(world: &World, arguments: &[&str]) -> Vec<Value> {
    let all = [&["events", "list", "--json"], arguments].concat();
    world.run(&all).json()["events"].as_array().unwrap().clone()
}

const DAYS: [&str; 4] = ["--from", "2027-03-01", "--to", "2027-03-31"];

#[test]
fn user_signs_in_changes_events_and_signs_out() {
    let world = World::new();
    assert!(world.login(&[]).ok().contains("Signed in as me"));

    let calendars = world.run(&["calendars", "--json"]).json();
    assert!(
        calendars.as_array().unwrap().iter().all(|one| one["id"].is_string() && one["provider"].is_string())
    );

    let weekly = ["--title", "Choir", "--start", "2027-03-01T18:00", "--end", "2027-03-01T19:30"];
    let weekly =
        [&weekly[..], &["--recurrence", "RRULE:FREQ=WEEKLY;COUNT=4", "--attendee", "a@example.org"]].concat();
    let series = create(&world, &weekly);
    assert_eq!(series["title"], "Choir");
    assert_eq!(series["attendees"][0]["email"], "a@example.org");

    let choirs = |world: &World| -> Vec<Value> {
        let all = list(world, &[&DAYS[..], &["--provider", "google"]].concat());
        all.into_iter()
            .filter(|event| event["title"].as_str().is_some_and(|title| title.contains("Choir")))
            .collect()
    };
    let before = choirs(&world);
    let starts: Vec<_> = before.iter().map(|event| event["start"].as_str().unwrap()).collect();
    // 18:00 in the user's time zone is 17:00 in UTC.
    assert_eq!(starts[..2], ["2027-03-01T17:00:00.000Z", "2027-03-08T17:00:00.000Z"]);
    assert_eq!(starts.len(), 4);

    let second = before[1]["id"].as_str().unwrap();
    let show = [&["events", "show", second], &DAYS[..]].concat();
    assert!(world.run(&show).ok().contains("2027-03-08 18:00-19:30"));

    let change =
        [&["events", "update", second, "--title", "Choir outdoors", "--location", "Park"], &DAYS[..]]
            .concat();
    assert!(world.run(&change).ok().contains("Park"));
    let after = choirs(&world);
    let titles: Vec<_> = after.iter().map(|event| event["title"].as_str().unwrap()).collect();
    assert_eq!(titles, ["Choir", "Choir outdoors", "Choir", "Choir"], "the other occurrences are unchanged");

    let clear = [&["events", "update", second, "--clear", "location", "--json"], &DAYS[..]].concat();
    assert!(world.run(&clear).json()["location"].as_str().unwrap_or_default().is_empty());

    let delete = [&["events", "delete", second], &DAYS[..]].concat();
    assert!(world.run(&delete).ok().starts_with("Deleted Choir outdoors, 2027-03-08 18:00-19:30."));
    assert_eq!(choirs(&world).len(), 3, "one occurrence, not the series");

    let third = before[2]["id"].as_str().unwrap();
    world.run(&[&["events", "delete", third, "--following"], &DAYS[..]].concat()).ok();
    assert_eq!(choirs(&world).len(), 1);
    let first = before[0]["id"].as_str().unwrap();
    world.run(&[&["events", "delete", first, "--all"], &DAYS[..]].concat()).ok();
    assert_eq!(choirs(&world).len(), 0);

    let status = world.run(&["status", "--json"]).json();
    let account = status["connections"]["google"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(world.run(&["disconnect", "google", "--account", "nobody"]).code, Some(5));
    world.run(&["disconnect", "google", "--account", &account]).ok();
    let status = world.run(&["status", "--json"]).json();
    assert!(status["connections"]["google"].as_array().is_none_or(Vec::is_empty));

    assert_eq!(world.run(&["health", "--json"]).json()["status"], "ok");
    assert!(world.run(&["logout"]).ok().contains("Signed out me"));
    assert!(world.token_files().is_empty());
    assert_eq!(world.server.stats().revocations, 1);
    assert_eq!(world.run(&["calendars"]).code, Some(3));
}

#[test]
fn key_replaces_an_id_and_a_series_needs_all() {
    let world = World::new();
    world.login(&[]).ok();
    let table = world.run(&["calendars", "--provider", "apple", "--width", "80"]).ok();
    let key = table.lines().nth(1).unwrap().split(' ').next().unwrap();
    let times = ["--start", "2027-03-02 08:00+00:00", "--end", "2027-03-02T09:00Z"];
    let new = [
        "events",
        "create",
        "--calendar",
        key,
        "--title",
        "Run",
        "--recurrence",
        "FREQ=DAILY;COUNT=3",
        "--json",
    ];
    let series = world.run(&[&new[..], &times].concat()).json();
    assert_eq!(
        (&series["provider"], &series["start"]),
        (&"apple".into(), &"2027-03-02T08:00:00.000Z".into())
    );

    let masters = list(&world, &[&DAYS[..], &["--masters", "--provider", "apple"]].concat());
    let master = masters.iter().find(|event| event["title"] == "Run").unwrap()["id"].as_str().unwrap();
    let refused = world.run(&[&["events", "delete", master], &DAYS[..]].concat());
    assert_eq!(refused.code, Some(2), "{}", refused.err);
    assert!(refused.err.contains("--all"), "{}", refused.err);

    let rename = ["events", "update", master, "--all", "--title", "Walk"];
    world.run(&[&rename[..], &DAYS].concat()).ok();
    let walks = list(&world, &DAYS).iter().filter(|event| event["title"] == "Walk").count();
    assert_eq!(walks, 3);

    let shown =
        world.run(&[&["events", "list", "--calendar", key, "--width", "80"], &DAYS[..]].concat()).ok();
    let line = shown.lines().find(|line| line.contains("Walk ↻")).unwrap();
    let found = [&["events", "show", line.split(' ').next_back().unwrap()], &DAYS[..]].concat();
    assert!(world.run(&found).ok().contains("2027-03-02 09:00-10:00"));
}

#[test]
fn all_day_event_ends_on_its_last_day() {
    let world = World::new();
    world.login(&[]).ok();
    let days = ["--title", "Fair", "--all-day", "--start", "2027-03-04", "--end", "2027-03-06"];
    let fair = create(&world, &days);
    assert_eq!(fair["allDay"], true);
    assert!(fair["start"].as_str().unwrap().starts_with("2027-03-04"));
    assert!(fair["end"].as_str().unwrap().starts_with("2027-03-07"), "the API's end is exclusive");
    let shown = world.run(&[&["events", "list"], &DAYS[..]].concat()).ok();
    assert!(shown.contains("\t2027-03-04\t2027-03-06\tFair\t"), "{shown}");
    let by_day = world.run(&[&["events", "list", "--width", "80"], &DAYS[..]].concat()).ok();
    assert!(by_day.contains("all day      Fair (until Sat 6 Mar)"), "{by_day}");
}

#[test]
fn every_field_option_is_sent() {
    let world = World::new();
    world.login(&[]).ok();
    let event = create(
        &world,
        &[
            &["--title", "Tôt 早い", "--start", "2027-03-05T10:00", "--end", "2027-03-05T11:00"][..],
            &["--location", "Room 5", "--description", "two\nlines", "--availability", "free"],
            &["--privacy", "private", "--status", "tentative", "--conference", "https://meet.example/x"],
            &["--custom", r#"{"ticket":42}"#, "--attendee", "a@example.org", "--attendee", "b@example.org"],
        ]
        .concat(),
    );
    for (name, value) in [
        ("title", "Tôt 早い"),
        ("location", "Room 5"),
        ("description", "two\nlines"),
        ("availability", "free"),
        ("privacy", "private"),
        ("status", "tentative"),
    ] {
        assert_eq!(event[name], value, "{name}");
    }
    assert_eq!(event["conference"]["url"], "https://meet.example/x");
    assert_eq!(event["attendees"].as_array().unwrap().len(), 2);
    assert_eq!(event["custom"]["ticket"], 42);
}

#[test]
fn pasted_callback_needs_the_state_of_the_sign_in() {
    let world = World::new();
    let (mut child, url) = start_login(&mut world.command(&["login", "--paste", "--no-browser"]));
    let callback = callback_url(&url, &world.redirect_uri);
    writeln!(child.stdin.take().unwrap(), "{callback}").unwrap();
    assert!(common::Outcome::of(child.wait_with_output().unwrap()).ok().contains("Signed in"));
    world.run(&["logout"]).ok();

    let (mut child, url) = start_login(&mut world.command(&["login", "--paste", "--no-browser"]));
    let callback = callback_url(&url, &world.redirect_uri);
    let forged = callback.replace("state=", "state=x");
    writeln!(child.stdin.take().unwrap(), "{forged}").unwrap();
    let refused = common::Outcome::of(child.wait_with_output().unwrap());
    assert_eq!(refused.code, Some(3), "{}", refused.err);
    assert!(refused.err.contains("state"), "{}", refused.err);
    assert!(world.token_files().is_empty());
}

#[test]
fn callback_needs_the_path_of_the_redirect_uri() {
    let world = World::new();
    let (child, url) = start_login(&mut world.command(&["login", "--no-browser", "--json"]));
    let origin = world.redirect_uri.strip_suffix("/callback").unwrap();
    assert!(common::get(&format!("{origin}/favicon.ico")).starts_with("HTTP/1.1 404"));
    assert!(common::get(&format!("{origin}/other?code=x&state=y")).starts_with("HTTP/1.1 404"));
    assert!(common::browse(&url).contains("200 OK"));
    let done = common::Outcome::of(child.wait_with_output().unwrap()).json();
    assert_eq!((&done["user"], &done["signedIn"]), (&"me".into(), &true.into()));
}

#[test]
fn redirect_uri_may_be_localhost_with_a_query() {
    let world = World::new();
    let uri = world.redirect_uri.replace("127.0.0.1", "localhost").replace("/callback", "/?action=callback");
    world.server.with(|sandbox| sandbox.set("redirect_uri", &uri).map(drop)).unwrap();
    world.login(&["--redirect-uri", &uri]).ok();
    world.run(&["calendars", "--redirect-uri", &uri]).ok();
}

#[test]
fn insufficient_scope_has_its_own_exit_code() {
    let world = World::new();
    world.login(&["--scope", "free-busy", "--providers", "google,apple", "--language", "es"]).ok();
    let denied = world.run(&["calendars", "--json"]);
    assert_eq!((denied.code, &denied.error()["exitCode"]), (Some(4), &4.into()));
    assert!(!list(&world, &[]).is_empty(), "busy blocks can be listed");
}

#[test]
fn token_refresh_refreshes_once() {
    let world = World::new();
    assert_eq!(world.run(&["token", "refresh"]).code, Some(3), "not signed in");
    world.login(&[]).ok();
    world.run(&["token", "refresh"]).ok();
    world.run(&["calendars"]).ok();
    assert_eq!(world.server.stats().exchanges.refresh.granted, 1);
}

#[test]
fn tokens_of_another_program_are_imported() {
    let world = World::new();
    world.login(&[]).ok();
    let record: Value = serde_json::from_slice(&std::fs::read(&world.token_files()[0]).unwrap()).unwrap();
    let tokens = &record["tokens"];
    let given = serde_json::json!({
        "access_token": tokens["access_token"], "refresh_token": tokens["refresh_token"],
        "token_type": "Bearer", "expires_in": 3599.62,
    });
    let elsewhere = ["--tokens", "elsewhere"];
    assert_eq!(world.run(&[&["calendars"], &elsewhere[..]].concat()).code, Some(3));
    world.run_with(&[&["token", "import"], &elsewhere[..]].concat(), &given.to_string()).ok();
    world.run(&[&["calendars"], &elsewhere[..]].concat()).ok();

    // Byte order marks and UTF-16, as Windows programs write them.
    let utf16 = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    for (folder, bytes) in [
        ("third", tokens.to_string().into_bytes()),
        ("fourth", format!("\u{feff}{tokens}").into_bytes()),
        ("fifth", utf16(&format!("\u{feff}{tokens}\r\n"))),
    ] {
        std::fs::write(world.folder.path().join("tokens.json"), bytes).unwrap();
        world.run(&["token", "import", "tokens.json", "--tokens", folder]).ok();
        world.run(&["calendars", "--tokens", folder]).ok();
    }
    let marked = format!("\u{feff}{given}");
    world.run_with(&["token", "import", "-", "--tokens", "sixth"], &marked).ok();
    world.run(&["calendars", "--tokens", "sixth"]).ok();
    let record = world.token_files().pop().unwrap();
    std::fs::write(&record, [b"\xef\xbb\xbf", &std::fs::read(&record).unwrap()[..]].concat()).unwrap();
    world.run(&["calendars"]).ok();

    let broken =
        world.run_with(&["token", "import"], r#"{"access_token": "hunter2", "expires_in": "hunter3"}"#);
    assert_eq!(broken.code, Some(2));
    assert!(!broken.err.contains("hunter"), "{}", broken.err);
}

#[test]
fn printed_command_finds_an_event_outside_the_search_range() {
    let world = World::new();
    world.login(&[]).ok();
    let listed = world.run(&["calendars", "--json", "--provider", "google"]).json();
    let calendar = listed[0]["id"].as_str().unwrap();
    let days_away = |days: i64| {
        let day = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
        day.strftime("%Y-%m-%d").to_string()
    };
    for (days, is_far) in
        [(-200, true), (-92, true), (-80, false), (5, false), (350, false), (367, true), (900, true)]
    {
        let day = days_away(days);
        let (start, end) = (format!("{day}T10:00"), format!("{day}T11:00"));
        for time in [&["--start", &start, "--end", &end][..], &["--all-day", "--start", &day]] {
            for form in [&[][..], &["--json"]] {
                let new = ["events", "create", "--calendar", calendar, "--title", "Far away"];
                let done = world.run(&[&new[..], time, form].concat());
                let find = |line: &str| line.strip_prefix("Find the event with: connect ").map(str::to_owned);
                let command = done.err.lines().find_map(find);
                assert_eq!(done.err.contains("The event starts in the past."), days < 0, "{}", done.err);
                assert_eq!((done.code, command.is_some()), (Some(0), is_far), "{time:?} {}", done.err);
                let Some(command) = command else { continue };
                let words: Vec<_> = command.split(' ').collect();
                assert!(world.run(&words).ok().contains("Far away"), "{command}");
            }
        }
    }
    let new =
        ["events", "create", "--calendar", calendar, "--title", "x", "--all-day", "--start", "2027-03-01"];
    assert_eq!(world.run(&[&new[..], &["--status", "cancelled"]].concat()).code, Some(2));
}
