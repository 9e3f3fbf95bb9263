//! Tests of recurrence rules and recurrence lines.

use super::lines::{self, Lines, Start};
use super::*;
use crate::world::time;
use proptest::prelude::*;

fn at(text: &str) -> Timestamp {
    time::read(text).unwrap()
}

fn days(rule: &Recurrence, first: &str, last: &str) -> Vec<String> {
    rule.starts(at(first), at(first), at(last)).map(|start| time::stamp(start, true)).collect()
}

#[test]
fn weekly_on_two_days_every_other_week() {
    let mut rule = Recurrence::new(Frequency::Weekly);
    rule.interval = 2;
    rule.by_day = vec![Weekday::Monday, Weekday::Wednesday];
    rule.end = End::Count(5);
    let found = days(&rule, "2026-11-02T09:00Z", "2027-11-02");
    assert_eq!(found, ["20261102", "20261104", "20261116", "20261118", "20261130"]);
}

#[test]
fn until_is_inclusive() {
    let mut rule = Recurrence::new(Frequency::Daily);
    rule.end = End::Until(at("2026-11-04T09:00Z"));
    assert_eq!(days(&rule, "2026-11-02T09:00Z", "2027-01-01"), ["20261102", "20261103", "20261104"]);
}

#[test]
fn month_without_the_day_is_skipped_and_minus_one_is_last_day() {
    let mut rule = Recurrence::new(Frequency::Monthly);
    assert_eq!(days(&rule, "2026-01-31", "2026-04-30"), ["20260131", "20260331"]);
    rule.by_month_day = vec![-1];
    assert_eq!(days(&rule, "2026-01-31", "2026-04-30"), ["20260131", "20260228", "20260331", "20260430"]);
}

#[test]
fn yearly_in_chosen_months() {
    let mut rule = Recurrence::new(Frequency::Yearly);
    rule.by_month = vec![2, 5];
    assert_eq!(days(&rule, "2026-02-10", "2027-12-31"), ["20260210", "20260510", "20270210", "20270510"]);
}

#[test]
fn rule_that_never_matches_ends() {
    for (frequency, interval) in
        [(Frequency::Daily, 1), (Frequency::Daily, 7), (Frequency::Monthly, 5), (Frequency::Yearly, 3)]
    {
        let mut rule = Recurrence::new(frequency);
        rule.interval = interval;
        rule.by_month = vec![2];
        rule.by_month_day = vec![30];
        let count = |rule: &Recurrence, first| rule.starts(first, Timestamp::MIN, Timestamp::MAX).count();
        assert_eq!(count(&rule, at("2026-02-10")), 1, "{frequency:?}");
        rule.interval = i64::MAX;
        assert_eq!(count(&rule, at("2026-02-10")), 1, "{frequency:?}");
        assert_eq!(count(&rule, Timestamp::MAX), 1, "{frequency:?}");
    }
}

#[test]
fn starts_far_from_the_first_start_are_found() {
    let mut rule = Recurrence::new(Frequency::Daily);
    let first = at("0001-01-01T09:00Z");
    assert!(rule.has(first, at("2026-11-29T09:00Z")) && !rule.has(first, at("2026-11-29T09:01Z")));
    rule.interval = 2;
    assert!(rule.has(at("2010-01-01T09:00Z"), at("2026-11-29T09:00Z")));
    assert!(!rule.has(at("2010-01-02T09:00Z"), at("2026-11-29T09:00Z")));
    rule.end = End::Count(3_090);
    let last = rule.starts(at("2010-01-01T09:00Z"), at("2026-11-01T00:00Z"), Timestamp::MAX).last();
    assert_eq!(last, Some(at("2026-12-01T09:00Z")));
}

#[test]
fn rule_that_matches_once_in_decades_is_evaluated() {
    let mut rule = Recurrence::new(Frequency::Yearly);
    rule.by_month = vec![2];
    rule.by_month_day = vec![29];
    rule.by_day = vec![Weekday::Sunday];
    let found = days(&rule, "1880-02-29", "1980-01-01");
    assert_eq!(found, ["18800229", "19200229", "19480229", "19760229"]);
}

