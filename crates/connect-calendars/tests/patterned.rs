//! Tests that Microsoft Graph recurrences convert to rules and back, and are read from events.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::num::NonZeroU32;

use connect_calendars::{
    EventSeries,
    patterned::{Pattern, PatternedRecurrence, RangeEnd, WeekIndex},
};
use connect_core::types::{End, Event, Recurrence, SeriesStart, Weekday};
use jiff::civil::{Date, date};
use jiff::{Timestamp, ZonedDateTime};
use proptest::prelude::*;

const DAYS: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];
const INDEXES: [WeekIndex; 5] =
    [WeekIndex::First, WeekIndex::Second, WeekIndex::Third, WeekIndex::Fourth, WeekIndex::Last];

fn at(text: &str) -> ZonedDateTime {
    text.parse().unwrap()
}

fn rule(line: &str) -> PatternedRecurrence {
    PatternedRecurrence::from_rrule(line, date(2026, 1, 13)).unwrap()
}

#[test]
fn every_pattern_converts_to_a_rule_and_back() {
    use Pattern::{AbsoluteMonthly, AbsoluteYearly, Daily, RelativeMonthly, RelativeYearly, Weekly};
    let (days, all) = (vec![Weekday::Tuesday], DAYS.to_vec());
    let weekdays = DAYS[..5].to_vec();
    let first_day = Weekday::Monday;
    for (line, pattern) in [
        ("FREQ=DAILY", Daily),
        ("FREQ=WEEKLY;BYDAY=TU", Weekly { days: days.clone(), first_day }),
        ("FREQ=WEEKLY;BYDAY=TU;WKST=SU", Weekly { days: days.clone(), first_day: Weekday::Sunday }),
        ("FREQ=MONTHLY;BYMONTHDAY=28", AbsoluteMonthly { day: 28 }),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29;BYSETPOS=-1", AbsoluteMonthly { day: 29 }),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-1", AbsoluteMonthly { day: 30 }),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", AbsoluteMonthly { day: 31 }),
        // These series occur only in months with 31 days: in January, or in January and July.
        ("FREQ=MONTHLY;INTERVAL=12;BYMONTHDAY=31", AbsoluteMonthly { day: 31 }),
        ("FREQ=MONTHLY;INTERVAL=6;BYMONTHDAY=31", AbsoluteMonthly { day: 31 }),
        ("FREQ=MONTHLY;BYDAY=2TU", RelativeMonthly { days: days.clone(), index: WeekIndex::Second }),
        ("FREQ=MONTHLY;BYDAY=-1TU", RelativeMonthly { days: days.clone(), index: WeekIndex::Last }),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
            RelativeMonthly { days: weekdays, index: WeekIndex::Last },
        ),
        (
            "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=2",
            RelativeMonthly { days: all.clone(), index: WeekIndex::Second },
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", RelativeMonthly { days: all.clone(), index: WeekIndex::Last }),
        (
            "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=-1",
            RelativeYearly { month: 2, days: all, index: WeekIndex::Last },
        ),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28", AbsoluteYearly { month: 2, day: 28 }),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=28,29;BYSETPOS=-1", AbsoluteYearly { month: 2, day: 29 }),
        ("FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=30", AbsoluteYearly { month: 4, day: 30 }),
        ("FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=31", AbsoluteYearly { month: 12, day: 31 }),
        ("FREQ=YEARLY;BYMONTH=11;BYDAY=4TU", RelativeYearly { month: 11, days, index: WeekIndex::Fourth }),
    ] {
        let read = rule(line);
        assert_eq!(read.pattern, pattern, "{line}");
        assert_eq!(read.rrule(date(2026, 1, 13)).unwrap(), format!("RRULE:{line}"));
    }
}

