//! Tests of busy and free times. Random tests compare the results with a model that checks every minute.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connect_calendars::busy::{Interval, WorkingHours, free, merge, of_events, slots};
use connect_core::types::{Event, decode};
use jiff::{
    SignedDuration, Timestamp,
    civil::{Time, Weekday, time},
    tz::TimeZone,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn interval(start: &str, end: &str) -> Interval {
    Interval::new(at(start), at(end))
}

fn busy_of(events: &[Value], zone: &TimeZone) -> Vec<Interval> {
    let events: Vec<Event> =
        events.iter().map(|event| decode(event.to_string().as_bytes()).unwrap()).collect();
    of_events(&events, zone)
}

#[test]
fn event_is_busy_unless_free_cancelled_or_declined() {
    let event = |extra: Value| {
        let mut event = json!({"id": "e", "start": "2026-12-14T09:00:00Z", "end": "2026-12-14T10:00:00Z"});
        event.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        event
    };
    let me = |status: &str| json!([{"email": "b"}, {"email": "a", "self": true, "responseStatus": status}]);
    for (extra, taken) in [
        (json!({}), true),
        (json!({"availability": "busy"}), true),
        (json!({"availability": "elsewhere"}), true),
        (json!({"availability": "free"}), false),
        (json!({"availability": "workingElsewhere"}), false),
        (json!({"availability": "busy", "original": {"showAs": "workingElsewhere"}}), false),
        (json!({"original": {"showAs": "WorkingElsewhere"}}), false),
        (json!({"availability": "busy", "original": {"showAs": "oof"}}), true),
        (json!({"status": "tentative"}), true),
        (json!({"status": "cancelled"}), false),
        (json!({"attendees": [{"email": "b", "status": "declined"}]}), true),
        (json!({"provider": "google", "original": {"attendees": me("declined")}}), false),
        (json!({"provider": "google", "original": {"attendees": me("accepted")}}), true),
        (json!({"provider": "google", "original": {"attendees": [{"responseStatus": "declined"}]}}), true),
        (
            json!({"provider": "microsoft", "original": {"attendees": [{"type": "required"}], "responseStatus": {"response": "declined"}}}),
            false,
        ),
        (json!({"provider": "microsoft", "original": {"responseStatus": {"response": "organizer"}}}), true),
        (json!({"original": "odd"}), true),
        (json!({"start": "soon"}), false),
        (json!({"end": null}), false),
        (json!({"end": "2026-12-14T08:00:00Z"}), false),
    ] {
        assert_eq!(busy_of(&[event(extra.clone())], &TimeZone::UTC).len(), usize::from(taken), "{extra}");
    }
}

#[test]
fn all_day_event_lasts_its_days_in_the_zone() {
    let day = |first: &str, end: Option<&str>| json!({"id": "e", "allDay": true, "start": first, "end": end});
    let berlin = zone("Europe/Berlin");
    // An all-day event that begins at midnight in UTC begins on the UTC date in every zone.
    let christmas = [interval("2026-12-23T23:00:00Z", "2026-12-24T23:00:00Z")];
    for (first, end) in [
        ("2026-12-24", Some("2026-12-25")),
        ("2026-12-24T00:00:00Z", Some("2026-12-25T00:00:00Z")),
        ("2026-12-24", None),
        // An event whose end is not after its start lasts one day.
        ("2026-12-24", Some("2026-12-24")),
        ("2026-12-24T00:00:00Z", Some("2026-12-24T00:00:00Z")),
        ("2026-12-24", Some("2026-12-23")),
        // The event begins at midnight in Berlin, and ends at midnight or shortly before.
        ("2026-12-23T23:00:00Z", Some("2026-12-24T23:00:00Z")),
        ("2026-12-23T23:00:00Z", Some("2026-12-24T22:59:59.999Z")),
        ("2026-12-23T23:00:00Z", Some("2026-12-23T23:00:00Z")),
        ("2026-12-23T23:00:00Z", None),
        ("2026-12-24", Some("2026-12-24T23:59:59.999Z")),
    ] {
        assert_eq!(busy_of(&[day(first, end)], &berlin), christmas, "{first} {end:?}");
    }
    let until_the_8th = [interval("2026-07-04T22:00:00Z", "2026-07-08T22:00:00Z")];
    for (first, end) in [
        ("2026-07-05T00:00:00Z", "2026-07-08T23:59:59.999Z"),
        ("2026-07-05", "2026-07-08T12:00"),
        ("2026-07-04T22:00:00Z", "2026-07-08T21:59:59.999Z"),
        ("2026-07-05", "2026-07-09"),
    ] {
        assert_eq!(busy_of(&[day(first, Some(end))], &berlin), until_the_8th, "{first} {end}");
    }
    // The event begins at midnight in Berlin, but the zone is UTC.
    let one = busy_of(&[day("2026-07-05T22:00:00Z", Some("2026-07-05T22:00:00Z"))], &TimeZone::UTC);
    assert_eq!(one, [interval("2026-07-05T22:00:00Z", "2026-07-06T22:00:00Z")]);
    let hours = |name: &str, first: &str, end: &str| {
        let busy = busy_of(&[day(first, Some(end))], &zone(name));
        busy.iter().map(|one| one.length().as_hours()).sum::<i64>()
    };
    assert_eq!(hours("Europe/Berlin", "2026-03-29", "2026-03-30"), 23);
    assert_eq!(hours("Europe/Berlin", "2026-10-25", "2026-10-26"), 25);
    assert_eq!(hours("America/Sao_Paulo", "2018-11-04", "2018-11-05"), 23, "the clocks skip midnight");
    assert_eq!(hours("Pacific/Apia", "2011-12-30", "2011-12-31"), 0, "Samoa skipped this day");
    let local = json!({"id": "e", "start": "2026-12-24T10:00", "end": "2026-12-24T11:00"});
    assert_eq!(busy_of(&[local], &berlin), [interval("2026-12-24T09:00:00Z", "2026-12-24T10:00:00Z")]);
}

#[test]
fn working_hours_follow_the_clocks_of_the_zone() {
    let night = |day: &str, start: Time, end: Time| {
        let hours = WorkingHours::new(zone("Europe/Berlin")).on(Weekday::Sunday, start, end).unwrap();
        let midnight = at(&format!("{day}T00:00:00Z"));
        let day = SignedDuration::from_hours(24);
        hours.within(Interval::new(midnight - day, midnight + day))
    };
    let hour = |hour| time(hour, 0, 0, 0);
    // The clocks go forward from 02:00 to 03:00.
    assert_eq!(
        night("2026-03-29", hour(1), hour(5)),
        [interval("2026-03-29T00:00:00Z", "2026-03-29T03:00:00Z")]
    );
    assert_eq!(night("2026-03-29", hour(2), hour(3)), [], "the clocks skip this hour");
    assert_eq!(
        night("2026-03-29", time(2, 30, 0, 0), hour(4)),
        [interval("2026-03-29T01:00:00Z", "2026-03-29T02:00:00Z")]
    );
    // The clocks go back from 03:00 to 02:00.
    assert_eq!(
        night("2026-10-25", hour(1), hour(5)),
        [interval("2026-10-24T23:00:00Z", "2026-10-25T04:00:00Z")]
    );
    let twice = [
        interval("2026-10-25T00:00:00Z", "2026-10-25T00:30:00Z"),
        interval("2026-10-25T01:00:00Z", "2026-10-25T01:30:00Z"),
    ];
    assert_eq!(night("2026-10-25", hour(2), time(2, 30, 0, 0)), twice, "the clocks repeat this half hour");
}

#[test]
fn span_over_midnight_needs_two_spans() {
    let utc = || WorkingHours::new(TimeZone::UTC);
    let (ten, six, midnight) = (time(22, 0, 0, 0), time(6, 0, 0, 0), Time::midnight());
    let error = utc().on(Weekday::Monday, ten, six).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the working hours from 22:00:00 to 06:00:00 do not end after their start (use two spans for hours over midnight)"
    );
    assert!(utc().on(Weekday::Monday, six, six).is_err());
    let night =
        utc().on(Weekday::Monday, ten, midnight).unwrap().on(Weekday::Tuesday, midnight, six).unwrap();
    let week = interval("2026-12-14T00:00:00Z", "2026-12-21T00:00:00Z");
    assert_eq!(night.within(week), [interval("2026-12-14T22:00:00Z", "2026-12-15T06:00:00Z")]);
    assert_eq!(WorkingHours::always(zone("Europe/Berlin")).within(week), [week]);
    let weekdays = utc().on_weekdays(six, ten).unwrap().within(week);
    assert_eq!(weekdays.iter().map(|one| one.length().as_hours()).sum::<i64>(), 5 * 16);
}

