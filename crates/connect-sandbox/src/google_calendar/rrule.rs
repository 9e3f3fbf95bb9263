//! Lines of RFC 5545 for a series, without `DTSTART`: one `RRULE`, and `EXDATE`s.
//!
//! `RDATE` and `EXRULE`, and what a rule may say of hours, minutes, and numbered days and weeks of a year, are refused: the
//! calendars here have no such series.

use super::refused::Refused;
use super::times;
use crate::events::{End, Frequency, Recurrence};
use crate::time;
use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;

/// A rule, and the starts it does not have.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) rule: Recurrence,
    pub(super) except: Vec<Timestamp>,
}

/// Reads the lines; `zone` is where days are counted, UTC for all-day events.
pub(super) fn read(lines: &[String], zone: &TimeZone) -> Result<Lines, Refused> {
    let mut rule = None;
    let mut except = Vec::new();
    for line in lines {
        let (name, value) = line.split_once(':').ok_or_else(|| wrong(line))?;
        let mut parameters = name.split(';');
        match parameters.next().map(str::to_ascii_uppercase).as_deref() {
            Some("RRULE") if rule.is_none() => rule = Some(read_rule(value, zone)?),
            Some("EXDATE") => {
                let named = parameters.find_map(|one| one.strip_prefix("TZID=")).map(times::zone);
                let zone = named.unwrap_or_else(|| Some(zone.clone())).ok_or_else(|| wrong(line))?;
                for one in value.split(',') {
                    except.push(read_time(one, &zone).ok_or_else(|| wrong(line))?);
                }
            }
            _ => return Err(wrong(line)),
        }
    }
    let rule = rule.ok_or_else(|| wrong("a series without RRULE"))?;
    Ok(Lines { rule, except })
}

/// The line of a rule.
pub(super) fn line(rule: &Recurrence, all_day: bool) -> String {
    let mut parts = vec![format!("FREQ={}", frequency_name(rule.frequency))];
    if rule.interval != 1 {
        parts.push(format!("INTERVAL={}", rule.interval));
    }
    if rule.week_start != Weekday::Monday {
        parts.push(format!("WKST={}", name(rule.week_start)));
    }
    match rule.end {
        End::Never => {}
        End::Count(count) => parts.push(format!("COUNT={count}")),
        End::Until(until) => parts.push(format!("UNTIL={}", time::stamp(until, all_day))),
    }
    let days = rule.by_day.iter().map(|day| name(*day).to_owned());
    let nth = rule.nth.iter().map(|(n, day)| format!("{n}{}", name(*day)));
    let days: Vec<_> = days.chain(nth).collect();
    let numbers = |numbers: &[i8]| numbers.iter().map(i8::to_string).collect::<Vec<_>>();
    for (key, list) in [
        ("BYDAY", days),
        ("BYMONTHDAY", numbers(&rule.by_month_day)),
        ("BYMONTH", numbers(&rule.by_month)),
        ("BYSETPOS", numbers(&rule.positions)),
    ] {
        if !list.is_empty() {
            parts.push(format!("{key}={}", list.join(",")));
        }
    }
    format!("RRULE:{}", parts.join(";"))
}

fn wrong(what: &str) -> Refused {
    Refused::new(400, "invalid", format!("Invalid recurrence rule: {what}"))
}

fn read_rule(text: &str, zone: &TimeZone) -> Result<Recurrence, Refused> {
    let mut parts = Vec::new();
    for part in text.split(';').filter(|part| !part.is_empty()) {
        parts.push(part.split_once('=').ok_or_else(|| wrong(part))?);
    }
    let named = parts.iter().find(|(key, _)| key.eq_ignore_ascii_case("FREQ"));
    let frequency = named.and_then(|(_, value)| frequency(value)).ok_or_else(|| wrong(text))?;
    let mut rule = Recurrence::new(frequency);
    rule.zone = zone.clone();
    for (key, value) in parts {
        read_part(&mut rule, key, value).ok_or_else(|| wrong(&format!("{key}={value}")))?;
    }
    Ok(rule)
}

fn read_part(rule: &mut Recurrence, key: &str, value: &str) -> Option<()> {
    match key.to_ascii_uppercase().as_str() {
        "FREQ" => {}
        "INTERVAL" => rule.interval = value.parse().ok().filter(|interval| (1..=1000).contains(interval))?,
        "COUNT" | "UNTIL" if rule.end != End::Never => return None,
        "COUNT" => rule.end = End::Count(value.parse().ok().filter(|count| *count > 0)?),
        "UNTIL" => rule.end = End::Until(read_until(value, &rule.zone)?),
        "BYDAY" => {
            for day in value.split(',') {
                let (n, day) = day.split_at_checked(day.len().checked_sub(2)?)?;
                match n {
                    "" => rule.by_day.push(weekday(day)?),
                    n => rule.nth.push((number(n, 5)?, weekday(day)?)),
                }
            }
            let counts = matches!(rule.frequency, Frequency::Monthly | Frequency::Yearly);
            (counts || rule.nth.is_empty()).then_some(())?;
        }
        "BYMONTHDAY" => rule.by_month_day = numbers(value, 31)?,
        "BYMONTH" => rule.by_month = numbers(value, 12).filter(|all| all.iter().all(|month| *month > 0))?,
        "BYSETPOS" => rule.positions = numbers(value, 31)?,
        "WKST" => rule.week_start = weekday(value)?,
        _ => return None,
    }
    Some(())
}

