//! Commands must report which guests were notified.
//!
//! Commands must also warn of a series that moves when the clocks change.
#![allow(clippy::unwrap_used, reason = "it is a test")]

mod common;

use common::signed_in::SignedInUser;

const DAYS: [&str; 4] = ["--from", "2027-02-01", "--to", "2027-02-28"];

fn key(text: &str) -> String {
    text.lines().find_map(|line| line.strip_prefix("key")).unwrap().trim().to_owned()
}

#[test]
fn google_notifies_the_chosen_guests() {
    let signed = SignedInUser::at("google");
    let guests = ["--attendee", "ann@example.org", "--attendee", "ben@gmail.com"];
    for (notify, said, notified) in [
        (
            &[][..],
            "These guests were notified: ann@example.org, ben@gmail.com.",
            &["ann@example.org", "ben@gmail.com"][..],
        ),
        (
            &["--notify", "all"],
            "These guests were notified: ann@example.org, ben@gmail.com.",
            &["ann@example.org", "ben@gmail.com"],
        ),
        (
            &["--notify", "external"],
            "Of these guests, those without a Google calendar were notified: ann@example.org, ben@gmail.com.",
            &["ann@example.org"],
        ),
        (&["--notify", "none"], "These guests were not notified: ann@example.org, ben@gmail.com.", &[]),
    ] {
        let mut since = signed.world.server.invitations().len();
        let expected = |kind: &str| notified.iter().map(|to| format!("{kind} {to}")).collect::<Vec<_>>();
        let created = signed.create(&[&guests[..], notify].concat()).ok();
        assert!(created.ends_with(&format!("\n{said}\n")), "{created}");
        assert_eq!(signed.new_invitations(&mut since), expected("invitation"), "{notify:?}");

        let key = key(&created);
        let change = ["events", "update", &key, "--title", "Zebra crossing, later"];
        let changed = signed.run(&[&change[..], &DAYS, notify].concat()).ok();
        assert!(changed.ends_with(&format!("\n{said}\n")), "{changed}");
        assert_eq!(signed.new_invitations(&mut since), expected("update"), "{notify:?}");

        let delete = ["events", "delete", &key, "--json"];
        let deleted = signed.run(&[&delete[..], &DAYS, notify].concat());
        assert_eq!((deleted.code, deleted.err.trim()), (Some(0), said));
        assert_eq!(signed.new_invitations(&mut since), expected("cancellation"), "{notify:?}");
    }
    let alone = signed.create(&["--notify", "all"]).ok();
    assert!(!alone.contains("notified"), "{alone}");
}

#[test]
fn removed_guest_is_notified_too() {
    let signed = SignedInUser::at("google");
    let key = key(&signed.create(&["--attendee", "ann@example.org"]).ok());
    let change = ["events", "update", &key, "--attendee", "eve@example.org"];
    let changed = signed.run(&[&change[..], &DAYS].concat()).ok();
    assert!(
        changed.ends_with("These guests were notified: ann@example.org, eve@example.org.\n"),
        "{changed}"
    );
}

#[test]
fn unsupported_notify_is_refused() {
    for (service, said) in [
        ("microsoft", "These guests were notified: ann@example.org.\n"),
        ("connect", "Mobiscroll Connect does not document whether it notifies guests: ann@example.org.\n"),
    ] {
        let signed = SignedInUser::at(service);
        let guest = ["--attendee", "ann@example.org"];
        let created = signed.create(&guest).ok();
        assert!(created.ends_with(said), "{created}");
        let key = key(&created);
        let delete = ["events", "delete", &key];
        for refused in [
            signed.create(&[&guest[..], &["--notify", "none"]].concat()),
            signed.run(&[&delete[..], &DAYS, &["--notify", "external"]].concat()),
        ] {
            assert_eq!(refused.code, Some(2), "{service}: {}", refused.err);
            assert!(refused.err.contains("notify"), "{service}: {}", refused.err);
        }
        assert!(signed.run(&[&delete[..], &DAYS].concat()).ok().ends_with(said));
    }
    let signed = SignedInUser::at("connect");
    let unknown = signed.create(&["--notify", "everybody"]);
    assert!(unknown.code == Some(2) && unknown.err.contains("all, external, none"), "{}", unknown.err);
}