/// Reads the lines of a series with the first start `first`, a local time or a date.
fn read(lines: &[&str], first: &str, zone: &str) -> Result<(Lines, Timestamp), String> {
    let all_day = !first.contains('T');
    let zone = time::zone(zone).unwrap();
    let local = if all_day { format!("{first}T00:00") } else { first.to_owned() };
    let at = local.parse::<DateTime>().unwrap().to_zoned_datetime(zone.clone()).unwrap().timestamp();
    let lines: Vec<_> = lines.iter().map(|line| (*line).to_owned()).collect();
    Ok((lines::read(&lines, &Start { at, all_day, zone })?, at))
}

/// Returns the local starts from the day `from` to the day `last`.
fn local(lines: &[&str], first: &str, zone: &str, from: &str, last: &str) -> Vec<String> {
    let (Lines { rule, except }, at) = read(lines, first, zone).unwrap();
    let day = |day: &str| day.parse::<Date>().unwrap();
    let begin = day(from).to_zoned_datetime(rule.zone.clone()).unwrap().timestamp();
    let starts =
        rule.starts(at, begin, end_of(day(last), &rule.zone)).filter(|start| !except.contains(start));
    starts.map(|start| rule.zone.to_datetime(start).strftime("%F %H:%M").to_string()).collect()
}

fn utc(rule: &str, first: &str, last: &str) -> Vec<String> {
    let found = local(&[rule], &format!("{first}T00:00"), "UTC", first, last);
    found.into_iter().map(|start| start[..10].to_owned()).collect()
}

#[test]
fn days_are_counted_in_the_time_zone_of_the_series() {
    let found = local(
        &["RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=SU"],
        "2026-10-18T09:00",
        "Europe/Budapest",
        "2026-10-01",
        "2027-01-01",
    );
    assert_eq!(found, ["2026-10-18 09:00", "2026-10-25 09:00", "2026-11-01 09:00"]);
}

#[test]
fn nth_weekday_counts_in_the_month_or_in_the_year() {
    let days = |rule: &str, last: &str| {
        let found = utc(&format!("RRULE:{rule}"), "2026-11-01", last);
        found[1..].to_vec()
    };
    assert_eq!(days("FREQ=MONTHLY;BYDAY=2TU", "2027-01-31"), ["2026-11-10", "2026-12-08", "2027-01-12"]);
    assert_eq!(days("FREQ=MONTHLY;BYDAY=-1FR", "2027-01-31"), ["2026-11-27", "2026-12-25", "2027-01-29"]);
    assert_eq!(days("FREQ=YEARLY;BYDAY=1MO", "2028-12-31"), ["2027-01-04", "2028-01-03"]);
    assert_eq!(days("FREQ=YEARLY;BYDAY=-1SU", "2028-12-31"), ["2026-12-27", "2027-12-26", "2028-12-31"]);
    assert_eq!(days("FREQ=YEARLY;BYDAY=20MO", "2027-12-31"), ["2027-05-17"]);
    assert_eq!(days("FREQ=YEARLY;BYDAY=53FR", "2032-12-31"), ["2027-12-31", "2032-12-31"]);
    assert_eq!(
        days("FREQ=YEARLY;BYMONTH=3,12;BYDAY=1MO", "2027-12-31"),
        ["2026-12-07", "2027-03-01", "2027-12-06"]
    );
    assert_eq!(
        days("FREQ=YEARLY;BYDAY=MO;BYMONTHDAY=1", "2027-12-31"),
        ["2027-02-01", "2027-03-01", "2027-11-01"]
    );
}

#[test]
fn set_positions_count_in_the_period() {
    let days = |rule: &str, last: &str| utc(&format!("RRULE:{rule}"), "2026-11-30", last);
    let last_workday = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1";
    assert_eq!(days(last_workday, "2027-01-31"), ["2026-11-30", "2026-12-31", "2027-01-29"]);
    assert_eq!(
        days("FREQ=YEARLY;BYMONTH=1;BYDAY=MO,TU;BYSETPOS=2,-1", "2027-12-31"),
        ["2026-11-30", "2027-01-05", "2027-01-26"]
    );
    assert_eq!(
        days("FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2", "2026-12-10"),
        ["2026-11-30", "2026-12-02", "2026-12-09"]
    );
}

#[test]
fn week_start_decides_which_week_every_other_is() {
    let second = |rule: &str| utc(&format!("RRULE:{rule}"), "2026-11-01", "2026-11-30")[1].clone();
    assert_eq!(second("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO"), "2026-11-02", "Monday of the same week");
    assert_eq!(second("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"), "2026-11-09", "Monday of the week after next");
}

