//! Reads and writes recurrence lines (RFC 5545): `RRULE` (at most one), `EXDATE` and `RDATE`.
//!
//! Refuses lines that the sandbox does not support: rules by the hour, minute or second, `EXRULE` (deprecated
//! by RFC 5545), and `RDATE`s with a duration.

use super::{End, Frequency, MAX_OCCURRENCES, Recurrence, end_of};
use crate::stored::TextForm;
use crate::world::time;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::TimeZone;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

/// A recurrence rule, and the starts that `EXDATE` removes.
#[derive(Debug)]
pub(crate) struct Lines {
    pub(crate) rule: Recurrence,
    pub(crate) except: BTreeSet<Timestamp>,
}

/// The start of the series that the lines belong to.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) at: Timestamp,
    pub(crate) all_day: bool,
    /// The time zone of the series; UTC for an all-day event.
    pub(crate) zone: TimeZone,
}

/// Reads the lines. The error names the invalid part and what was expected.
pub(crate) fn read(lines: &[String], start: &Start) -> Result<Lines, String> {
    let mut rule = None;
    let (mut except, mut extra) = (Vec::new(), Vec::new());
    for line in lines.iter().flat_map(|text| unfolded(text)) {
        let property = Property::read(&line).ok_or_else(|| format!("{line} (expected NAME:VALUE)"))?;
        match property.name.as_str() {
            "RRULE" if rule.is_some() => return Err(format!("{line} (expected one RRULE)")),
            "RRULE" => rule = Some(read_rule(&property.value, start)?),
            "EXDATE" => except.extend(property.times(&start.zone)?),
            "RDATE" => extra.extend(property.times(&start.zone)?),
            _ => return Err(format!("{line} (expected RRULE, RDATE or EXDATE)")),
        }
    }
    let mut rule = match rule {
        None if extra.is_empty() => {
            return Err("the lines are incomplete (expected an RRULE or RDATE)".to_owned());
        }
        None => {
            Recurrence { end: End::Count(1), zone: start.zone.clone(), ..Recurrence::new(Frequency::Daily) }
        }
        Some(rule) => rule,
    };
    rule.extra = extra.into_iter().flat_map(|one| one.starts(&rule, start)).collect();
    let except = except.into_iter().flat_map(|one| one.starts(&rule, start)).collect();
    let except = rule.known(start.at, except);
    Ok(Lines { rule, except })
}

pub(crate) fn write(rule: &Recurrence, all_day: bool) -> Vec<String> {
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
    for (key, list) in [
        ("BYDAY", days.chain(nth).collect()),
        ("BYMONTHDAY", to_strings(&rule.by_month_day)),
        ("BYYEARDAY", to_strings(&rule.by_year_day)),
        ("BYWEEKNO", to_strings(&rule.by_week)),
        ("BYMONTH", to_strings(&rule.by_month)),
        ("BYSETPOS", to_strings(&rule.positions)),
    ] {
        if !list.is_empty() {
            parts.push(format!("{key}={}", list.join(",")));
        }
    }
    let kind = if all_day { ";VALUE=DATE" } else { "" };
    let extra = rule.extra.iter().map(|at| format!("RDATE{kind}:{}", time::stamp(*at, all_day)));
    std::iter::once(format!("RRULE:{}", parts.join(";"))).chain(extra).collect()
}

/// Splits a text into lines, and unfolds folded lines.
fn unfolded(text: &str) -> Vec<String> {
    let text = text.replace("\r\n", "\n").replace("\n ", "").replace("\n\t", "");
    text.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

/// A recurrence line: `NAME;PARAMETER=VALUE:VALUE`.
struct Property {
    name: String,
    zone: Option<String>,
    value: String,
}

impl Property {
    /// Reads a line, ignoring case. A parameter value can be quoted.
    fn read(line: &str) -> Option<Self> {
        let head = line.split(outside_quotes(':')).next()?;
        let value = line.get(head.len() + 1..)?.trim().to_ascii_uppercase();
        let mut parameters = head.split(outside_quotes(';'));
        let name = parameters.next()?.trim().to_ascii_uppercase();
        let mut parameters = parameters.filter_map(|one| one.split_once('='));
        let zone = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("TZID"));
        Some(Self { name, zone: zone.map(|(_, zone)| zone.trim().trim_matches('"').to_owned()), value })
    }

    fn times(&self, zone: &TimeZone) -> Result<Vec<Time>, String> {
        let zone = match &self.zone {
            None => zone.clone(),
            Some(name) => time::zone(name)
                .ok_or_else(|| format!("{}: unknown time zone {name} (expected an IANA name)", self.name))?,
        };
        let read = |text: &str| {
            let known = read_time(text.trim(), &zone);
            known.ok_or_else(|| format!("{}: {text} (expected 20261231 or 20261231T090000Z)", self.name))
        };
        self.value.split(',').map(read).collect()
    }
}

