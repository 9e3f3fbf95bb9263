//! Snapshots of help texts, errors and tables.
//!
//! The responses are fixed here, so that no snapshot depends on the sandbox's data or the date.
#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod common;

use common::{Outcome, World};
use connect_sandbox::Fault;
use unicode_width::UnicodeWidthStr as _;

const CALENDARS: &str = r##"[
    {"provider":"google","id":"work@example.org","title":"Work","timeZone":"Europe/Budapest","color":"#1a73e8"},
    {"provider":"google","id":"c_4f0d8a7c1b2e4f0d8a7c1b2e4f0d8a7c@group.calendar.google.com",
     "title":"Família & amigos 🎉 and everybody else who may want to know about it","timeZone":"America/Sao_Paulo"},
    {"provider":"apple","id":"/417/calendars/A-B/","title":"日本語の予定","timeZone":"Asia/Tokyo"},
    {"provider":"caldav","id":"https://caldav.example/dav/1/","title":"المواعيد"}
]"##;

const EVENTS: &str = r##"{"pageSize":250,"events":[
    {"provider":"google","id":"e1","calendarId":"work@example.org","title":"Stand-up",
     "start":"2027-03-01T08:00:00.000Z","end":"2027-03-01T08:15:00.000Z","recurringEventId":"e"},
    {"provider":"microsoft","id":"AAMkADk0ZmE1LTRiN2Etb2Zm","calendarId":"AQMkADk0","allDay":true,
     "title":"Conference in Zürich, with a title that is longer than any screen is wide",
     "start":"2027-03-02T00:00:00.000Z","end":"2027-03-05T00:00:00.000Z"},
    {"provider":"apple","id":"/417/calendars/A-B/1.ics","calendarId":"/417/calendars/A-B/","title":"歯医者の予約",
     "start":"2027-03-03","end":"2027-03-04","allDay":true},
    {"provider":"google","id":"e2","calendarId":"work@example.org","title":"Release night",
     "start":"2027-03-27T22:00:00.000Z","end":"2027-03-28T05:00:00.000Z"},
    {"provider":"caldav","id":"x","title":"","start":"2027-03-29T10:00:00","end":"2027-03-29T11:00:00"},
    {"provider":"google","id":"e3","calendarId":"work@example.org","title":"Stand-up","location":"Room 5",
     "description":"Bring:\n- notes\n- cake","start":"2027-03-30T08:00:00.000Z","end":"2027-03-30T08:15:00.000Z",
     "attendees":[{"email":"ann@example.org","status":"accepted","organizer":true},{"email":"ben@example.org"}],
     "conference":"https://meet.example/abc","availability":"busy","privacy":"private","status":"confirmed",
     "lastModified":"2027-01-01T12:00:00.000Z","recurringEventId":"e","custom":{"ticket":42}},
    {"provider":"google","id":"e4","calendarId":"c_4f0d8a7c1b2e4f0d8a7c1b2e4f0d8a7c@group.calendar.google.com",
     "title":"School play 👨‍👩‍👧‍👦 with 🇭🇺🇧🇷 friends, cafe\u0301 and 👩🏽‍🚀 afterwards",
     "start":"2027-03-30T15:00:00.000Z","end":"2027-03-30T17:00:00.000Z","location":"Café de la Paix, 東京都渋谷区1-2-3"},
    {"provider":"caldav","id":"e5","calendarId":"https://caldav.example/dav/1/","title":"مراجعة أسبوعية لكل الفريق",
     "description":"A long description of the review, which says what to prepare and who brings the numbers: https://docs.example/a/long/link/that/must/stay/whole?so=that&it=works\n\n予約と買い物を忘れないでください。",
     "start":"2027-03-30T16:00:00.000Z","end":"2027-03-30T17:00:00.000Z","location":"القاهرة","recurringEventId":"r"}
]}"##;

const STATUS: &str = r#"{"limitReached":true,"limit":3,"connections":{
    "google":[{"id":"ann@example.org","display":"Ann","calendarPermissionGranted":true,"syncState":"active"},
              {"id":"shop@example.org","calendarPermissionGranted":false}],
    "apple":[{"id":"ann@icloud.example","syncState":"reauth_required","syncStateUpdatedAt":"2027-01-01T12:00:00Z"}]}}"#;

fn world() -> World {
    world_with(EVENTS)
}

fn world_with(events: &str) -> World {
    let world = World::new();
    world.login(&[]).ok();
    world.server.with(|sandbox| {
        for (endpoint, body) in
            [("GET /calendars", CALENDARS), ("GET /events", events), ("GET /oauth/connection-status", STATUS)]
        {
            sandbox.add_fault(Fault::on(endpoint).status(200).body(body).times(100));
        }
    });
    world
}

const MASTERS: &str = r##"{"pageSize":250,"events":[
    {"provider":"google","id":"e","calendarId":"work@example.org","title":"Stand-up",
     "start":"2026-03-02T08:00:00.000Z","end":"2026-03-02T08:15:00.000Z",
     "original":{"recurrence":["RRULE:FREQ=WEEKLY;BYDAY=MO,TU;COUNT=200"]}},
    {"provider":"google","id":"f","calendarId":"work@example.org","title":"Review of the month",
     "start":"2026-03-10T08:00:00.000Z","end":"2026-03-10T09:00:00.000Z",
     "original":{"recurrence":["RRULE:FREQ=MONTHLY;BYDAY=2TU"]}}
]}"##;

fn width(line: &str) -> usize {
    line.width()
}

