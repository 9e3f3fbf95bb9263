//! Recurrence rules as text (RFC 5545 3.3.10) and JSON.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use connect_types::{End, Recurrence, Weekday};

fn json(rule: &Recurrence) -> String {
    serde_json::to_string(rule).unwrap()
}

#[test]
fn a_rule_is_a_line_and_an_object() {
    let rule = Recurrence::daily().interval(2).count(10);
    assert_eq!(rule.rrule().unwrap(), "RRULE:FREQ=DAILY;INTERVAL=2;COUNT=10");
    assert_eq!(json(&rule), r#"{"frequency":"DAILY","interval":2,"count":10}"#);
    let rule = Recurrence::yearly().in_months([1, 12]).on_days([1, -1]).on([Weekday::Sunday]);
    assert_eq!(rule.rrule().unwrap(), "RRULE:FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=1,-1;BYDAY=SU");
    assert_eq!(json(&rule), r#"{"frequency":"YEARLY","byDay":["SU"],"byMonthDay":[1,-1],"byMonth":[1,12]}"#);
}

#[test]
fn an_end_replaces_the_other() {
    let last: jiff::Timestamp = "2026-12-31T23:59:59.999Z".parse().unwrap();
    let rule = Recurrence::monthly().count(3).until(last);
    assert_eq!(json(&rule), r#"{"frequency":"MONTHLY","until":"20261231T235959Z"}"#);
    assert_eq!(rule.rrule().unwrap(), "RRULE:FREQ=MONTHLY;UNTIL=20261231T235959Z");
    assert!(matches!(rule.count(3).end(), End::Count(_)));
    assert!(Recurrence::daily().count(0).until(last).rrule().is_ok());
}

#[test]
fn a_line_is_read() {
    for (text, rule) in [
        ("RRULE:FREQ=DAILY", Recurrence::daily()),
        ("freq=weekly;wkst=mo;byday=mo,fr", Recurrence::weekly().on([Weekday::Monday, Weekday::Friday])),
        (" FREQ=MONTHLY;BYMONTHDAY=-1; ", Recurrence::monthly().on_days([-1])),
        (
            "FREQ=DAILY;UNTIL=20261231",
            Recurrence::daily().until("2026-12-31T23:59:59Z".parse::<jiff::Timestamp>().unwrap()),
        ),
    ] {
        assert_eq!(text.trim().parse::<Recurrence>().as_ref(), Ok(&rule), "{text}");
    }
}

#[test]
fn what_connect_cannot_take_is_named() {
    for (text, part) in [
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=1", "BYSETPOS=1"),
        ("FREQ=MONTHLY;BYDAY=2TU", "BYDAY=2TU"),
        ("FREQ=HOURLY", "FREQ=HOURLY"),
        ("FREQ=WEEKLY;WKST=SU", "WKST=SU"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=+3", "COUNT=+3"),
        ("FREQ=DAILY;COUNT=3;COUNT=4", "COUNT=4"),
        ("FREQ=DAILY;UNTIL=20261231T235959", "UNTIL=20261231T235959"),
        ("FREQ=DAILY;UNTIL=2026\u{e9}\u{e9}", "UNTIL"),
        ("FREQ=DAILY;X", "X"),
        ("COUNT=3", "FREQ is missing"),
        ("", "FREQ is missing"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20261231T235959Z", "exclude"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY"),
        ("FREQ=YEARLY;BYMONTH=13", "BYMONTH"),
    ] {
        let error = text.parse::<Recurrence>().unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}