/// Returns a predicate for splitting at `separator`, except between quotes.
fn outside_quotes(separator: char) -> impl FnMut(char) -> bool {
    let mut quoted = false;
    move |one| {
        quoted ^= one == '"';
        one == separator && !quoted
    }
}

/// A value of `EXDATE`, `RDATE` or `UNTIL`.
#[derive(Clone, Copy, Debug)]
struct Time {
    /// The date in the text, not converted to another time zone.
    date: Date,
    /// The time; `None` for a date.
    at: Option<Timestamp>,
}

impl Time {
    /// Returns the starts that the value selects in the series. A date selects every start on that
    /// day. In an all-day series, only the date of a time is used.
    fn starts(self, rule: &Recurrence, start: &Start) -> Vec<Timestamp> {
        match self.at {
            Some(at) if !start.all_day => vec![at],
            _ => {
                let begin = self.date.to_zoned_datetime(rule.zone.clone()).map(|begin| begin.timestamp());
                let from = begin.unwrap_or(Timestamp::MAX);
                let extra = rule.extra_between(from, end_of(self.date, &rule.zone));
                extra.chain(rule.start_on(self.date, start.at)).collect()
            }
        }
    }
}

/// Reads `20261231`, `20261231T090000` (in the zone) or `20261231T090000Z`. A time that is out of
/// range becomes `Timestamp::MAX`.
fn read_time(text: &str, zone: &TimeZone) -> Option<Time> {
    let (local, utc) = text.strip_suffix('Z').map_or((text, false), |local| (local, true));
    let form = |(at, byte): (usize, u8)| if at == 8 { byte == b'T' } else { byte.is_ascii_digit() };
    if !local.bytes().enumerate().all(form) {
        return None;
    }
    match (local.len(), utc) {
        (8, false) => Some(Time { date: local.parse().ok()?, at: None }),
        (15, _) => {
            let civil: DateTime = local.parse().ok()?;
            let zone = if utc { TimeZone::UTC } else { zone.clone() };
            let at = civil.to_zoned_datetime(zone).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
            Some(Time { date: civil.date(), at: Some(at) })
        }
        _ => None,
    }
}

fn read_rule(text: &str, start: &Start) -> Result<Recurrence, String> {
    let mut parts = BTreeMap::new();
    for part in text.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or_else(|| format!("{part} (expected NAME=VALUE)"))?;
        if parts.insert(key, value).is_some() {
            return Err(format!("{part} (expected {key} once)"));
        }
    }
    let named = parts.get("FREQ").and_then(|name| frequency(name));
    let named = named.ok_or_else(|| format!("{text} (expected FREQ=DAILY, WEEKLY, MONTHLY or YEARLY)"))?;
    let mut rule = Recurrence::new(named);
    rule.zone = start.zone.clone();
    for (key, value) in parts {
        read_part(&mut rule, key, value)
            .map_err(|expected| format!("{key}={value} (expected {expected})"))?;
    }
    check(&rule).map_err(|expected| format!("{text} ({expected})"))?;
    Ok(rule)
}

/// Reads a part of a rule. The error text says which value was expected.
fn read_part(rule: &mut Recurrence, key: &str, value: &str) -> Result<(), &'static str> {
    match key {
        "FREQ" => {}
        "INTERVAL" => {
            let interval = value.parse().ok().filter(|interval| (1..=i64::from(i32::MAX)).contains(interval));
            rule.interval = interval.ok_or("a whole number from 1 to 2147483647")?;
        }
        "COUNT" | "UNTIL" if rule.end != End::Never => return Err("COUNT or UNTIL, not both"),
        "COUNT" => {
            let count = value.parse().ok().filter(|count| (1..=MAX_OCCURRENCES).contains(count));
            rule.end = End::Count(count.ok_or("a whole number from 1 to 36525")?);
        }
        "UNTIL" => {
            let until = read_time(value, &rule.zone).ok_or("20261231 or 20261231T090000Z")?;
            rule.end = End::Until(until.at.unwrap_or_else(|| end_of(until.date, &rule.zone)));
        }
        "BYDAY" => read_days(rule, value).ok_or("weekdays such as MO, 1MO or -1FR")?,
        "BYMONTHDAY" => {
            rule.by_month_day = numbers(value, -31..=31).ok_or("days from 1 to 31 or -31 to -1")?
        }
        "BYYEARDAY" => {
            rule.by_year_day = numbers(value, -366..=366).ok_or("days from 1 to 366 or -366 to -1")?
        }
        "BYWEEKNO" => rule.by_week = numbers(value, -53..=53).ok_or("weeks from 1 to 53 or -53 to -1")?,
        "BYMONTH" => rule.by_month = numbers(value, 1..=12).ok_or("months from 1 to 12")?,
        "BYSETPOS" => {
            rule.positions = numbers(value, -366..=366).ok_or("positions from 1 to 366 or -366 to -1")?
        }
        "WKST" => rule.week_start = weekday(value).ok_or("MO, TU, WE, TH, FR, SA or SU")?,
        _ => {
            return Err(
                "FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYYEARDAY, BYWEEKNO, BYMONTH, BYSETPOS or WKST",
            );
        }
    }
    Ok(())
}