/// A date alone lasts until its end.
fn read_until(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let date: Option<jiff::civil::Date> = text.parse().ok().filter(|_| !text.contains('T'));
    match date {
        Some(date) => Some(date.at(23, 59, 59, 0).to_zoned_datetime(zone.clone()).ok()?.timestamp()),
        None => read_time(text, zone),
    }
}

fn read_time(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let exact = text.parse::<Timestamp>().ok();
    let local = || text.parse::<DateTime>().ok()?.to_zoned_datetime(zone.clone()).ok();
    exact.or_else(|| local().map(|zoned| zoned.timestamp()))
}

fn numbers(text: &str, most: i8) -> Option<Vec<i8>> {
    text.split(',').map(|text| number(text, most)).collect()
}

fn number(text: &str, most: i8) -> Option<i8> {
    text.parse().ok().filter(|number: &i8| *number != 0 && (-most..=most).contains(number))
}

const FREQUENCIES: [(&str, Frequency); 4] = [
    ("DAILY", Frequency::Daily),
    ("WEEKLY", Frequency::Weekly),
    ("MONTHLY", Frequency::Monthly),
    ("YEARLY", Frequency::Yearly),
];

fn frequency(text: &str) -> Option<Frequency> {
    FREQUENCIES.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, frequency)| *frequency)
}

fn frequency_name(frequency: Frequency) -> &'static str {
    FREQUENCIES.iter().find(|(_, known)| *known == frequency).map_or("DAILY", |(name, _)| name)
}

const WEEKDAYS: [(&str, Weekday); 7] = [
    ("MO", Weekday::Monday),
    ("TU", Weekday::Tuesday),
    ("WE", Weekday::Wednesday),
    ("TH", Weekday::Thursday),
    ("FR", Weekday::Friday),
    ("SA", Weekday::Saturday),
    ("SU", Weekday::Sunday),
];

fn weekday(text: &str) -> Option<Weekday> {
    WEEKDAYS.iter().find(|(name, _)| name.eq_ignore_ascii_case(text)).map(|(_, weekday)| *weekday)
}

fn name(weekday: Weekday) -> &'static str {
    WEEKDAYS.iter().find(|(_, known)| *known == weekday).map_or("MO", |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(text: &str, first: &str, last: &str, zone: &str) -> Vec<String> {
        let zone = times::zone(zone).unwrap();
        let lines = read(&[format!("RRULE:{text}")], &zone).unwrap();
        assert_eq!(line(&lines.rule, false).strip_prefix("RRULE:"), Some(text), "and back");
        let (first, last) = (first.parse().unwrap(), last.parse().unwrap());
        lines.rule.starts(first, last).into_iter().map(|start| times::text(start, &zone)).collect()
    }

    #[test]
    fn days_are_counted_where_the_series_is() {
        let found = starts(
            "FREQ=WEEKLY;COUNT=3;BYDAY=SU",
            "2026-10-18T09:00:00+02:00",
            "2027-01-01T00:00:00Z",
            "Europe/Budapest",
        );
        let expected =
            ["2026-10-18T09:00:00+02:00", "2026-10-25T09:00:00+01:00", "2026-11-01T09:00:00+01:00"];
        assert_eq!(found, expected);
    }

    #[test]
    fn the_nth_of_a_weekday_and_the_nth_of_all_days() {
        let days = |text: &str| -> Vec<String> {
            let found = starts(text, "2026-11-01T00:00:00Z", "2027-01-31T00:00:00Z", "UTC");
            found.into_iter().skip(1).map(|start| start[..10].to_owned()).collect()
        };
        assert_eq!(days("FREQ=MONTHLY;BYDAY=2TU"), ["2026-11-10", "2026-12-08", "2027-01-12"]);
        assert_eq!(days("FREQ=MONTHLY;BYDAY=-1FR"), ["2026-11-27", "2026-12-25", "2027-01-29"]);
        let last_workday = "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1";
        assert_eq!(days(last_workday), ["2026-11-30", "2026-12-31", "2027-01-29"]);
        assert_eq!(days("FREQ=WEEKLY;INTERVAL=2;WKST=SU;BYDAY=MO")[0], "2026-11-02", "of the same week");
        assert_eq!(days("FREQ=WEEKLY;INTERVAL=2;BYDAY=MO")[0], "2026-11-09", "of the week after the next");
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let zone = TimeZone::UTC;
        let refused = |line: &str| read(&[line.to_owned()], &zone).is_err();
        for line in [
            "RRULE:FREQ=HOURLY",
            "RRULE:INTERVAL=2",
            "RRULE:FREQ=DAILY;COUNT=2;UNTIL=20270101T000000Z",
            "RRULE:FREQ=DAILY;BYHOUR=9",
            "RRULE:FREQ=WEEKLY;BYDAY=1MO",
            "RRULE:FREQ=MONTHLY;BYDAY=é",
            "DTSTART:20261116T090000Z",
            "RDATE:20261116T090000Z",
            "EXDATE:20261116T090000Z",
            "FREQ=DAILY",
        ] {
            assert!(refused(line), "{line}");
        }
    }
}