#[test]
fn until_in_the_year_9999_converts_to_a_day_and_back() {
    for zone in ["Europe/Berlin", "America/Los_Angeles", "UTC"] {
        let start = at(&format!("2026-01-13T22:30[{zone}]"));
        for until in ["99991231T235959Z", "99991231", "9999-12-31", "99991231T235959"] {
            let read = PatternedRecurrence::from_rrule(&format!("FREQ=DAILY;UNTIL={until}"), &start).unwrap();
            assert_eq!(read.end, RangeEnd::On(date(9999, 12, 31)), "{zone} {until}");
            assert_eq!(read.rrule(&start).unwrap(), "RRULE:FREQ=DAILY;UNTIL=99991231T235959Z");
            assert_eq!(read.rrule(date(2026, 1, 13)).unwrap(), "RRULE:FREQ=DAILY;UNTIL=99991231");
        }
    }
    let berlin = at("2026-01-13T22:30[Europe/Berlin]");
    assert_eq!(end("FREQ=DAILY;UNTIL=2026-12-31", &berlin), date(2026, 12, 31));
    for odd in ["2026-1231", "2026-12-3", "202612-31-", "2026-12-31T00:00:00Z"] {
        assert!(PatternedRecurrence::from_rrule(&format!("FREQ=DAILY;UNTIL={odd}"), &berlin).is_err());
        assert!(format!("FREQ=DAILY;UNTIL={odd}").parse::<Recurrence>().is_err(), "{odd}");
    }
}

