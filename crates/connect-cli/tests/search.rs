//! `events show` must find an event with few requests, however the event and its calendar are named.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::panic, reason = "it is a test")]

mod common;

use std::process::Command;

use common::{Outcome, World, browse, start_login};
use serde_json::Value;

const SERVICES: [(&str, &str); 3] = [("connect", ""), ("google", "GOOGLE_"), ("outlook", "MICROSOFT_")];

/// A signed-in user of a service.
struct Signed {
    world: World,
    via: &'static str,
    variables: &'static str,
}

impl Signed {
    fn new((via, variables): (&'static str, &'static str)) -> Self {
        let signed = Self { world: World::new(), via, variables };
        let (child, url) = start_login(&mut signed.command(&["login", "--no-browser"]));
        browse(&url);
        Outcome::of(child.wait_with_output().unwrap()).ok();
        signed
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.world.command(&[arguments, &["--via", self.via]].concat());
        if self.via != "connect" {
            let service = self.variables.trim_end_matches('_').to_lowercase();
            command.env(
                format!("MOBISCROLL_CONNECT_{}CLIENT_ID", self.variables),
                format!("{service}-public-client"),
            );
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).output().unwrap())
    }

    /// Returns the user's main Google or Outlook calendar.
    fn own_calendar(&self) -> Value {
        let listed = self.run(&["calendars", "--json"]).json();
        let is_own = |calendar: &&Value| {
            calendar["original"]["primary"] == true || calendar["original"]["isDefaultCalendar"] == true
        };
        listed.as_array().unwrap().iter().find(is_own).unwrap().clone()
    }

    /// Returns the keys of calendars or events in the output of a list command whose line contains `text`.
    fn keys(&self, arguments: &[&str], text: &str) -> Vec<String> {
        let out = self.run(arguments).ok();
        let lines = out.lines().filter(|line| line.contains(text));
        lines.filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
    }

    /// Runs a command and returns its output and the number of requests that list events.
    fn counted(&self, arguments: &[&str]) -> (Outcome, usize) {
        let before = self.world.server.requests().len();
        let done = self.run(arguments);
        let requests = self.world.server.requests();
        let lists = |path: &str| path.contains("/events") || path.contains("/calendarView");
        (done, requests[before..].iter().filter(|request| lists(&request.path)).count())
    }
}

/// Returns the value of the line `key` in the text of an event.
fn key(text: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix("key")).unwrap().trim().to_owned()
}

#[test]
fn key_is_the_same_however_the_calendar_is_named() {
    for service in SERVICES {
        let signed = Signed::new(service);
        let calendar = signed.own_calendar();
        let (id, title) = (calendar["id"].as_str().unwrap(), calendar["title"].as_str().unwrap());
        let provider = calendar["provider"].as_str().unwrap();
        let calendar_key = signed.keys(&["calendars", "--provider", provider], id).remove(0);
        let of_provider = ["--provider", provider];
        let names = ["primary", id, title, &calendar_key];
        for name in names {
            let at = ["--start", "tomorrow 9:00", "--duration", "30m"];
            let new = ["events", "create", "--title", "Zebra", "--calendar", name];
            let created = signed.run(&[&new[..], &at, &of_provider].concat()).ok();
            let event = key(&created);
            let listed = signed.keys(&["events", "list", "--to", "+7d"], "Zebra");
            assert_eq!(listed, std::slice::from_ref(&event), "{service:?} {name}");
            for other in names {
                let list = ["events", "list", "--to", "+7d", "--calendar", other];
                let listed = signed.keys(&[&list[..], &of_provider].concat(), "Zebra");
                assert_eq!(listed, std::slice::from_ref(&event), "{service:?} {name} {other}");
                let show = ["events", "show", &event, "--calendar", other];
                assert_eq!(key(&signed.run(&[&show[..], &of_provider].concat()).ok()), event);
            }
            let update = ["events", "update", &event, "--title", "Zebra 2", "--start", "+2d"];
            assert_eq!(key(&signed.run(&update).ok()), event, "{service:?} {name}");
            signed.run(&["events", "delete", &event]).ok();
        }
    }
}

#[test]
fn key_of_a_near_event_is_found_with_one_read() {
    for service in SERVICES {
        let signed = Signed::new(service);
        let create = |title: &str, start: &str, more: &[&str]| {
            let own = signed.own_calendar();
            let calendar = ["--calendar", own["id"].as_str().unwrap()];
            let time = ["--title", title, "--start", start, "--duration", "30m"];
            signed.run(&[&["events", "create"], &calendar[..], &time, more].concat()).ok()
        };
        let near = key(&create("Near", "+3d 9:00", &[]));
        let far = key(&create("Far", "+200d 9:00", &[]));
        let series = key(&create(
            "Weekly",
            "+3d 9:00",
            &["--tz", "Europe/Berlin", "--recurrence", "RRULE:FREQ=WEEKLY;COUNT=3"],
        ));
        // A read has one request for each page, and for each calendar of Google and Outlook.
        let (_, read) = signed.counted(&["events", "list"]);
        let show = |event: &str, title: &str| {
            let (done, requests) = signed.counted(&["events", "show", event]);
            let silent = done.err.is_empty();
            assert!(done.ok().contains(title), "{service:?} {title}");
            (requests, silent)
        };
        assert_eq!(show(&near, "Near"), (read, true), "{service:?}");
        // Connect lists occurrences and series apart.
        let apart = if signed.via == "connect" { 2 } else { 1 };
        assert_eq!(show(&series, "Weekly"), (apart * read, true), "{service:?}");
        let (_, whole) = signed.counted(&["events", "list", "--from", "-90d", "--to", "+1y"]);
        assert_eq!(show(&far, "Far"), (apart * read + whole, false), "{service:?}");
        let none = signed.run(&["events", "show", "00000000"]);
        assert!(none.code == Some(5) && none.err.contains("Searching from"), "{service:?}: {}", none.err);
        let (ranged, requests) =
            signed.counted(&["events", "show", &far, "--from", "+199d", "--to", "+201d"]);
        assert_eq!((ranged.code, requests), (Some(0), read), "{service:?}: {}", ranged.err);
    }
}