/// Replaces the parts that differ between machines.
fn normalize(world: &World, text: &str) -> String {
    let folder = world.folder.path().display().to_string();
    let port = world.redirect_uri.rsplit(':').next().unwrap();
    // Operating systems have different error numbers.
    let text = text.replace("os error 61", "os error 111");
    text.replace(&world.server.base_url(), "[base URL]")
        .replace(port, "[port]/callback")
        .replace(&folder, "[folder]")
}

fn shown(world: &World, arguments: &[&str]) -> String {
    let Outcome { code, out, err } = world.run(arguments);
    normalize(world, &format!("exit code {}\n{out}{err}", code.unwrap()))
}

#[test]
fn help() {
    let world = World::new();
    for command in [
        "",
        "login",
        "events",
        "agenda",
        "events list",
        "events create",
        "events update",
        "events delete",
        "events export",
        "events import",
        "events respond",
        "token refresh",
        "token import",
        "disconnect",
        "webhooks",
        "webhooks subscribe",
        "webhooks unsubscribe",
        "webhooks listen",
        "webhooks trigger",
        "webhooks resend",
        "webhooks verify",
    ] {
        let arguments: Vec<_> = command.split_whitespace().chain(["--help"]).collect();
        let name = format!("help {command}").trim().replace(' ', "-");
        insta::assert_snapshot!(name, shown(&world, &arguments));
    }
}

#[test]
fn tables() {
    let world = world();
    let range = ["--from", "2027-03-01", "--to", "2027-03-31"];
    for (name, arguments) in [
        ("calendars", &["calendars"][..]),
        ("events", &[&["events", "list"], &range[..]].concat()),
        ("agenda", &["agenda", "--from", "2027-03-01", "--days", "31"]),
        ("status", &["status"]),
        ("event", &[&["events", "show", "e3"], &range[..]].concat()),
        ("event-long", &[&["events", "show", "e5"], &range[..]].concat()),
    ] {
        for columns in [50, 80, 160] {
            let shown = shown(&world, &[arguments, &["--width", &columns.to_string()]].concat());
            // A link is not cut, so that it can be copied.
            let long = shown.lines().find(|line| width(line) > columns && !line.contains("https://"));
            assert_eq!(long, None, "{shown}");
            insta::assert_snapshot!(format!("{name}-{columns}"), shown);
        }
        insta::assert_snapshot!(format!("{name}-piped"), shown(&world, arguments));
    }
    for (name, arguments) in [
        ("calendars", &["calendars"][..]),
        ("events", &[&["events", "list"], &range[..]].concat()),
        ("status", &["status"]),
    ] {
        insta::assert_snapshot!(format!("{name}-json"), shown(&world, &[arguments, &["--json"]].concat()));
        insta::assert_snapshot!(
            format!("{name}-json-lines"),
            shown(&world, &[arguments, &["--json=lines"]].concat())
        );
    }
    let colors = ["--width", "80", "--color", "always", "--limit", "2"];
    let colored = shown(&world, &[&["events", "list"], &range[..], &colors].concat());
    insta::assert_snapshot!("events-colors", colored.replace('\u{1b}', "ESC"));
}

#[test]
fn series() {
    let world = world_with(MASTERS);
    let list = ["events", "list", "--masters", "--from", "2027-03-01", "--to", "2027-03-31"];
    for columns in [50, 80, 160] {
        let shown = shown(&world, &[&list[..], &["--width", &columns.to_string()]].concat());
        assert_eq!(shown.lines().find(|line| width(line) > columns), None, "{shown}");
        insta::assert_snapshot!(format!("series-{columns}"), shown);
    }
    insta::assert_snapshot!("series-piped", shown(&world, &list));
}

#[test]
fn failures() {
    let world = world();
    let nowhere = common::nowhere();
    let secret = "MOBISCROLL_CONNECT_CLIENT_SECRET";
    let not_set = Outcome::of(world.command(&["status"]).env_remove(secret).output().unwrap());
    insta::assert_snapshot!("failure-not-set", normalize(&world, &not_set.err));
    for (name, arguments) in [
        ("not-signed-in", &["status", "--user", "nobody"][..]),
        ("not-signed-in-json", &["status", "--user", "nobody", "--json"]),
        ("no-event", &["events", "show", "nothing", "--from", "2027-03-01", "--to", "2027-03-31"]),
        ("no-calendar", &["events", "list", "--calendar", "nothing"]),
        ("no-time", &["events", "list", "--from", "soon"]),
        ("twice", &["events", "list", "--from", "2026-10-25T02:30"]),
        ("unreachable", &["health", "--base-url", &nowhere]),
        ("not-https", &["health", "--base-url", "http://connect.example/api"]),
        ("cannot-listen", &["login", "--redirect-uri", "https://app.example/callback"]),
        ("no-sandbox", &["webhooks", "trigger", "--base-url", "https://connect.mobiscroll.com/api"]),
        ("no-header", &["webhooks", "verify", "--body", "-", "--header", "webhook-id"]),
        ("unknown-option", &["status", "--colour"]),
    ] {
        let shown = shown(&world, arguments).replace(&nowhere, "[nowhere]");
        insta::assert_snapshot!(format!("failure-{name}"), shown);
    }
}

#[test]
fn doctor() {
    let world = World::new();
    insta::assert_snapshot!("doctor-all-well", shown(&world, &["doctor"]));
    let swapped = world
        .command(&["doctor"])
        .env("MOBISCROLL_CONNECT_CLIENT_ID", common::SECRET)
        .env("MOBISCROLL_CONNECT_CLIENT_SECRET", "sandbox-client")
        .output()
        .unwrap();
    insta::assert_snapshot!("doctor-swapped", normalize(&world, &Outcome::of(swapped).out));
}