#[test]
fn series_until_a_date_has_an_occurrence_on_that_day() {
    // At 20:00 in Los Angeles, it is the next day in UTC.
    let [start, end] = ["20:00", "20:30"].map(|time| format!("2026-12-28T{time}[America/Los_Angeles]"));
    let series = ["--start", &start, "--end", &end, "--recurrence", "FREQ=DAILY;UNTIL=20261231"];
    for service in ["connect", "google", "microsoft"] {
        let signed = SignedInUser::at(service);
        let create = ["events", "create", "--calendar", &signed.calendar, "--title", "Choir"];
        signed.run(&[&create[..], &series].concat()).ok();
        let list = ["events", "list", "--json", "--from", "2026-12-20", "--to", "2027-01-10", "--calendar"];
        let listed = signed.run(&[&list[..], &[&signed.calendar]].concat()).json();
        let choir = listed["events"].as_array().unwrap().iter().filter(|event| event["title"] == "Choir");
        let starts: Vec<&str> = choir.filter_map(|event| event["start"].as_str()?.get(..16)).collect();
        let expected = ["2026-12-29T04:00", "2026-12-30T04:00", "2026-12-31T04:00", "2027-01-01T04:00"];
        assert_eq!(starts, expected, "{service}: the last occurrence is on the 31st in Los Angeles");
    }
}

#[test]
fn connect_series_beyond_a_clock_change_gets_a_warning() {
    let signed = SignedInUser::at("connect");
    let note = |start: &str, end: &str, rule: &str| {
        let times = ["--start", start, "--end", end, "--recurrence", rule, "--json"];
        let create = ["events", "create", "--calendar", &signed.calendar, "--title", "Choir"];
        let done = signed.run(&[&create[..], &times].concat());
        assert_eq!(done.code, Some(0), "{rule}: {}", done.err);
        let dry = signed.run(&[&create[..], &times, &["--dry-run"]].concat());
        assert_eq!(dry.err, done.err, "a dry run gives the same warning");
        done.err
    };
    let winter = |rule: &str| note("2027-03-01T18:00", "2027-03-01T19:00", rule);
    for (rule, first) in [
        ("FREQ=WEEKLY;BYDAY=MO", "2027-03-29"),
        ("FREQ=WEEKLY;COUNT=5;BYDAY=MO", "2027-03-29"),
        ("FREQ=WEEKLY;UNTIL=20270331T000000Z", "2027-03-29"),
        ("FREQ=DAILY;COUNT=30", "2027-03-28"),
        ("FREQ=MONTHLY;COUNT=2", "2027-04-01"),
    ] {
        let said = winter(rule);
        let drifts =
            said.contains("sends a series without a time zone") && said.contains(&format!("from {first} on"));
        assert!(drifts, "{rule}: {said}");
    }
    for rule in ["FREQ=WEEKLY;COUNT=4;BYDAY=MO", "FREQ=WEEKLY;UNTIL=20270327T000000Z", "FREQ=DAILY;COUNT=20"]
    {
        assert_eq!(winter(rule), "", "{rule}");
    }
    let summer = note("2027-04-05T18:00", "2027-04-05T19:00", "FREQ=WEEKLY;COUNT=40");
    assert!(summer.contains("from 2027-11-01 on"), "{summer}");
    let tokyo =
        ["--start", "2027-03-01T08:00[Asia/Tokyo]", "--end", "2027-03-01T09:00[Asia/Tokyo]", "--recurrence"];
    let create = ["events", "create", "--calendar", &signed.calendar, "--title", "Choir"];
    for (rule, is_said) in [("FREQ=WEEKLY;BYDAY=MO", true), ("FREQ=MONTHLY", true), ("FREQ=DAILY", false)] {
        let done = signed.run(&[&create[..], &tokyo, &[rule, "--json"]].concat());
        assert_eq!(done.code, Some(0), "{rule}: {}", done.err);
        assert_eq!(
            done.err.contains("starts on another day in UTC than in Asia/Tokyo"),
            is_said,
            "{}",
            done.err
        );
    }
    // An offset is not a time zone.
    assert_eq!(note("2027-03-01T18:00+01:00", "2027-03-01T19:00+01:00", "FREQ=WEEKLY"), "");
    let google = SignedInUser::at("google");
    let create = |zone: &str| {
        let (start, end) = (format!("2027-03-01T18:00{zone}"), format!("2027-03-01T19:00{zone}"));
        let series = ["--recurrence", "FREQ=WEEKLY", "--json", "--start", &start, "--end", &end];
        google
            .run(&[&["events", "create", "--calendar", "primary", "--title", "Choir"], &series[..]].concat())
    };
    assert_eq!(create("[Europe/Berlin]").err, "");
    let nameless = create(""); // the time zone of the tests has no name
    assert!(nameless.code == Some(2) && nameless.err.contains("[Europe/Berlin]"), "{}", nameless.err);
}