#[test]
fn weeks_and_days_of_the_year_count_from_both_ends() {
    let days = |rule: &str, first: &str, last: &str| utc(&format!("RRULE:FREQ=YEARLY;{rule}"), first, last);
    // Without BYDAY, the weekday is that of the first start.
    assert_eq!(days("BYWEEKNO=20", "2026-05-14", "2028-12-31"), ["2026-05-14", "2027-05-20", "2028-05-18"]);
    assert_eq!(
        days("BYWEEKNO=1;BYDAY=MO", "2024-01-01", "2026-12-31"),
        ["2024-01-01", "2024-12-30", "2025-12-29"]
    );
    assert_eq!(days("BYWEEKNO=53;BYDAY=SU", "2021-01-03", "2033-01-01"), ["2021-01-03", "2027-01-03"]);
    assert_eq!(
        days("BYWEEKNO=-1;BYDAY=TH", "2026-12-31", "2028-12-31"),
        ["2026-12-31", "2027-12-30", "2028-12-28"]
    );
    assert_eq!(
        days("BYWEEKNO=1;BYDAY=SU;WKST=SU", "2026-01-04", "2028-01-31"),
        ["2026-01-04", "2027-01-03", "2028-01-02"]
    );
    assert_eq!(
        days("BYYEARDAY=60,-1", "2026-12-31", "2028-12-31"),
        ["2026-12-31", "2027-03-01", "2027-12-31", "2028-02-29", "2028-12-31"]
    );
    assert_eq!(days("BYYEARDAY=366", "2024-12-31", "2029-12-31"), ["2024-12-31", "2028-12-31"]);
}