fn read_days(rule: &mut Recurrence, value: &str) -> Option<()> {
    for day in value.split(',').map(str::trim) {
        let (n, day) = day.split_at_checked(day.len().checked_sub(2)?)?;
        match n {
            "" => push_new(&mut rule.by_day, weekday(day)?),
            n => push_new(&mut rule.nth, (number(n, &(-53..=53))?, weekday(day)?)),
        }
    }
    Some(())
}

/// Checks that the parts can be combined (RFC 5545, 3.3.10).
fn check(rule: &Recurrence) -> Result<(), &'static str> {
    let yearly = rule.frequency == Frequency::Yearly;
    let numbered = !rule.nth.is_empty();
    let most = if yearly && rule.by_month.is_empty() { 53 } else { 5 };
    let by_day = !rule.by_day.is_empty() || numbered;
    let days = by_day || !rule.by_month_day.is_empty() || !rule.by_year_day.is_empty();
    let any = days || !rule.by_week.is_empty() || !rule.by_month.is_empty();
    if numbered && !(yearly || rule.frequency == Frequency::Monthly) {
        Err("BYDAY with a number, such as 1MO, needs FREQ=MONTHLY or YEARLY")
    } else if numbered && !rule.by_week.is_empty() {
        Err("BYDAY with a number, such as 1MO, is not allowed with BYWEEKNO")
    } else if rule.nth.iter().any(|(n, _)| n.abs() > most) {
        Err("the number in BYDAY must be from -5 to 5: a month has at most five of each weekday")
    } else if !rule.by_month_day.is_empty() && rule.frequency == Frequency::Weekly {
        Err("BYMONTHDAY is not allowed with FREQ=WEEKLY")
    } else if !(yearly || (rule.by_year_day.is_empty() && rule.by_week.is_empty())) {
        Err("BYYEARDAY and BYWEEKNO need FREQ=YEARLY")
    } else if !(rule.positions.is_empty() || any) {
        Err("BYSETPOS needs another BY part")
    } else {
        Ok(())
    }
}

fn numbers<T: TryFrom<i16> + PartialEq>(text: &str, range: RangeInclusive<i16>) -> Option<Vec<T>> {
    let mut numbers = Vec::new();
    for text in text.split(',') {
        push_new(&mut numbers, number(text.trim(), &range)?);
    }
    Some(numbers)
}

/// Adds a value, unless the list already has the value.
///
/// Every day of a series is compared with the list, so duplicates would cost time.
fn push_new<T: PartialEq>(list: &mut Vec<T>, one: T) {
    if !list.contains(&one) {
        list.push(one);
    }
}

/// Reads a number in the range, except 0, which no part allows.
fn number<T: TryFrom<i16>>(text: &str, range: &RangeInclusive<i16>) -> Option<T> {
    let number = text.parse().ok().filter(|number| *number != 0 && range.contains(number))?;
    T::try_from(number).ok()
}

fn to_strings(numbers: &[impl ToString]) -> Vec<String> {
    numbers.iter().map(ToString::to_string).collect()
}

const FREQUENCIES: [(&str, Frequency); 4] = [
    ("DAILY", Frequency::Daily),
    ("WEEKLY", Frequency::Weekly),
    ("MONTHLY", Frequency::Monthly),
    ("YEARLY", Frequency::Yearly),
];

fn frequency(text: &str) -> Option<Frequency> {
    FREQUENCIES.iter().find(|(name, _)| *name == text).map(|(_, frequency)| *frequency)
}

fn frequency_name(frequency: Frequency) -> &'static str {
    FREQUENCIES.iter().find(|(_, known)| *known == frequency).map_or("DAILY", |(name, _)| name)
}

impl TextForm for Weekday {
    const EXPECTED: &'static str = "a weekday (expected MO, TU, WE, TH, FR, SA or SU)";

    fn to_text(&self) -> String {
        name(*self).to_owned()
    }

    fn from_text(text: &str) -> Option<Self> {
        weekday(text)
    }
}

/// A weekday with a number, such as `2MO`.
impl TextForm for (i8, Weekday) {
    const EXPECTED: &'static str = "a weekday with a number (expected a text such as 2MO or -1FR)";

    fn to_text(&self) -> String {
        format!("{}{}", self.0, name(self.1))
    }

    fn from_text(text: &str) -> Option<Self> {
        let (number, day) = text.split_at_checked(text.len().checked_sub(2)?)?;
        Some((number.parse().ok()?, weekday(day)?))
    }
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
    WEEKDAYS.iter().find(|(name, _)| *name == text).map(|(_, weekday)| *weekday)
}

fn name(weekday: Weekday) -> &'static str {
    WEEKDAYS.iter().find(|(_, known)| *known == weekday).map_or("MO", |(name, _)| name)
}
