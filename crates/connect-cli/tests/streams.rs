//! Lists are printed while they are read, and a closed pipe ends them.
#![allow(clippy::unwrap_used, reason = "it is a test")]

mod common;

use std::{
    fmt::Write as _,
    io::{BufRead as _, BufReader},
};

use common::{Outcome, World, piped};
use serde_json::Value;

const EVENTS: usize = 2_500;
const RANGE: [&str; 6] = ["events", "list", "--from", "2027-01-01", "--to", "2028-12-31"];

/// A signed-in user with one event every three hours. A page does not fit into the buffer of a pipe.
fn world() -> World {
    let world = World::new();
    let start: jiff::Timestamp = "2027-01-01T09:00:00Z".parse().unwrap();
    let mut events = String::new();
    for index in 0..EVENTS {
        let at = start + jiff::SignedDuration::from_hours(3 * index as i64);
        let end = at + jiff::SignedDuration::from_mins(30);
        let id = format!("event{index:0>100}");
        let comma = if index == 0 { "" } else { "," };
        write!(events, r#"{comma}{{"id":"{id}","title":"Number {index}","start":"{at}","end":"{end}"}}"#)
            .unwrap();
    }
    let seed = format!(
        r#"{{"users":{{"me":{{"google":{{"account":"me@example.org","calendars":[
            {{"id":"work","title":"Work","events":[{events}]}}]}}}}}}}}"#
    );
    world.server.with(|sandbox| sandbox.seed(&seed)).unwrap();
    world.login(&[]).ok();
    world
}

/// Returns the number of requests for pages of events.
fn pages(world: &World) -> usize {
    requests(world, "GET /events")
}

fn requests(world: &World, endpoint: &str) -> usize {
    world.server.requests().iter().filter(|request| request.endpoint == endpoint).count()
}

#[test]
fn closed_pipe_ends_a_list_after_the_first_page() {
    let world = world();
    for form in [&[][..], &["--json"], &["--json=lines"], &["--width", "80"]] {
        let before = pages(&world);
        let mut child = piped(&mut world.command(&[&RANGE[..], form].concat()));
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for _ in 0..3 {
            lines.next().unwrap().unwrap();
        }
        drop(lines);
        let outcome = Outcome::of(child.wait_with_output().unwrap());
        assert_eq!((outcome.code, &*outcome.err), (Some(0), ""), "{form:?}");
        assert_eq!(pages(&world) - before, 1, "{form:?}");
    }
}

#[test]
fn piped_list_prints_every_event_once() {
    let world = world();
    let before = pages(&world);
    let lines = world.run(&RANGE).ok();
    assert_eq!(pages(&world) - before, 3);
    let titles: Vec<_> = lines.lines().map(|line| line.split('\t').nth(3).unwrap().to_owned()).collect();
    let expected: Vec<_> = (0..EVENTS).map(|index| format!("Number {index}")).collect();
    assert_eq!(titles, expected);

    let title = |event: &Value| event["title"].as_str().unwrap().to_owned();
    let lines = world.run(&[&RANGE[..], &["--json=lines"]].concat()).ok();
    let events = lines.lines().map(|line| serde_json::from_str(line).unwrap());
    assert_eq!(events.map(|event| title(&event)).collect::<Vec<_>>(), expected);

    let document = world.run(&[&RANGE[..], &["--json"]].concat()).json();
    assert_eq!(document["events"].as_array().unwrap().iter().map(title).collect::<Vec<_>>(), expected);
}

#[test]
fn failed_page_leaves_the_earlier_pages_and_an_error() {
    let world = world();
    let (text, json) = (("Number ", "connect: "), ("\"title\":", "{\"error\""));
    for (form, (title, error)) in
        [(&[][..], text), (&["--width", "80"], text), (&["--json=lines"], json), (&["--json"], json)]
    {
        world.server.with(|sandbox| {
            let fault = connect_sandbox::Fault::on("GET /events").status(403).skip(1);
            sandbox.add_fault(fault);
        });
        let outcome = world.run(&[&RANGE[..], form].concat());
        assert_eq!(outcome.out.matches(title).count(), 1000, "{form:?}");
        assert_eq!(outcome.code, Some(4));
        assert!(outcome.err.starts_with(error), "{}", outcome.err);
    }
}

#[test]
fn calendars_are_requested_once_and_only_for_their_names() {
    let world = World::new();
    world.login(&[]).ok();
    let calendars = world.run(&["calendars", "--provider", "google"]).ok();
    let (key, id) =
        (calendars.split('\t').next().unwrap(), calendars.trim_end().rsplit('\t').next().unwrap());
    for (arguments, count) in [
        (&["agenda", "--width", "80", "--calendar", key][..], 1),
        (&["agenda", "--width", "80"], 1),
        (&["agenda"], 0),
        (&["agenda", "--json"], 0),
    ] {
        let before = requests(&world, "GET /calendars");
        world.run(arguments).ok();
        assert_eq!(requests(&world, "GET /calendars") - before, count, "{arguments:?}");
    }
    world.server.with(|sandbox| {
        sandbox.add_fault(connect_sandbox::Fault::on("GET /calendars").status(403));
    });
    let outcome = world.run(&["agenda", "--width", "160", "--provider", "google"]);
    assert_eq!(outcome.err.lines().count(), 1, "{}", outcome.err);
    assert!(
        outcome.err.starts_with("The calendars cannot be listed, so their ids are shown: "),
        "{}",
        outcome.err
    );
    let out = outcome.ok();
    assert!(out.contains(&id[..12]), "{id}\n{out}");
}

#[test]
fn empty_list_is_empty_in_a_pipe() {
    let world = World::new();
    world.login(&[]).ok();
    let past = ["agenda", "--from", "1990-01-01"];
    let remark = "No events in this date range.\n";
    let piped = world.run(&past);
    assert_eq!((&*piped.out, &*piped.err), ("", remark));
    assert_eq!(world.run(&[&past[..], &["--width", "80"]].concat()).ok(), remark);
    assert_eq!(world.run(&[&past[..], &["--json"]].concat()).ok(), "{\n  \"events\": []\n}\n");
    assert_eq!(world.run(&[&past[..], &["--json=lines"]].concat()).ok(), "");
}
