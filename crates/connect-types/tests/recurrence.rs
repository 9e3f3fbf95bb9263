//! Tests of recurrence rules as RRULE text (RFC 5545 3.3.10) and JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connect_types::{Body, End, Event, Invalid, NewEvent, Operation, Recurrence, Weekday};
use jiff::ZonedDateTime;
use jiff::civil::{Date, date};

fn zoned(text: &str) -> ZonedDateTime {
    text.parse().unwrap()
}

/// Returns the JSON for this rule in a request to Connect that creates an event with this start.
fn sent(rule: &Recurrence, start: &str) -> Result<String, Invalid> {
    let event = match start.parse::<Date>() {
        Ok(day) if !start.contains('T') => {
            NewEvent::all_day(("google", "work"), "", day, day.tomorrow().unwrap())
        }
        _ => NewEvent::new(("google", "work"), "", zoned(start), zoned(start)),
    };
    let Body::Json(body) = event.recurrence(rule.clone()).body()? else { panic!("no JSON") };
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    Ok(body["recurrence"].to_string())
}

fn until(rule: &str, start: &str) -> jiff::Timestamp {
    let sent: serde_json::Value =
        serde_json::from_str(&sent(&rule.parse().unwrap(), start).unwrap()).unwrap();
    jiff::fmt::strtime::parse("%Y%m%dT%H%M%S%#z", sent["until"].as_str().unwrap().replace('Z', "+0000"))
        .unwrap()
        .to_timestamp()
        .unwrap()
}

/// Checks that UNTIL includes the occurrence on the last day, but not the occurrence on the next
/// day.
///
/// The occurrences are computed in the time zone of the start, and in a zone with the start's UTC
/// offset all year.
#[test]
fn until_as_a_date_is_a_day_in_the_zone_of_the_start() {
    for (start, day) in [
        ("2026-12-28T20:00[America/Los_Angeles]", date(2026, 12, 31)),
        ("2026-12-28T08:00[Asia/Tokyo]", date(2026, 12, 31)),
        ("2026-10-01T23:30[Europe/Berlin]", date(2026, 12, 31)),
        ("2026-01-15T00:15[Europe/Berlin]", date(2026, 7, 31)),
        ("2026-06-01T00:00[Pacific/Auckland]", date(2026, 12, 31)),
        ("2026-12-28T12:00[UTC]", date(2026, 12, 31)),
    ] {
        let rule = format!("FREQ=DAILY;UNTIL={}", day.to_string().replace('-', ""));
        let (start, until) = (zoned(start), until(&rule, start));
        let fixed = jiff::tz::TimeZone::fixed(start.offset());
        for zone in [start.time_zone(), &fixed] {
            let on = |day: Date| zone.to_timestamp(day.to_datetime(start.time())).unwrap();
            assert!(on(day) <= until, "{start}: {until} excludes {day}");
            assert!(until < on(day.tomorrow().unwrap()), "{start}: {until} includes the day after {day}");
        }
    }
}