#[test]
fn omitted_parts_are_taken_from_the_start() {
    for (short, long) in [
        ("FREQ=WEEKLY", "FREQ=WEEKLY;BYDAY=TU"),
        ("freq=monthly", "FREQ=MONTHLY;BYMONTHDAY=13"),
        ("FREQ=YEARLY", "FREQ=YEARLY;BYMONTH=1;BYMONTHDAY=13"),
        ("FREQ=YEARLY;BYMONTH=5", "FREQ=YEARLY;BYMONTH=5;BYMONTHDAY=13"),
        ("FREQ=DAILY;BYDAY=MO,FR", "FREQ=WEEKLY;BYDAY=MO,FR"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;BYSETPOS=-1"),
        ("FREQ=MONTHLY;BYDAY=TU;BYSETPOS=2", "FREQ=MONTHLY;BYDAY=2TU"),
        ("FREQ=MONTHLY;BYDAY=+2TU", "FREQ=MONTHLY;BYDAY=2TU"),
        ("FREQ=WEEKLY;BYDAY=TU,TU", "FREQ=WEEKLY;BYDAY=TU"),
        (
            "FREQ=MONTHLY;BYMONTHDAY=31,28,30,29,3;BYSETPOS=-1",
            "FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1",
        ),
        ("FREQ=MONTHLY;BYMONTHDAY=13,20;BYSETPOS=-1", "FREQ=MONTHLY;BYMONTHDAY=20"),
        ("FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=30"),
    ] {
        assert_eq!(rule(short), rule(long), "{short}");
    }
}

#[test]
fn start_day_missing_in_some_months_is_refused() {
    for (start, line, refused) in [
        (date(2026, 1, 31), "FREQ=MONTHLY", true),
        (date(2026, 1, 29), "FREQ=MONTHLY", true),
        (date(2026, 1, 28), "FREQ=MONTHLY", false),
        (date(2026, 1, 31), "FREQ=MONTHLY;INTERVAL=6", false),
        (date(2026, 2, 28), "FREQ=MONTHLY;INTERVAL=6", false),
        (date(2028, 2, 29), "FREQ=YEARLY", true),
        (date(2026, 1, 31), "FREQ=YEARLY", false),
    ] {
        let pattern = PatternedRecurrence::from_rrule(line, start);
        assert_eq!(pattern.is_err(), refused, "{start} {line}: {pattern:?}");
    }
}

#[test]
fn last_day_of_a_month_converts_to_a_connect_recurrence() {
    let start = date(2026, 1, 31);
    for (pattern, rule) in [
        (Pattern::AbsoluteMonthly { day: 31 }, Some(Recurrence::monthly().on_days([-1]))),
        (
            Pattern::AbsoluteYearly { month: 2, day: 29 },
            Some(Recurrence::yearly().in_months([2]).on_days([-1])),
        ),
        (
            Pattern::AbsoluteYearly { month: 2, day: 31 },
            Some(Recurrence::yearly().in_months([2]).on_days([-1])),
        ),
        (Pattern::AbsoluteMonthly { day: 30 }, None),
        (Pattern::AbsoluteMonthly { day: 29 }, None),
    ] {
        let outlook =
            PatternedRecurrence { pattern, interval: 1, start, end: RangeEnd::Never, time_zone: None };
        match (outlook.recurrence(start), rule) {
            (Ok(read), Some(rule)) => assert_eq!(read, rule),
            (Err(error), None) => assert!(error.to_string().contains("BYSETPOS=-1"), "{error}"),
            (read, rule) => panic!("{outlook:?}: {read:?}, not {rule:?}"),
        }
    }
}

#[test]
fn unsupported_rule_error_names_the_part() {
    for (line, named) in [
        ("FREQ=HOURLY", "FREQ=HOURLY"),
        ("FREQ=DAILY;BYMONTH=3", "BY parts"),
        ("FREQ=DAILY;INTERVAL=2;BYDAY=MO", "BY parts"),
        ("FREQ=WEEKLY;BYDAY=2MO", "number"),
        ("FREQ=WEEKLY;BYMONTH=3", "except BYDAY"),
        ("FREQ=MONTHLY;BYDAY=5MO", "5"),
        ("FREQ=MONTHLY;BYDAY=-2MO", "-2"),
        ("FREQ=MONTHLY;BYDAY=MO", "several days of a month"),
        ("FREQ=MONTHLY;BYDAY=1MO,1TU", "several days of a month"),
        ("FREQ=MONTHLY;BYDAY=1MO,1TU;BYSETPOS=1", "number in BYDAY"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1,2", "several positions"),
        ("FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13", "together"),
        ("FREQ=MONTHLY;BYMONTHDAY=1,15", "more than one day"),
        ("FREQ=MONTHLY;BYMONTHDAY=-2", "1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=32", "1 to 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=29", "BYMONTHDAY=28,29;BYSETPOS=-1"),
        ("FREQ=MONTHLY;BYSETPOS=-1", "BYSETPOS without"),
        ("FREQ=YEARLY;BYMONTH=2;BYSETPOS=-1", "BYSETPOS without"),
        ("FREQ=MONTHLY;BYMONTHDAY=30", "BYMONTHDAY=28,29,30;BYSETPOS=-1"),
        ("FREQ=MONTHLY;BYMONTHDAY=31", "BYMONTHDAY=28,29,30,31;BYSETPOS=-1"),
        ("FREQ=MONTHLY;INTERVAL=5;BYMONTHDAY=31", "without a day 31"),
        ("FREQ=MONTHLY;BYMONTHDAY=29,31;BYSETPOS=-1", "BYSETPOS"),
        ("FREQ=MONTHLY;BYMONTHDAY=29,30,31;BYSETPOS=-1", "BYSETPOS"),
        ("FREQ=MONTHLY;BYMONTHDAY=28,29,30;BYSETPOS=-2", "BYSETPOS"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29", "BYMONTHDAY=28,29;BYSETPOS=-1"),
        ("FREQ=YEARLY;BYMONTH=4;BYMONTHDAY=31", "without a day 31"),
        ("FREQ=MONTHLY;BYMONTH=3", "FREQ=YEARLY"),
        ("FREQ=MONTHLY;BYMONTHDAY=1;BYSETPOS=1", "BYSETPOS"),
        ("FREQ=YEARLY;BYMONTHDAY=1", "BYMONTH"),
        ("FREQ=YEARLY;BYDAY=20MO", "BYMONTH"),
        ("FREQ=YEARLY;BYMONTH=1,2", "more than one month"),
        ("FREQ=YEARLY;BYWEEKNO=20", "BYWEEKNO=20"),
        ("FREQ=DAILY;BYHOUR=9", "BYHOUR=9"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL=0"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=1;UNTIL=20270101", "both COUNT and UNTIL"),
        ("FREQ=DAILY;UNTIL=soon", "UNTIL=SOON"),
        ("FREQ=DAILY;UNTIL=2026\u{e9}\u{e9}", "UNTIL"),
        ("FREQ=MONTHLY;BYDAY=\u{e9}", "BYDAY"),
        ("EXDATE:20260113", "EXDATE"),
        ("INTERVAL=2", "FREQ"),
        ("", "FREQ"),
    ] {
        let error = PatternedRecurrence::from_rrule(line, date(2026, 1, 13)).unwrap_err();
        assert!(error.to_string().contains(named), "{line}: {error}");
    }
}

fn end(line: &str, start: impl Into<SeriesStart>) -> Date {
    match PatternedRecurrence::from_rrule(line, start).unwrap().end {
        RangeEnd::On(day) => day,
        other => panic!("{other:?}"),
    }
}

#[test]
fn until_converts_to_the_day_of_the_last_occurrence() {
    // 22:30 in Berlin in winter is 21:30 in UTC, in summer 20:30.
    let berlin = at("2026-01-13T22:30[Europe/Berlin]");
    for (until, day) in [
        ("20260331T203000Z", date(2026, 3, 31)),
        ("20260331T202959Z", date(2026, 3, 30)),
        ("20260331T215959Z", date(2026, 3, 31)),
        // 23:59:59 in UTC is the next day in Berlin, before that day's occurrence.
        ("20260331T235959Z", date(2026, 3, 31)),
        ("20260115T213000Z", date(2026, 1, 15)),
        ("20260115T212959Z", date(2026, 1, 14)),
        ("20260331", date(2026, 3, 31)),
        ("20260331T223000", date(2026, 3, 31)),
        ("20260331T222959", date(2026, 3, 30)),
    ] {
        assert_eq!(end(&format!("FREQ=DAILY;UNTIL={until}"), &berlin), day, "{until}");
    }
    // When it is 00:30 in Tokyo, it is still the previous day in UTC.
    let tokyo = at("2026-01-13T00:30[Asia/Tokyo]");
    assert_eq!(end("FREQ=DAILY;UNTIL=20260120T153000Z", &tokyo), date(2026, 1, 21));
    assert_eq!(end("FREQ=DAILY;UNTIL=20260120T152959Z", &tokyo), date(2026, 1, 20));
    // When it is 20:00 in New York, it is already the next day in UTC.
    let york = at("2026-01-13T20:00[America/New_York]");
    assert_eq!(end("FREQ=DAILY;UNTIL=20260121T010000Z", &york), date(2026, 1, 20));
    assert_eq!(end("FREQ=DAILY;UNTIL=20260121T005959Z", &york), date(2026, 1, 19));
    // All-day series have no zone.
    for until in ["20260120", "20260120T000000Z", "20260120T235959Z", "20260120T120000"] {
        assert_eq!(end(&format!("FREQ=DAILY;UNTIL={until}"), date(2026, 1, 13)), date(2026, 1, 20));
    }
}

#[test]
fn end_date_converts_to_the_instant_of_the_last_occurrence() {
    let until = |start: SeriesStart, first: Date, last: Date| {
        let recurrence = PatternedRecurrence {
            pattern: Pattern::Daily,
            interval: 1,
            start: first,
            end: RangeEnd::On(last),
            time_zone: None,
        };
        recurrence.rrule(start).unwrap().rsplit('=').next().unwrap().to_owned()
    };
    let berlin = at("2026-01-13T22:30[Europe/Berlin]");
    assert_eq!(until((&berlin).into(), berlin.date(), date(2026, 3, 28)), "20260328T213000Z");
    assert_eq!(until((&berlin).into(), berlin.date(), date(2026, 3, 29)), "20260329T203000Z");
    // 02:30 does not exist on the day the clocks go forward.
    let night = at("2026-01-13T02:30[Europe/Berlin]");
    assert_eq!(until((&night).into(), night.date(), date(2026, 3, 29)), "20260329T013000Z");
    let tokyo = at("2026-01-13T00:30[Asia/Tokyo]");
    assert_eq!(until((&tokyo).into(), tokyo.date(), date(2026, 1, 21)), "20260120T153000Z");
    let day = date(2026, 1, 13);
    assert_eq!(until(day.into(), day, date(2026, 12, 31)), "20261231");
    // UNTIL is rounded up to a whole second, so that the rule includes the last occurrence.
    let odd = at("2026-01-13T22:30:00.5[Europe/Berlin]");
    assert_eq!(until((&odd).into(), odd.date(), date(2026, 1, 14)), "20260114T213001Z");
}

/// In an unknown zone, UNTIL must include the occurrence on the end date, but no later occurrence.
#[test]
fn end_date_in_an_unknown_zone_includes_only_the_last_day() {
    for zone in ["Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Auckland", "Australia/Lord_Howe"]
    {
        for hour in 0..24 {
            let first = date(2026, 1, 13).at(hour, 30, 0, 0).in_tz(zone).unwrap();
            for days in [0, 1, 75, 76, 77, 120, 290, 291] {
                let last = first.date().checked_add(jiff::Span::new().days(days)).unwrap();
                let recurrence = PatternedRecurrence {
                    pattern: Pattern::Daily,
                    interval: 1,
                    start: first.date(),
                    end: RangeEnd::On(last),
                    time_zone: Some("Somewhere Standard Time".into()),
                };
                let line = recurrence.rrule(first.timestamp()).unwrap();
                let back = PatternedRecurrence::from_rrule(&line, &first).unwrap();
                assert_eq!(back.end, RangeEnd::On(last), "{first} {line}");
            }
        }
    }
}

#[test]
fn graph_json_with_unused_fields_is_read() {
    let text = r#"{
        "pattern": {"type": "weekly", "interval": 1, "month": 0, "dayOfMonth": 0, "daysOfWeek": ["Monday", "friday"],
                    "firstDayOfWeek": "sunday", "index": "first"},
        "range": {"type": "endDate", "startDate": "2026-01-12", "endDate": "2026-04-01",
                  "recurrenceTimeZone": "W. Europe Standard Time", "numberOfOccurrences": 0}}"#;
    let read: PatternedRecurrence = serde_json::from_str(text).unwrap();
    assert_eq!(
        read,
        PatternedRecurrence {
            pattern: Pattern::Weekly {
                days: vec![Weekday::Monday, Weekday::Friday],
                first_day: Weekday::Sunday
            },
            interval: 1,
            start: date(2026, 1, 12),
            end: RangeEnd::On(date(2026, 4, 1)),
            time_zone: Some("W. Europe Standard Time".into()),
        }
    );
    for (range, end) in [
        (r#""type":"NoEnd","endDate":"0001-01-01""#, Some(RangeEnd::Never)),
        (r#""type":"numbered","numberOfOccurrences":3"#, NonZeroU32::new(3).map(RangeEnd::After)),
        (r#""endDate":"2026-02-01""#, Some(RangeEnd::On(date(2026, 2, 1)))),
        (r#""endDate":null,"numberOfOccurrences":null"#, Some(RangeEnd::Never)),
        (r#""type":"numbered","numberOfOccurrences":0"#, None),
        (r#""type":"endDate","endDate":"-009999-01-01""#, None),
        (r#""type":"sometime""#, None),
    ] {
        let text =
            format!(r#"{{"pattern":{{"type":"Daily"}},"range":{{"startDate":"2026-01-12",{range}}}}}"#);
        let read = serde_json::from_str::<PatternedRecurrence>(&text).ok().map(|read| read.end);
        assert_eq!(read, end, "{range}");
    }
    for odd in
        ["{}", "5", "null", r#"{"pattern":{},"range":{}}"#, r#"{"pattern":{"type":"hourly"},"range":{}}"#]
    {
        assert!(serde_json::from_str::<PatternedRecurrence>(odd).is_err(), "{odd}");
    }
}

#[test]
fn connect_recurrence_converts_to_a_pattern_and_back() {
    let start = at("2026-01-13T09:00[Europe/Berlin]");
    let until: Timestamp = "2026-04-14T07:00:00Z".parse().unwrap();
    for rule in [
        Recurrence::daily().interval(3).count(4),
        Recurrence::weekly().on([Weekday::Monday, Weekday::Friday]).until(until),
        Recurrence::monthly().on_days([15]),
        Recurrence::monthly().on_days([-1]),
        Recurrence::monthly().interval(3).on_days([-1]).count(4),
        Recurrence::yearly().in_months([2]).on_days([-1]),
        Recurrence::yearly().in_months([2]).on_days([28]).count(2),
        Recurrence::weekly().interval(2).on([Weekday::Monday, Weekday::Friday]).week_start(Weekday::Sunday),
    ] {
        let pattern = PatternedRecurrence::new(&rule, &start).unwrap();
        assert_eq!(pattern.time_zone.as_deref(), Some("Europe/Berlin"));
        let back = pattern.recurrence(&start).unwrap();
        if let End::Until(_) = rule.end() {
            let PatternedRecurrence { end: RangeEnd::On(day), .. } = pattern else { panic!("{pattern:?}") };
            assert_eq!(day, date(2026, 4, 14), "09:00 in summer is 07:00 in UTC");
        } else {
            assert_eq!(back, rule);
        }
    }
    let sundays = PatternedRecurrence::from_rrule("FREQ=WEEKLY;BYDAY=MO,FR;WKST=SU", &start).unwrap();
    assert!(
        sundays.recurrence(&start).is_ok(),
        "with an interval of 1, the first day of the week does not matter"
    );
    let other =
        PatternedRecurrence::from_rrule("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR;WKST=SU", &start).unwrap();
    assert_eq!(other.recurrence(&start).unwrap().first_weekday(), Weekday::Sunday);
    let second = PatternedRecurrence::from_rrule("FREQ=MONTHLY;BYDAY=2TU", &start).unwrap();
    assert!(second.recurrence(&start).unwrap_err().to_string().contains("BYDAY=2TU"));
}

fn lines(event: &str) -> Option<Vec<String>> {
    serde_json::from_str::<Event>(event).unwrap().recurrence().map(|recurrence| recurrence.lines)
}

#[test]
fn recurrence_is_read_from_every_source() {
    let google = r#"{"original":{"recurrence":["RRULE:FREQ=DAILY","EXDATE:20260114T090000Z"]}}"#;
    assert_eq!(lines(google).unwrap(), ["RRULE:FREQ=DAILY", "EXDATE:20260114T090000Z"]);
    let own = r#"{"recurrence":["RRULE:FREQ=WEEKLY"],"original":{"recurrence":["RRULE:FREQ=DAILY"]}}"#;
    assert_eq!(lines(own).unwrap(), ["RRULE:FREQ=WEEKLY"]);
    assert_eq!(lines(r#"{"recurrence":"FREQ=WEEKLY\r\nEXDATE:20260114"}"#).unwrap().len(), 2);
    assert_eq!(lines(r#"{"recurrence":"FREQ=WEEKLY"}"#).unwrap(), ["RRULE:FREQ=WEEKLY"]);
    let connect = r#"{"recurrence":{"frequency":"WEEKLY","interval":2,"count":3,"byDay":["MO","FR"]}}"#;
    assert_eq!(lines(connect).unwrap(), ["RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3;BYDAY=MO,FR"]);
    let graph = |start: &str, zone: &str| {
        lines(&format!(
            r#"{{"start":"{start}","original":{{"recurrence":{{"pattern":{{"type":"daily"}},"range":{{"type":"endDate",
            "startDate":"2026-01-13","endDate":"2026-03-31","recurrenceTimeZone":"{zone}"}}}}}}}}"#
        ))
        .unwrap()
    };
    assert_eq!(graph("2026-01-13T21:30:00Z", "Europe/Berlin"), ["RRULE:FREQ=DAILY;UNTIL=20260331T203000Z"]);
    assert_eq!(
        graph("2026-01-13T21:30:00Z", "Moon Standard Time"),
        ["RRULE:FREQ=DAILY;UNTIL=20260401T093000Z"]
    );
    assert_eq!(graph("2026-01-13", "UTC"), ["RRULE:FREQ=DAILY;UNTIL=20260331"]);
}

#[test]
fn invalid_recurrence_is_ignored() {
    for odd in [
        "null",
        "5",
        "true",
        "[]",
        "[5]",
        "{}",
        "\"\"",
        r#"{"frequency":"SOMETIMES"}"#,
        r#"{"pattern":5,"range":[]}"#,
        r#"{"pattern":{"type":"daily"},"range":{"startDate":"9999-12-31","type":"endDate","endDate":"-1"}}"#,
    ] {
        assert_eq!(lines(&format!(r#"{{"original":{{"recurrence":{odd}}}}}"#)), None, "{odd}");
        assert_eq!(lines(&format!(r#"{{"recurrence":{odd}}}"#)), None, "{odd}");
    }
    assert_eq!(lines(r#"{"original":5}"#), None);
    assert_eq!(lines("{}"), None);
}

prop_compose! {
    fn weekdays()(days in proptest::sample::subsequence(DAYS.to_vec(), 1..=7)) -> Vec<Weekday> { days }
}

fn pattern() -> impl Strategy<Value = Pattern> {
    let (index, first) =
        (proptest::sample::select(INDEXES.to_vec()), proptest::sample::select(DAYS.to_vec()));
    prop_oneof![
        Just(Pattern::Daily),
        (weekdays(), first).prop_map(|(days, first_day)| Pattern::Weekly { days, first_day }),
        (1..=31_i8).prop_map(|day| Pattern::AbsoluteMonthly { day }),
        (weekdays(), index.clone()).prop_map(|(days, index)| Pattern::RelativeMonthly { days, index }),
        (1..=12_i8, 1..=31_i8).prop_map(|(month, day)| {
            let longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
            Pattern::AbsoluteYearly { month, day: day.min(longest[month as usize - 1]) }
        }),
        (1..=12_i8, weekdays(), index).prop_map(|(month, days, index)| Pattern::RelativeYearly {
            month,
            days,
            index
        }),
    ]
}

/// A timed series in one of several zones, or an all-day series.
fn series() -> impl Strategy<Value = (PatternedRecurrence, SeriesStart)> {
    let zones =
        ["Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Auckland", "UTC", "Asia/Kathmandu"];
    let zone = proptest::sample::select(zones.to_vec());
    let end = prop_oneof![
        Just(None),
        (1_u32..1000).prop_map(|count| Some(Err(count))),
        (0_i64..2000).prop_map(|days| Some(Ok(days)))
    ];
    (pattern(), 1_u32..100, zone, 0_i64..3000, 0_i64..1440, end, any::<bool>()).prop_map(
        |(pattern, interval, zone, day, minute, end, whole)| {
            let day = date(2024, 1, 1).checked_add(jiff::Span::new().days(day)).unwrap();
            let time = day.at(0, 0, 0, 0).checked_add(jiff::Span::new().minutes(minute)).unwrap();
            // If the clocks skip the time, the start is moved to an existing time.
            let start = time.in_tz(zone).unwrap();
            let day = start.date();
            let (start, time_zone) =
                if whole { (day.into(), None) } else { (SeriesStart::At(start), Some(zone.to_owned())) };
            let end = match end {
                None => RangeEnd::Never,
                Some(Err(count)) => RangeEnd::After(count.try_into().unwrap()),
                Some(Ok(days)) => RangeEnd::On(day.checked_add(jiff::Span::new().days(days)).unwrap()),
            };
            (PatternedRecurrence { pattern, interval, start: day, end, time_zone }, start)
        },
    )
}

proptest! {
    #[test]
    fn pattern_survives_conversion_to_a_rule((recurrence, start) in series()) {
        let line = recurrence.rrule(&start).unwrap();
        prop_assert_eq!(PatternedRecurrence::from_rrule(&line, &start).unwrap(), recurrence, "{}", line);
    }

    #[test]
    fn pattern_survives_conversion_to_json((recurrence, _) in series()) {
        let text = serde_json::to_string(&recurrence).unwrap();
        prop_assert_eq!(serde_json::from_str::<PatternedRecurrence>(&text).unwrap(), recurrence, "{}", text);
    }

    #[test]
    fn arbitrary_rule_never_panics(line in "(FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY))?(;(UNTIL|BYDAY|BYMONTHDAY|BYSETPOS|COUNT)=[-+0-9A-Zé,]{0,12}){0,3}") {
        let _ = PatternedRecurrence::from_rrule(&line, date(2026, 1, 13));
        let _ = PatternedRecurrence::from_rrule(&line, Timestamp::MAX);
    }

    #[test]
    fn arbitrary_event_recurrence_never_panics(text in "[\\[\\]{}\",:a-z0-9 -]{0,40}", day in "[-+0-9T:Z]{0,12}") {
        for json in [
            format!(r#"{{"recurrence":{text}}}"#),
            format!(r#"{{"original":{{"recurrence":{{"pattern":{{"type":"daily"}},"range":{{"startDate":"{day}","endDate":"{day}"}}}}}}}}"#),
        ] {
            if let Ok(event) = serde_json::from_str::<Event>(&json) {
                let _ = event.recurrence();
            }
        }
    }
}
