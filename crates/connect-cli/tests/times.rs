//! Times in arguments, `--duration` and `--tz`, through the whole program.
#![allow(clippy::unwrap_used, reason = "it is a test")]

mod common;

use common::World;

const NEW: [&str; 6] = ["events", "create", "--calendar", "primary", "--provider", "google"];

#[test]
fn event_keeps_its_duration_and_what_the_update_leaves_out() {
    let world = World::new();
    world.login(&[]).ok();
    let range = ["--from", "2027-03-01", "--to", "2027-03-31"];
    let title = ["--title", "Moved", "--start", "2027-03-02 9:00", "--duration", "45m", "--json"];
    let created = world.run(&[&NEW[..], &title].concat()).json();
    assert_eq!(created["end"], "2027-03-02T08:45:00.000Z");
    let id = created["id"].as_str().unwrap();
    let update = |options: &[&str]| {
        let changed = world.run(&[&["events", "update", id, "--json"], options, &range].concat()).json();
        ["start", "end"].map(|field| changed[field].as_str().unwrap().replace(":00.000Z", ""))
    };
    for (options, start, end) in [
        (&["--start", "2027-03-05"][..], "2027-03-05T08:00", "2027-03-05T08:45"),
        (&["--start", "10:00"], "2027-03-05T09:00", "2027-03-05T09:45"),
        // The clocks have changed on the 28th.
        (&["--start", "2027-03-29"], "2027-03-29T08:00", "2027-03-29T08:45"),
        (&["--duration", "1h"], "2027-03-29T08:00", "2027-03-29T09:00"),
        (&["--start", "2027-03-02 9:00[Asia/Tokyo]"], "2027-03-02T00:00", "2027-03-02T01:00"),
    ] {
        assert_eq!(update(options), [start, end], "{options:?}");
    }
}

#[test]
fn occurrence_does_not_give_its_day_to_the_series() {
    let world = World::new();
    world.login(&[]).ok();
    let range = ["--from", "2027-03-01", "--to", "2027-03-31"];
    let series = ["--title", "Weekly", "--start", "2027-03-02 9:00", "--duration", "45m"];
    let rule = ["--recurrence", "RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=TU"];
    world.run(&[&NEW[..], &series, &rule].concat()).ok();
    let listed = world.run(&[&["events", "list", "--json"], &range[..]].concat()).json();
    let weekly: Vec<_> =
        listed["events"].as_array().unwrap().iter().filter(|event| event["title"] == "Weekly").collect();
    let id = weekly[1]["id"].as_str().unwrap();
    let update = |options: &[&str]| world.run(&[&["events", "update", id], options, &range].concat());
    for partial in [
        &["--start", "10:00"][..],
        &["--start", "2027-03-03"],
        &["--start", "2027-03-03 10:00"],
        &["--duration", "1h"],
    ] {
        let refused = update(&[partial, &["--all"]].concat());
        assert!(refused.code == Some(2) && refused.err.contains("--all"), "{partial:?}: {}", refused.err);
        assert!(refused.err.contains("can differ from those of its series"), "{}", refused.err);
    }
    let help = world.run(&["events", "update", "-h"]).ok();
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(help.contains("with --all, nothing is kept"), "{help}");
    update(&["--start", "10:00"]).ok();
    update(&["--all", "--start", "2027-03-02 11:00", "--duration", "1h"]).ok();
}

#[test]
fn range_in_words_is_printed_with_its_time_zone() {
    let world = World::new();
    world.login(&[]).ok();
    let list = |options: &[&str]| world.run(&[&["events", "list"], options].concat());
    let noted = list(&["--from", "today", "--to", "+1d", "--tz", "Pacific/Kiritimati"]).err;
    assert!(noted.contains("(Pacific/Kiritimati)"), "{noted}");
    let day = |zone: &str| {
        let noted = list(&["--from", "today", "--to", "today", "--tz", zone]).err;
        noted.split(" to ").next().unwrap().to_owned()
    };
    let show = ["events", "show", "nothing", "--from", "today", "--to", "+1d", "--tz", "Asia/Tokyo"];
    let noted = world.run(&show).err;
    assert!(noted.contains("(Asia/Tokyo)"), "{noted}");
    // The zones are 25 hours apart.
    assert_ne!(day("Pacific/Kiritimati"), day("Pacific/Pago_Pago"));
    for silent in [&["--from", "2027-03-01", "--to", "2027-03-02"][..], &["--from", "today", "--json"]] {
        assert_eq!(list(silent).err, "");
    }
    let events = ["--from", "2027-03-01T00:00Z", "--to", "2027-03-31"];
    let of = |zone: &str| list(&[&events[..], &["--tz", zone]].concat()).ok();
    assert_ne!(of("Asia/Tokyo"), of("America/New_York"));
    let unknown = list(&["--tz", "Europe/Nowhere"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("Europe/Berlin"), "{}", unknown.err);
}

#[test]
fn time_with_a_blank_and_without_quotes_gets_advice() {
    let world = World::new();
    let update = ["events", "update", "31qryssg", "--start", "monday"];
    for time in ["9:00", "9am"] {
        let refused = world.run(&[&update[..], &[time]].concat());
        assert!(refused.code == Some(2) && refused.err.contains("quotes"), "{time}: {}", refused.err);
    }
    let other = world.run(&[&update[..], &["soon"]].concat());
    assert!(other.code == Some(2) && !other.err.contains("quotes"), "{}", other.err);
}
