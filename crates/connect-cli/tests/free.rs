//! `connect free` and `connect book`, with every service.
#![allow(clippy::unwrap_used, reason = "it is a test")]

mod common;

use common::{World, signed_in::SignedInUser};

const SERVICES: [&str; 3] = ["connect", "google", "microsoft"];

/// A Saturday without events in the sandbox's calendars at night.
const NIGHT: [&str; 7] =
    ["--from", "2027-02-06T01:00Z", "--to", "2027-02-06T05:00Z", "--weekends", "--hours", "00:00-24:00"];

const MONTH: [&str; 6] = ["--from", "2027-02-01", "--to", "2027-02-28", "--hours", "01:00-05:00"];

#[test]
fn booked_time_is_no_longer_free() {
    for service in SERVICES {
        let signed = SignedInUser::at(service);
        let calendar = ["--calendar", signed.calendar.as_str()];
        let free = || {
            let arguments =
                [&["free", "--duration", "1h", "--step", "1h", "--json"], &calendar[..], &NIGHT].concat();
            let answer = signed.run(&arguments).json();
            assert_eq!(answer["coverage"][0]["complete"], true, "{answer}");
            let slots = answer["slots"].as_array().unwrap().clone();
            slots.iter().map(|slot| slot["start"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let start = "2027-02-06T02:00:00Z";
        assert!(free().contains(&start.to_owned()), "{service}: {:?}", free());
        let time = ["--title", "Deployment", "--start", start, "--duration", "1h"];
        let book = [&["book"], &calendar[..], &time, &["--attendee", "ann@example.org"]].concat();
        let planned = signed.run(&[&book[..], &["--dry-run"]].concat()).ok();
        assert!(planned.contains("Book the time, and then: Create Deployment"), "{planned}");
        let booked = signed.run(&[&book[..], &["--json", "--key", "k1"]].concat()).json();
        assert_eq!(booked["event"]["title"], "Deployment", "{booked}");
        assert_eq!(
            free(),
            ["2027-02-06T01:00:00Z", "2027-02-06T03:00:00Z", "2027-02-06T04:00:00Z"],
            "{service}"
        );
        let again = signed.run(&[&book[..], &["--json", "--key", "k1"]].concat()).json();
        assert_eq!(again["event"]["id"], booked["event"]["id"], "the same key finds the same event");
        let taken = signed.run(&[&book[..], &["--json"]].concat());
        assert_eq!((taken.code, &taken.error()["code"]), (Some(1), &"TAKEN".into()), "{service}");
        assert!(taken.error()["cause"].as_str().unwrap().starts_with("Deployment, 2027-02-06 03:00"));
    }
}

#[test]
fn unread_account_has_its_own_exit_code() {
    let signed = SignedInUser::of(World::with(&[("reauth", "apple")]), "connect");
    let free = |more: &[&str]| signed.run(&[&["free", "--width", "200"], &MONTH[..], more].concat());
    let refused = free(&[]);
    assert_eq!(refused.code, Some(7), "{}", refused.err);
    assert!(!refused.out.contains(":00-"), "no times are listed: {}", refused.out);
    assert!(refused.out.contains("(apple): the account needs a new sign-in."), "{}", refused.out);
    let ignored = free(&["--on-gap", "ignore"]);
    assert!(ignored.code == Some(7) && ignored.out.contains('?'), "every time is marked: {}", ignored.out);
    let busy = free(&["--on-gap", "busy"]);
    assert!(busy.code == Some(7) && busy.out.contains("No free times."), "{}", busy.out);
    let other = signed.run(&[&["free", "--calendar", &signed.calendar], &MONTH[..]].concat());
    assert_eq!(other.code, Some(0), "the account of another provider does not count: {}", other.err);
    let json = signed.run(&[&["free", "--json"], &MONTH[..]].concat());
    let answer: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!((json.code, &answer["slots"]), (Some(7), &serde_json::Value::Null));
    assert_eq!(json.error()["code"], "INCOMPLETE");
}

#[test]
fn invalid_options_are_refused_before_any_request() {
    let signed = SignedInUser::at("connect");
    let before = signed.world.server.requests().len();
    for (arguments, says) in [
        (&["free", "--duration", "soon"][..], "not a duration"),
        (&["free", "--hours", "17:00-09:00"], "not hours of a day"),
        (&["free", "--from", "2027-02-02", "--to", "2027-02-01"], "--to must be after --from"),
        (&["book", "--calendar", "x", "--title", "y"], "a new event needs a start"),
    ] {
        let refused = signed.run(arguments);
        assert!(refused.code == Some(2) && refused.err.contains(says), "{arguments:?}: {}", refused.err);
    }
    assert_eq!(signed.world.server.requests().len(), before);
}