#[test]
fn days_that_a_month_lacks_are_skipped() {
    let days = |rule: &str, first: &str, last: &str| utc(&format!("RRULE:{rule}"), first, last);
    assert_eq!(days("FREQ=YEARLY", "2024-02-29", "2032-12-31"), ["2024-02-29", "2028-02-29", "2032-02-29"]);
    assert_eq!(
        days("FREQ=MONTHLY;COUNT=3", "2026-01-31", "2030-01-01"),
        ["2026-01-31", "2026-03-31", "2026-05-31"]
    );
    assert_eq!(
        days("FREQ=MONTHLY;BYMONTHDAY=-31", "2026-01-01", "2026-06-01"),
        ["2026-01-01", "2026-03-01", "2026-05-01"]
    );
    assert_eq!(
        days("FREQ=MONTHLY;BYMONTHDAY=28,29,30,31;BYSETPOS=-1", "2026-01-31", "2026-04-30"),
        ["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]
    );
}

#[test]
fn skipped_start_moves_later_and_ambiguous_start_is_the_first() {
    let days = |first: &str, zone: &str, from: &str, last: &str| {
        let found = local(&["RRULE:FREQ=DAILY"], first, zone, from, last);
        found.join(", ")
    };
    assert_eq!(
        days("2020-01-01T02:30", "Europe/Berlin", "2026-03-28", "2026-03-30"),
        "2026-03-28 02:30, 2026-03-29 03:30, 2026-03-30 02:30"
    );
    assert_eq!(
        days("2020-01-01T02:15", "Australia/Lord_Howe", "2026-10-03", "2026-10-05"),
        "2026-10-03 02:15, 2026-10-04 02:45, 2026-10-05 02:15"
    );
    // In Nuuk, the clocks go forward from 23:00 to midnight.
    assert_eq!(
        days("2024-06-01T23:30", "America/Nuuk", "2026-03-27", "2026-03-29"),
        "2026-03-27 23:30, 2026-03-29 00:30, 2026-03-29 23:30"
    );
    let (lines, first) = read(&["RRULE:FREQ=DAILY"], "2020-01-01T02:30", "Europe/Berlin").unwrap();
    assert!(
        lines.rule.has(first, at("2026-10-25T00:30Z")) && !lines.rule.has(first, at("2026-10-25T01:30Z"))
    );
}

#[test]
fn date_that_the_zone_skips_has_no_start() {
    let days = |rule: &str, first: &str, zone: &str, from: &str, last: &str| {
        let found = local(&[rule], first, zone, from, last);
        found.into_iter().map(|start| start[8..10].to_owned()).collect::<Vec<_>>().join(" ")
    };
    let apia = |rule: &str, first: &str| days(rule, first, "Pacific/Apia", "2011-12-28", "2012-01-06");
    assert_eq!(apia("RRULE:FREQ=DAILY;UNTIL=20120101", "2010-01-01T09:00"), "28 29 31 01");
    assert_eq!(apia("RRULE:FREQ=DAILY;COUNT=4", "2011-12-28T09:00"), "28 29 31 01", "30th is not counted");
    assert_eq!(apia("RRULE:FREQ=WEEKLY;BYDAY=FR", "2011-12-02T09:00"), "06");
    assert_eq!(apia("RRULE:FREQ=DAILY;UNTIL=20111230", "2011-12-01T00:00"), "28 29");
    let kwajalein =
        days("RRULE:FREQ=DAILY", "1990-01-01T12:00", "Pacific/Kwajalein", "1993-08-19", "1993-08-23");
    assert_eq!(kwajalein, "19 20 22 23");
}

#[test]
fn until_is_a_date_a_local_time_or_a_utc_time() {
    let last = |until: &str, first: &str, zone: &str| {
        let line = format!("RRULE:FREQ=DAILY;UNTIL={until}");
        local(&[&line], first, zone, "2026-12-01", "2027-01-31").last().cloned().unwrap_or_default()
    };
    assert_eq!(last("20261231", "2026-12-01T20:00", "America/Los_Angeles"), "2026-12-31 20:00");
    assert_eq!(last("20261231T200000", "2026-12-01T20:00", "America/Los_Angeles"), "2026-12-31 20:00");
    assert_eq!(last("20270101T040000Z", "2026-12-01T20:00", "America/Los_Angeles"), "2026-12-31 20:00");
    assert_eq!(last("20270101T035959Z", "2026-12-01T20:00", "America/Los_Angeles"), "2026-12-30 20:00");
    assert_eq!(last("20261231T225959Z", "2026-12-01", "UTC"), "2026-12-31 00:00");
    for endless in ["99991231T235959Z", "99991231T235959", "99991231", "99991231t235959z"] {
        assert_eq!(last(endless, "2026-12-01T20:00", "Asia/Tokyo"), "2027-01-31 20:00", "{endless}");
    }
    assert_eq!(last("20261130", "2026-12-01T20:00", "UTC"), "", "UNTIL is before the first start");
}

#[test]
fn exdate_in_every_form_removes_occurrences() {
    let left = |lines: &[&str], first: &str| {
        let lines = [&["RRULE:FREQ=DAILY;COUNT=5"], lines].concat();
        let found = local(&lines, first, "Europe/Berlin", "2026-10-20", "2026-11-10");
        found.into_iter().map(|start| start[8..10].to_owned()).collect::<Vec<_>>().join(" ")
    };
    let nine = "2026-10-23T00:30";
    for (lines, expected) in [
        (&["EXDATE;TZID=Europe/Berlin:20261024T003000"][..], "23 25 26 27"),
        (&["EXDATE;TZID=\"Europe/Berlin\":20261024T003000"], "23 25 26 27"),
        (&["exdate;x-note=\"a:b;c\";tzid=europe/berlin:20261024t003000,20261026t003000"], "23 25 27"),
        (&["EXDATE:20261023T223000Z", "EXDATE:20261025T233000Z"], "23 25 27"),
        (&["EXDATE;TZID=America/New_York:20261023T183000"], "23 25 26 27"),
        (&["EXDATE:20261024T003000"], "23 25 26 27"),
        (&["EXDATE;VALUE=DATE:20261024,20261027"], "23 25 26"),
        (&["EXDATE;VALUE=DATE-TIME;TZID=Europe/Berlin:2026\r\n 1024T003000"], "23 25 26 27"),
        (&["EXDATE:20261022T223000Z\r\nEXDATE;VALUE=DATE:20261025"], "24 26 27"),
        (&["EXDATE:20261024T003001"], "23 24 25 26 27"),
    ] {
        assert_eq!(left(lines, nine), expected, "{lines:?}");
    }
    // In an all-day series, only the date of a value is used.
    let all_day = |line: &str| {
        local(&["RRULE:FREQ=DAILY;COUNT=3", line], "2026-10-23", "UTC", "2026-10-20", "2026-11-10").len()
    };
    for line in
        ["EXDATE;VALUE=DATE:20261024", "EXDATE;TZID=Asia/Tokyo:20261024T000000", "EXDATE:20261024T090000Z"]
    {
        assert_eq!(all_day(line), 2, "{line}");
    }
}

#[test]
fn rdates_are_added_and_not_counted() {
    let starts = |lines: &[&str]| {
        local(lines, "2026-11-02T09:00", "Europe/Berlin", "2026-11-01", "2026-11-30").join(", ")
    };
    let rule = "RRULE:FREQ=WEEKLY;COUNT=2";
    assert_eq!(
        starts(&[rule, "RDATE;TZID=Europe/Berlin:20261105T180000,20261109T090000"]),
        "2026-11-02 09:00, 2026-11-05 18:00, 2026-11-09 09:00"
    );
    assert_eq!(
        starts(&[rule, "RDATE;VALUE=DATE:20261104", "EXDATE;VALUE=DATE:20261109"]),
        "2026-11-02 09:00, 2026-11-04 09:00"
    );
    assert_eq!(starts(&["RDATE:20261103T080000Z"]), "2026-11-02 09:00, 2026-11-03 09:00");
    let (lines, _) = read(&[rule, "RDATE:20261103T080000Z"], "2026-11-02T09:00", "Europe/Berlin").unwrap();
    assert_eq!(lines::write(&lines.rule, false), [rule, "RDATE:20261103T080000Z"]);
}

#[test]
fn written_rule_equals_the_rule_read() {
    for rule in [
        "FREQ=DAILY",
        "FREQ=WEEKLY;INTERVAL=2;WKST=SU;UNTIL=20270101T000000Z;BYDAY=MO,FR",
        "FREQ=MONTHLY;COUNT=3;BYDAY=MO,-1FR;BYMONTHDAY=1,-1;BYMONTH=2;BYSETPOS=1,-1",
        "FREQ=YEARLY;BYYEARDAY=1,-366;BYMONTH=12",
        "FREQ=YEARLY;BYDAY=MO;BYWEEKNO=53,-1",
    ] {
        let line = format!("RRULE:{rule}");
        let (lines, _) = read(&[&line], "2026-11-02T09:00", "UTC").unwrap();
        assert_eq!(lines::write(&lines.rule, false), [line]);
    }
    let lower = read(&["rrule:freq=weekly;\r\n byday=mo,fr;wkst=su"], "2026-11-02T09:00", "UTC").unwrap().0;
    assert_eq!(lines::write(&lower.rule, false), ["RRULE:FREQ=WEEKLY;WKST=SU;BYDAY=MO,FR"]);
}

#[test]
fn invalid_lines_are_refused_with_what_was_expected() {
    for (line, expected) in [
        ("RRULE:FREQ=HOURLY", "FREQ=DAILY, WEEKLY, MONTHLY or YEARLY"),
        ("RRULE:INTERVAL=2", "FREQ=DAILY"),
        ("RRULE:", "FREQ=DAILY"),
        ("RRULE:FREQ=DAILY;FREQ=WEEKLY", "FREQ once"),
        ("RRULE:FREQ=DAILY;INTERVAL=0", "a whole number from 1"),
        ("RRULE:FREQ=DAILY;INTERVAL=99999999999999999999", "a whole number from 1"),
        ("RRULE:FREQ=DAILY;COUNT=-1", "a whole number from 1"),
        ("RRULE:FREQ=DAILY;COUNT=36526", "from 1 to 36525"),
        ("RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101T000000Z", "not both"),
        ("RRULE:FREQ=DAILY;UNTIL=20271301", "20261231"),
        ("RRULE:FREQ=DAILY;UNTIL=2027-01-01", "20261231"),
        ("RRULE:FREQ=DAILY;BYHOUR=9", "FREQ, INTERVAL"),
        ("RRULE:FREQ=WEEKLY;BYDAY=1MO", "MONTHLY or YEARLY"),
        ("RRULE:FREQ=MONTHLY;BYDAY=6MO", "five of each weekday"),
        ("RRULE:FREQ=YEARLY;BYDAY=54MO", "weekdays such as"),
        ("RRULE:FREQ=YEARLY;BYDAY=1MO;BYWEEKNO=1", "BYWEEKNO"),
        ("RRULE:FREQ=MONTHLY;BYDAY=\u{e9}", "weekdays such as"),
        ("RRULE:FREQ=MONTHLY;BYMONTHDAY=32", "days from 1 to 31"),
        ("RRULE:FREQ=WEEKLY;BYMONTHDAY=1", "WEEKLY"),
        ("RRULE:FREQ=DAILY;BYMONTH=13", "months from 1 to 12"),
        ("RRULE:FREQ=MONTHLY;BYYEARDAY=1", "FREQ=YEARLY"),
        ("RRULE:FREQ=YEARLY;BYYEARDAY=0", "days from 1 to 366"),
        ("RRULE:FREQ=DAILY;BYSETPOS=1", "another BY part"),
        ("RRULE:FREQ=DAILY;WKST=XX", "MO, TU"),
        ("RRULE;X=\"FREQ=DAILY", "NAME:VALUE"),
        ("DTSTART:20261116T090000Z", "RRULE, RDATE or EXDATE"),
        ("EXDATE:20261116T090000Z", "an RRULE or RDATE"),
        ("RDATE;VALUE=PERIOD:20261116T090000Z/PT1H", "20261231"),
        ("RDATE;TZID=Europe/Nowhere:20261116T090000", "an IANA name"),
        ("FREQ=DAILY", "NAME:VALUE"),
    ] {
        let refused = read(&[line], "2026-11-02T09:00", "UTC").map(drop).unwrap_err();
        assert!(refused.contains(expected), "{line}: {refused}");
    }
    assert!(read(&["RRULE:FREQ=DAILY", "RRULE:FREQ=WEEKLY"], "2026-11-02", "UTC").is_err());
}

#[test]
fn huge_lines_are_read_without_duplicates() {
    let days: Vec<_> = (0..20_000)
        .map(|n| format!("{}T090000Z", 20270101 + n % 28 + n / 28 % 12 * 100 + n / 336 * 10_000))
        .collect();
    let days = days.join(",");
    let lists = format!("RRULE:FREQ=DAILY;COUNT=36525;BYMONTHDAY={}", vec!["31"; 20_000].join(","));
    let lines =
        [lists.as_str(), &format!("EXDATE:{days}"), &format!("RDATE:{days}"), "EXDATE;VALUE=DATE:20270101"];
    let (Lines { rule, except }, first) = read(&lines, "2026-12-31T09:00", "UTC").unwrap();
    assert_eq!((rule.by_month_day.len(), except.len()), (1, 20_000));
    assert!(rule.starts(first, first, Timestamp::MAX).count() > 36_525);
}

proptest! {
    #[test]
    fn any_lines_are_read_or_refused(
        line in "[A-Z;=:,\"0-9+-]{0,20}|(RRULE|EXDATE|RDATE)[:;](FREQ=(DAILY|YEARLY);)?([A-Z]{4,10}=[-0-9A-Z,+é]{0,12};?){0,4}",
        year in 1..9999_i16,
    ) {
        if let Ok((Lines { rule, except }, first)) = read(&["RRULE:FREQ=DAILY", &line], &format!("{year:04}-12-30"), "UTC") {
            prop_assert!(except.iter().all(|start| rule.has(first, *start)));
        }
        if let Ok((Lines { rule, .. }, first)) = read(&[&line], &format!("{year:04}-12-30"), "UTC") {
            let starts: Vec<_> = rule.starts(first, first, Timestamp::MAX).take(50).collect();
            prop_assert!(starts.is_sorted_by(|one, next| one < next), "{starts:?}");
        }
    }
}

#[test]
fn time_that_clocks_skip_on_the_first_day_returns_on_later_days() {
    let zone = time::zone("Australia/Lord_Howe").unwrap();
    let mut rule = Recurrence { zone: zone.clone(), ..Recurrence::new(Frequency::Daily) };
    rule.time = Some("02:00".parse().unwrap());
    let first = "1999-10-31T02:00".parse::<jiff::civil::DateTime>().unwrap().to_zoned_datetime(zone).unwrap();
    let local = |first| -> Vec<_> {
        let starts = rule.starts(first, first, Timestamp::MAX).take(2);
        starts.map(|start| rule.zone.to_datetime(start).strftime("%F %H:%M").to_string()).collect()
    };
    assert_eq!(local(first.timestamp()), ["1999-10-31 02:30", "1999-11-01 02:00"]);
    let moved = first.timestamp() + jiff::SignedDuration::from_hours(1);
    assert_eq!(local(moved), ["1999-10-31 03:30", "1999-11-01 03:30"], "a moved series ignores `time`");
}