#[test]
fn until_of_an_all_day_series_is_its_local_date() {
    let berlin = zoned("2026-12-31T00:00[Europe/Berlin]");
    let (day, midnight) = (date(2026, 12, 31), "2026-12-31T00:00:00Z".parse::<jiff::Timestamp>().unwrap());
    for rule in [
        Recurrence::daily().until(&berlin),
        Recurrence::daily().until(day),
        Recurrence::daily().until(zoned("2026-12-31T20:00[America/Los_Angeles]")),
    ] {
        assert_eq!(sent(&rule, "2026-12-28").unwrap(), r#"{"frequency":"DAILY","until":"20261231T235959Z"}"#);
        assert_eq!(rule.rrule_from(day).unwrap(), "RRULE:FREQ=DAILY;UNTIL=20261231");
    }
    let rule = Recurrence::daily().until(midnight);
    assert_eq!(sent(&rule, "2026-12-28").unwrap(), r#"{"frequency":"DAILY","until":"20261231T000000Z"}"#);
    assert_eq!(rule.rrule_from(day).unwrap(), "RRULE:FREQ=DAILY;UNTIL=20261231");
    // For a timed series, UNTIL is the instant.
    assert_eq!(
        Recurrence::daily().until(&berlin).rrule_from(&berlin).unwrap(),
        "RRULE:FREQ=DAILY;UNTIL=20261230T230000Z"
    );
}

#[test]
fn until_as_a_date_without_a_start_is_refused() {
    let mut event = Event::new("google", "work", "e1");
    event.title = "Stand-up".to_owned();
    let change = event.change().unwrap().recurrence(Recurrence::daily().until(date(2026, 12, 31)));
    assert!(change.body().unwrap_err().to_string().contains("UNTIL"));
    let start = zoned("2026-12-28T20:00[America/Los_Angeles]");
    assert!(change.time(&start, &start).body().is_ok());
}

#[test]
fn week_start_without_effect_is_dropped() {
    for (line, start) in [
        ("FREQ=WEEKLY;WKST=SU;BYDAY=MO", "2026-11-30T09:00[UTC]"),
        ("FREQ=DAILY;WKST=SU", "2026-11-30T09:00[UTC]"),
        ("FREQ=MONTHLY;INTERVAL=2;WKST=SA", "2026-11-30T09:00[UTC]"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU", "2026-11-30T09:00[UTC]"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO", "2026-11-30T09:00[UTC]"),
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,FR", "2026-11-30T09:00[UTC]"),
        // Monday in Tokyo, but Sunday in UTC.
        ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO,FR", "2026-11-30T08:00[Asia/Tokyo]"),
    ] {
        let sent = sent(&line.parse().unwrap(), start).unwrap();
        assert!(!sent.contains("wkst"), "{line}: {sent}");
    }
    assert_eq!("FREQ=WEEKLY;WKST=SU;BYDAY=MO".parse(), Ok(Recurrence::weekly().on([Weekday::Monday])));
    assert_eq!(
        Recurrence::weekly().on([Weekday::Monday]).week_start(Weekday::Sunday).rrule().unwrap(),
        "RRULE:FREQ=WEEKLY;BYDAY=MO"
    );
}

#[test]
fn week_start_with_effect_is_kept_or_refused() {
    for (line, start) in [
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO;WKST=SU", "2026-11-30T09:00[UTC]"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=SU", "2026-11-29T09:00[UTC]"),
        ("FREQ=WEEKLY;INTERVAL=4;BYDAY=TU,SU;WKST=SU", "2026-12-01T09:00[UTC]"),
    ] {
        let rule: Recurrence = line.parse().unwrap();
        assert_eq!(rule.rrule().unwrap(), format!("RRULE:{line}"));
        assert_eq!(rule.rrule().unwrap().parse(), Ok(rule.clone()));
        assert!(sent(&rule, start).unwrap_err().to_string().contains("WKST=SU"), "{line}");
    }
    let change = Event::new("google", "work", "e1").change().unwrap();
    let rule: Recurrence = "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;WKST=SU".parse().unwrap();
    assert!(change.recurrence(rule).body().unwrap_err().to_string().contains("WKST=SU"));
}

fn json(rule: &Recurrence) -> String {
    serde_json::to_string(rule).unwrap()
}

#[test]
fn rule_is_written_as_rrule_and_json() {
    let rule = Recurrence::daily().interval(2).count(10);
    assert_eq!(rule.rrule().unwrap(), "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=10");
    assert_eq!(json(&rule), r#"{"frequency":"DAILY","interval":2,"count":10}"#);
    let rule = Recurrence::yearly().in_months([1, 12]).on_days([1, -1]).on([Weekday::Sunday]);
    assert_eq!(rule.rrule().unwrap(), "RRULE:FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=1,-1;BYDAY=SU");
    assert_eq!(json(&rule), r#"{"frequency":"YEARLY","byDay":["SU"],"byMonthDay":[1,-1],"byMonth":[1,12]}"#);
}

#[test]
fn second_end_replaces_the_first() {
    let last: jiff::Timestamp = "2026-12-31T23:59:59.999Z".parse().unwrap();
    let rule = Recurrence::monthly().count(3).until(last);
    assert_eq!(json(&rule), r#"{"frequency":"MONTHLY","until":"20261231T235959Z"}"#);
    assert_eq!(rule.rrule().unwrap(), "RRULE:FREQ=MONTHLY;UNTIL=20261231T235959Z");
    assert!(matches!(rule.count(3).end(), End::Count(_)));
    assert!(Recurrence::daily().count(0).until(last).rrule().is_ok());
}

#[test]
fn rrule_line_is_parsed() {
    for (text, rule) in [
        ("RRULE:FREQ=DAILY", Recurrence::daily()),
        ("freq=weekly;wkst=mo;byday=mo,fr", Recurrence::weekly().on([Weekday::Monday, Weekday::Friday])),
        (" FREQ=MONTHLY;BYMONTHDAY=-1; ", Recurrence::monthly().on_days([-1])),
        ("FREQ=DAILY;UNTIL=20261231", Recurrence::daily().until(date(2026, 12, 31))),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", Recurrence::monthly().on_days([-1])),
        (
            "FREQ=YEARLY;BYMONTH=2;BYSETPOS=-1;BYMONTHDAY=29,28",
            Recurrence::yearly().in_months([2]).on_days([-1]),
        ),
    ] {
        assert_eq!(text.trim().parse::<Recurrence>().as_ref(), Ok(&rule), "{text}");
    }
}

#[test]
fn unsupported_rule_part_is_named_in_the_error() {
    for (text, part) in [
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "BYSETPOS=1"),
        ("FREQ=MONTHLY;BYDAY=2TU", "BYDAY=2TU"),
        ("FREQ=HOURLY", "FREQ=HOURLY"),
        ("FREQ=WEEKLY;WKST=SOON", "WKST=SOON"),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1", "BYSETPOS=-1"),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=1", "BYSETPOS=1"),
        ("FREQ=YEARLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "BYSETPOS=-1"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=+3", "COUNT=+3"),
        ("FREQ=DAILY;COUNT=3;COUNT=4", "COUNT=4"),
        ("FREQ=DAILY;UNTIL=20261231T235959", "UNTIL=20261231T235959"),
        ("FREQ=DAILY;UNTIL=2026\u{e9}\u{e9}", "UNTIL"),
        ("FREQ=DAILY;X", "X"),
        ("COUNT=3", "FREQ is missing"),
        ("", "FREQ is missing"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20261231T235959Z", "COUNT and UNTIL"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH"),
    ] {
        let error = text.parse::<Recurrence>().unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}

#[test]
fn stretches_split_a_series_at_clock_changes() {
    let cut = |rule: &str, start: &str, horizon: Date| -> Vec<String> {
        let rule: Recurrence = rule.parse().unwrap();
        let ends = |stretch: &connect_types::Stretch| {
            format!("{} {}", stretch.first.strftime("%F %R %z"), stretch.last.strftime("%F %R %z"))
        };
        rule.stretches(&zoned(start), horizon).iter().map(ends).collect()
    };
    let monday = "2026-10-05T18:00[Europe/Berlin]";
    assert_eq!(
        cut("FREQ=WEEKLY", monday, date(2027, 4, 30)),
        [
            "2026-10-05 18:00 +0200 2026-10-19 18:00 +0200",
            "2026-10-26 18:00 +0100 2027-03-22 18:00 +0100",
            "2027-03-29 18:00 +0200 2027-04-26 18:00 +0200",
        ]
    );
    assert_eq!(
        cut("FREQ=WEEKLY;INTERVAL=2;COUNT=3;BYDAY=MO,SU", monday, date(2027, 4, 30)),
        ["2026-10-05 18:00 +0200 2026-10-19 18:00 +0200"],
        "the series ends before the clock change"
    );
    // The clocks change on the 25th at 03:00, between the times of these two series.
    let daily = "FREQ=DAILY;UNTIL=20261026";
    assert_eq!(
        cut(daily, "2026-10-24T01:30[Europe/Berlin]", date(2027, 4, 30)),
        ["2026-10-24 01:30 +0200 2026-10-25 01:30 +0200", "2026-10-26 01:30 +0100 2026-10-26 01:30 +0100"]
    );
    assert_eq!(
        cut(daily, "2026-10-24T09:30[Europe/Berlin]", date(2027, 4, 30)),
        ["2026-10-24 09:30 +0200 2026-10-24 09:30 +0200", "2026-10-25 09:30 +0100 2026-10-26 09:30 +0100"]
    );
    assert_eq!(cut("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-01-31T09:00[Asia/Tokyo]", date(2030, 1, 1)).len(), 1);
    assert_eq!(cut("FREQ=YEARLY", "2026-07-01T09:00[America/New_York]", date(2030, 1, 1)).len(), 1);
    assert!(cut("FREQ=DAILY", monday, date(2026, 10, 4)).is_empty());
}

fn cut(rule: &Recurrence, start: &str, horizon: Date) -> Vec<String> {
    let ends = |stretch: &connect_types::Stretch| {
        format!("{} {}", stretch.first.strftime("%F %R %z"), stretch.last.strftime("%F %R %z"))
    };
    rule.stretches(&zoned(start), horizon).iter().map(ends).collect()
}

#[test]
fn occurrence_at_a_skipped_time_keeps_its_time_in_utc() {
    assert_eq!(
        cut(&Recurrence::weekly(), "2027-03-14T02:30[Europe/Berlin]", date(2027, 4, 12)),
        ["2027-03-14 02:30 +0100 2027-03-28 03:30 +0200", "2027-04-04 02:30 +0200 2027-04-11 02:30 +0200"]
    );
    assert_eq!(
        cut(&Recurrence::daily(), "2027-03-13T02:15[America/New_York]", date(2027, 3, 15)),
        ["2027-03-13 02:15 -0500 2027-03-14 03:15 -0400", "2027-03-15 02:15 -0400 2027-03-15 02:15 -0400"]
    );
    // A clock change that skips half an hour, and one that skips a day.
    assert_eq!(
        cut(&Recurrence::daily(), "2026-10-03T02:10[Australia/Lord_Howe]", date(2026, 10, 5)),
        ["2026-10-03 02:10 +1030 2026-10-04 02:40 +1100", "2026-10-05 02:10 +1100 2026-10-05 02:10 +1100"]
    );
    assert_eq!(
        cut(&Recurrence::daily(), "2011-12-28T09:00[Pacific/Apia]", date(2012, 1, 1)),
        ["2011-12-28 09:00 -1000 2011-12-31 09:00 +1400", "2012-01-01 09:00 +1400 2012-01-01 09:00 +1400"]
    );
}

#[test]
fn start_in_a_repeated_hour_is_kept() {
    for (start, stretches) in [
        ("2026-10-25T02:30+01:00[Europe/Berlin]", 1),
        ("2026-10-25T02:30+02:00[Europe/Berlin]", 2),
        ("2026-11-01T01:30-05:00[America/New_York]", 1),
        ("2026-11-01T01:30-04:00[America/New_York]", 2),
    ] {
        let cut = Recurrence::weekly().stretches(&zoned(start), date(2026, 12, 1));
        assert_eq!((cut.len(), &cut[0].first), (stretches, &zoned(start)));
    }
}

#[test]
fn start_outside_the_rule_counts_as_an_occurrence() {
    let fridays = Recurrence::weekly().on([Weekday::Friday]);
    let monday = "2026-11-02T09:00[Europe/Berlin]";
    let far = date(2027, 1, 1);
    assert_eq!(
        cut(&fridays.clone().count(3), monday, far),
        ["2026-11-02 09:00 +0100 2026-11-13 09:00 +0100"]
    );
    assert_eq!(cut(&fridays.count(1), monday, far), ["2026-11-02 09:00 +0100 2026-11-02 09:00 +0100"]);
    assert_eq!(
        cut(&Recurrence::monthly().on_days([15]).count(2), monday, far),
        ["2026-11-02 09:00 +0100 2026-11-15 09:00 +0100"]
    );
    assert_eq!(
        cut(&Recurrence::yearly().in_months([12]).on_days([24]).count(2), monday, far),
        ["2026-11-02 09:00 +0100 2026-12-24 09:00 +0100"]
    );
}

#[test]
fn rule_in_utc_gives_the_same_occurrences() {
    for (rule, start, in_utc) in [
        ("FREQ=WEEKLY;BYDAY=MO,TH", "2026-07-06T08:00[Asia/Tokyo]", "FREQ=WEEKLY;BYDAY=SU,WE"),
        ("FREQ=WEEKLY;BYDAY=MO,SU", "2026-07-06T20:00[America/Los_Angeles]", "FREQ=WEEKLY;BYDAY=TU,MO"),
        (
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO",
            "2026-07-06T08:00[Asia/Tokyo]",
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=SU;WKST=SU",
        ),
        ("FREQ=WEEKLY;BYDAY=MO", "2026-07-06T09:00[Asia/Tokyo]", "FREQ=WEEKLY;BYDAY=MO"),
        ("FREQ=WEEKLY", "2026-07-06T08:00[Asia/Tokyo]", "FREQ=WEEKLY"),
        ("FREQ=DAILY;COUNT=9", "2026-07-01T08:00[Asia/Tokyo]", "FREQ=DAILY;COUNT=9"),
        ("FREQ=DAILY;BYDAY=SA,SU", "2026-07-04T08:00[Asia/Tokyo]", "FREQ=DAILY;BYDAY=FR,SA"),
        ("FREQ=MONTHLY", "2026-07-02T08:00[Asia/Tokyo]", "FREQ=MONTHLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=2,-2", "2026-07-02T08:00[Asia/Tokyo]", "FREQ=MONTHLY;BYMONTHDAY=1,-3"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=13;BYDAY=FR",
            "2026-11-13T20:00[America/Los_Angeles]",
            "FREQ=MONTHLY;BYMONTHDAY=14;BYDAY=SA",
        ),
        (
            "FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=14",
            "2026-07-14T08:00[Asia/Tokyo]",
            "FREQ=YEARLY;BYMONTH=7;BYMONTHDAY=13",
        ),
    ] {
        let (rule, start): (Recurrence, _) = (rule.parse().unwrap(), zoned(start));
        let shifted = rule.in_utc(&start).unwrap();
        assert_eq!(shifted.rrule().unwrap(), format!("RRULE:{in_utc}"));
        let fixed = start.with_time_zone(jiff::tz::TimeZone::fixed(start.offset()));
        let utc = start.with_time_zone(jiff::tz::TimeZone::UTC);
        let nth = |rule: &Recurrence, start: &ZonedDateTime, n| {
            let all = rule.clone().count(n).stretches(start, date(2040, 1, 1));
            all.last().unwrap().last.timestamp()
        };
        for n in 1..=20 {
            assert_eq!(nth(&rule, &fixed, n), nth(&shifted, &utc, n), "{in_utc}, occurrence {n}");
        }
    }
}

#[test]
fn in_utc_of_a_rule_that_crosses_months_fails() {
    for (rule, start) in [
        ("FREQ=MONTHLY", "2026-07-01T08:00[Asia/Tokyo]"),
        ("FREQ=MONTHLY", "2026-07-28T20:00[America/Los_Angeles]"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "2026-07-31T20:00[America/Los_Angeles]"),
        ("FREQ=MONTHLY;BYMONTHDAY=15,31", "2026-07-15T08:00[Asia/Tokyo]"),
        ("FREQ=MONTHLY;BYDAY=MO", "2026-07-06T08:00[Asia/Tokyo]"),
        ("FREQ=WEEKLY;BYMONTH=7", "2026-07-06T08:00[Asia/Tokyo]"),
        ("FREQ=YEARLY", "2026-03-01T08:00[Asia/Tokyo]"),
    ] {
        let error = rule.parse::<Recurrence>().unwrap().in_utc(&zoned(start)).unwrap_err().to_string();
        assert!(error.contains(&rule[..9]), "{rule}: {error}");
    }
}

#[test]
fn until_with_a_fraction_is_rounded_to_include_its_occurrence() {
    let start = "2026-12-28T20:00:00.5[America/Los_Angeles]";
    for (last, until) in [
        ("2026-12-30T20:00:00.5[America/Los_Angeles]", "20261231T040001Z"),
        ("2026-12-30T20:00:00.75[America/Los_Angeles]", "20261231T040001Z"),
        // `last` is before the start of the occurrence.
        ("2026-12-30T20:00:00.25[America/Los_Angeles]", "20261231T040000Z"),
        ("2026-12-30T20:00:00[America/Los_Angeles]", "20261231T040000Z"),
    ] {
        let rule = Recurrence::daily().until(zoned(last));
        assert_eq!(rule.rrule_from(zoned(start)).unwrap(), format!("RRULE:FREQ=DAILY;UNTIL={until}"));
        assert!(sent(&rule, start).unwrap().contains(until), "{last}");
        let days = if until.ends_with("1Z") { 3 } else { 2 };
        let last = zoned(start).checked_add(jiff::Span::new().days(days - 1)).unwrap();
        assert_eq!(rule.stretches(&zoned(start), date(2027, 1, 31))[0].last, last);
    }
    // If the series begins at a whole second, UNTIL is rounded down.
    let rule = Recurrence::daily().until(zoned("2026-12-31T23:59:59.999[UTC]"));
    let midnight = "2026-12-28T00:00[UTC]";
    assert_eq!(rule.rrule_from(zoned(midnight)).unwrap(), "RRULE:FREQ=DAILY;UNTIL=20261231T235959Z");
    assert!(sent(&rule, midnight).unwrap().contains("20261231T235959Z"));
    assert_eq!(rule.rrule_from(date(2026, 12, 28)).unwrap(), "RRULE:FREQ=DAILY;UNTIL=20261231");
}

#[test]
fn until_on_the_last_supported_day_is_accepted() {
    let start = "2026-12-28T20:00[America/Los_Angeles]";
    for line in
        ["FREQ=DAILY;UNTIL=99991231T235959Z", "FREQ=DAILY;UNTIL=99991231", "FREQ=DAILY;UNTIL=9999-12-31"]
    {
        let rule: Recurrence = line.parse().unwrap();
        for start in [start, "2026-12-28T20:00[Asia/Tokyo]", "2026-12-28"] {
            let sent = sent(&rule, start).unwrap();
            assert_eq!(sent, r#"{"frequency":"DAILY","until":"99991231T235959Z"}"#, "{line} {start}");
        }
        assert_eq!(rule.rrule_from(zoned(start)).unwrap(), "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z");
    }
    assert!("FREQ=DAILY;UNTIL=99991231T235960Z".parse::<Recurrence>().is_err());
}

#[test]
fn zoned_until_without_a_start_on_another_utc_day_is_refused() {
    let mut event = Event::new("google", "work", "e1");
    event.title = "Stand-up".to_owned();
    let change = |last: &str| event.change().unwrap().recurrence(Recurrence::daily().until(zoned(last)));
    for last in [
        "2026-12-31T00:00[Europe/Berlin]",
        "2026-12-31T08:00[Asia/Tokyo]",
        "2026-12-31T20:00[America/Los_Angeles]",
    ] {
        let error = change(last).body().unwrap_err().to_string();
        assert!(error.contains("UNTIL") && error.contains("UTC"), "{last}: {error}");
        assert!(change(last).dates(date(2026, 12, 28), date(2026, 12, 29)).body().is_ok());
        assert!(change(last).time(zoned(last), zoned(last)).body().is_ok());
    }
    // A zoned time that is on the same day in UTC is accepted. An instant is accepted as well.
    assert!(change("2026-12-31T20:00[Europe/Berlin]").body().is_ok());
    let instant = Recurrence::daily().until(zoned("2026-12-31T00:00[Europe/Berlin]").timestamp());
    assert!(event.change().unwrap().recurrence(instant).body().is_ok());
}

#[test]
fn rrule_line_with_parameters_is_parsed() {
    for line in [
        r#"RRULE;X-A="a:b":FREQ=WEEKLY;BYDAY=MO"#,
        r#"rrule;x-a=b;X-C="d;e:f":freq=weekly;byday=mo"#,
        "RRULE;X-A=b:FREQ=WEEKLY;BYDAY=MO",
    ] {
        assert_eq!(line.parse(), Ok(Recurrence::weekly().on([Weekday::Monday])), "{line}");
    }
    assert!("EXRULE:FREQ=DAILY".parse::<Recurrence>().is_err());
    assert!(r#"RRULE;X-A="a:FREQ=DAILY"#.parse::<Recurrence>().is_err());
}