#[test]
fn earliest_and_latest_times_do_not_overflow() {
    let ever = Interval::new(Timestamp::MIN, Timestamp::MAX);
    let hours =
        WorkingHours::new(TimeZone::UTC).on(Weekday::Monday, Time::midnight(), Time::midnight()).unwrap();
    let end = Interval::new(Timestamp::MAX - SignedDuration::from_hours(24 * 14), Timestamp::MAX);
    assert_eq!(hours.within(end).len(), 2);
    assert_eq!(free(ever, &[ever], &WorkingHours::new(TimeZone::UTC), SignedDuration::ZERO), []);
    let minute = SignedDuration::from_mins(1);
    assert_eq!(
        slots(&[Interval::new(Timestamp::MAX - minute, Timestamp::MAX)], minute, SignedDuration::MAX).len(),
        1
    );
    assert_eq!(slots(&[end], minute, SignedDuration::ZERO), []);
    assert_eq!(slots(&[end], SignedDuration::ZERO, minute), []);
}

/// The number of minutes in the two days that the random tests check.
const MINUTES: i64 = 2 * 24 * 60;

fn minute(start: Timestamp, minutes: i64) -> Timestamp {
    start + SignedDuration::from_mins(minutes)
}

fn is_in(all: &[Interval], instant: Timestamp) -> bool {
    all.iter().any(|one| one.start <= instant && instant < one.end)
}

fn is_in_order(all: &[Interval]) -> bool {
    all.iter().all(|one| one.start < one.end) && all.windows(2).all(|two| two[0].end < two[1].start)
}

prop_compose! {
    fn intervals()(minutes in prop::collection::vec((-60..MINUTES, -10..300_i64), 0..12)) -> Vec<(i64, i64)> {
        minutes
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn merged_intervals_cover_the_same_time(all in intervals()) {
        let start = at("2026-12-14T00:00:00Z");
        let all: Vec<_> = all.iter().map(|(from, length)| Interval::new(minute(start, *from), minute(start, from + length))).collect();
        let merged = merge(all.iter().copied());
        prop_assert!(is_in_order(&merged));
        for one in -70..MINUTES + 310 {
            prop_assert_eq!(is_in(&merged, minute(start, one)), is_in(&all, minute(start, one)));
        }
    }

    #[test]
    fn free_time_is_working_time_that_is_not_busy(
        busy in intervals(),
        spans in prop::collection::vec((0..7_i8, 0..24 * 4_i16, 1..=24 * 4_i16), 0..10),
        range in (0..MINUTES, 0..MINUTES),
        day in prop::sample::select(vec!["2026-03-28", "2026-10-24", "2026-12-14"]),
        at_least in 0..120_i64,
    ) {
        let berlin = zone("Europe/Berlin");
        let start = at(&format!("{day}T12:00:00Z"));
        let quarter = |of_day: i16| Time::midnight() + SignedDuration::from_mins(i64::from(of_day) * 15);
        let mut hours = WorkingHours::new(berlin.clone());
        let mut model: Vec<(Weekday, i16, i16)> = Vec::new();
        for (day, from, to) in spans {
            let day = Weekday::from_monday_zero_offset(day).unwrap();
            let to_time = if to == 24 * 4 { Time::midnight() } else { time((to / 4) as i8, (to % 4 * 15) as i8, 0, 0) };
            let from_time = time((from / 4) as i8, (from % 4 * 15) as i8, 0, 0);
            prop_assert_eq!(from_time, quarter(from));
            match hours.clone().on(day, from_time, to_time) {
                Ok(more) => { hours = more; model.push((day, from * 15, to * 15)); }
                Err(_) => prop_assert!(to <= from),
            }
        }
        let busy: Vec<_> = busy.iter().map(|(from, length)| Interval::new(minute(start, *from), minute(start, from + length))).collect();
        let range = Interval::new(minute(start, range.0), minute(start, range.1));
        let all = free(range, &busy, &hours, SignedDuration::ZERO);
        prop_assert!(is_in_order(&all));
        for one in 0..MINUTES {
            let now = minute(start, one);
            let clock = berlin.to_datetime(now);
            let of_day = i16::from(clock.hour()) * 60 + i16::from(clock.minute());
            let works = model.iter().any(|(day, from, to)| *day == clock.weekday() && (*from..*to).contains(&of_day));
            let is_free = works && is_in(&[range], now) && !is_in(&busy, now);
            prop_assert_eq!(is_in(&all, now), is_free, "{}", clock);
        }
        let least = SignedDuration::from_mins(at_least);
        let long: Vec<_> = all.iter().copied().filter(|one| one.length() >= least).collect();
        prop_assert_eq!(free(range, &busy, &hours, least), long);
    }

    #[test]
    fn slots_fill_free_time(all in intervals(), length in 1..90_i64, step in 1..90_i64) {
        let start = at("2026-12-14T00:00:00Z");
        let free = merge(all.iter().map(|(from, length)| Interval::new(minute(start, *from), minute(start, from + length))));
        let (length, step) = (SignedDuration::from_mins(length), SignedDuration::from_mins(step));
        let cut = slots(&free, length, step);
        let mut expected = Vec::new();
        for one in &free {
            for nth in 0..3_000 {
                let slot = Interval::new(one.start + step * nth, one.start + step * nth + length);
                if slot.end <= one.end {
                    expected.push(slot);
                }
            }
        }
        prop_assert_eq!(cut, expected);
    }
}
