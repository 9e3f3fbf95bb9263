//! Reads and writes recurrence rules as RRULE text (RFC 5545 3.3.10).

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{Display, Write};
use core::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::Offset;

use crate::icalendar::ContentLine;
use crate::operation::Invalid;
use crate::recurrence::{End, Recurrence, until_in_seconds};
use crate::{EventTime, Frequency, SeriesStart, Weekday};

impl Recurrence {
    /// Returns the rule as a line, such as `RRULE:FREQ=DAILY;INTERVAL=2;COUNT=10`.
    ///
    /// If you know the start of the series, use [`rrule_from`](Self::rrule_from), because the correct form of
    /// UNTIL depends on the start.
    ///
    /// # Errors
    /// [`Invalid`] if RFC 5545 does not allow the rule.
    pub fn rrule(&self) -> Result<String, Invalid> {
        let last = match self.end {
            End::Until(last) => Some(stamp(last)),
            End::On(day) => Some(day_stamp(day)),
            End::Never | End::Count(_) => None,
        };
        self.line(last)
    }

    /// Returns the rule as a line for a series with this start.
    ///
    /// UNTIL is a date for an all-day series, and an instant in UTC for a timed series (RFC 5545 3.3.10).
    ///
    /// ```
    /// use connect_types::Recurrence;
    /// use jiff::civil::date;
    ///
    /// let rule = Recurrence::daily().until(date(2026, 12, 31));
    /// let start = date(2026, 12, 28).at(20, 0, 0, 0).in_tz("America/Los_Angeles")?;
    /// assert_eq!(rule.rrule_from(start)?, "RRULE:FREQ=DAILY;UNTIL=20270101T040000Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] if RFC 5545 does not allow the rule, or if the end is out of range.
    pub fn rrule_from(&self, start: impl Into<SeriesStart>) -> Result<String, Invalid> {
        let start = start.into();
        let last = match (self.end, &start) {
            (End::Never | End::Count(_), _) => None,
            (End::On(day), _) => Some(start.until(start.day(), day)?),
            (End::Until(last), SeriesStart::Day(_)) => {
                Some(day_stamp(self.until_day.unwrap_or_else(|| utc(last).date())))
            }
            (End::Until(last), SeriesStart::At(start)) => {
                Some(stamp(until_in_seconds(last, start.timestamp())))
            }
            (End::Until(last), SeriesStart::Instant(start)) => Some(stamp(until_in_seconds(last, *start))),
        };
        self.line(last)
    }

    fn line(&self, until: Option<String>) -> Result<String, Invalid> {
        self.check()?;
        let mut line = format!("RRULE:FREQ={}", self.frequency);
        if self.interval != 1 {
            part(&mut line, "INTERVAL", &[self.interval]);
        }
        if let End::Count(count) = self.end {
            part(&mut line, "COUNT", &[count]);
        }
        part(&mut line, "UNTIL", until.as_slice());
        part(&mut line, "BYMONTH", &self.months);
        part(&mut line, "BYMONTHDAY", &self.month_days);
        part(&mut line, "BYDAY", &self.days);
        if self.counts_weeks() && self.week_start != Weekday::Monday {
            part(&mut line, "WKST", &[&self.week_start]);
        }
        Ok(line)
    }
}

/// Reads a rule, with or without `RRULE:`, ignoring case.
///
/// If a part is invalid or unsupported, such as an ordinal weekday, the error names the part. An
/// UNTIL without a time is a day in the time zone of the series' start ([`End::On`]). WKST is
/// ignored if it does not affect the occurrences. `BYMONTHDAY=28,29,30,31;BYSETPOS=-1` is read as
/// `BYMONTHDAY=-1`, the last day of the month.
impl FromStr for Recurrence {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let upper = text.trim().to_ascii_uppercase();
        let line = ContentLine::read(&upper).filter(|line| line.is("RRULE"));
        let parts = line.map_or(&*upper, |line| line.value());
        let mut rule = Self::daily();
        let mut seen: Vec<&str> = Vec::new();
        let mut position = None;
        for part in parts.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| {
                Invalid::new("recurrence", format!("{part} is not a part of a rule (expected NAME=VALUE)"))
            })?;
            if seen.contains(&name) {
                return Err(Invalid::new(
                    "recurrence",
                    format!("{part} repeats {name} (expected each part once)"),
                ));
            }
            seen.push(name);
            if name == "BYSETPOS" {
                position = Some(part);
            } else {
                read_part(&mut rule, name, value).ok_or_else(|| refused(part))?;
            }
        }
        if let Some(part) = position {
            take_last_day(&mut rule, part).ok_or_else(|| refused(part))?;
        }
        if !rule.counts_weeks() {
            rule.week_start = Weekday::Monday;
        }
        if !seen.contains(&"FREQ") {
            return Err(Invalid::new("recurrence", "FREQ is missing"));
        }
        if seen.contains(&"COUNT") && seen.contains(&"UNTIL") {
            return Err(Invalid::new("recurrence", "COUNT and UNTIL cannot be combined"));
        }
        rule.check()?;
        Ok(rule)
    }
}

/// Returns an instant in the basic format, in UTC: `20261231T235959Z`.
pub(crate) fn stamp(instant: Timestamp) -> String {
    let time = utc(instant).time();
    let date = day_stamp(utc(instant).date());
    format!("{date}T{:02}{:02}{:02}Z", time.hour(), time.minute(), time.second())
}

/// Returns a date in the basic format: `20261231`.
pub(crate) fn day_stamp(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

/// The last supported date. The latest `Timestamp` is at 22:00 UTC on the day before.
pub(crate) const MAX_DATE: Date = Date::constant(9999, 12, 31);

/// Returns the last second of a day in UTC, in the basic format. For the last two days of 9999, this second
/// is later than the latest `Timestamp`.
pub(crate) fn last_stamp(day: Date) -> String {
    format!("{}T235959Z", day_stamp(day))
}

pub(crate) fn utc(instant: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(instant)
}

fn refused(part: &str) -> Invalid {
    Invalid::new("recurrence", format!("{part} is not valid or not supported"))
}

/// Writes a part of the rule, unless `values` is empty. Writing to a `String` cannot fail.
fn part<T: Display>(line: &mut String, name: &str, values: &[T]) {
    for (index, value) in values.iter().enumerate() {
        let _ = if index == 0 { write!(line, ";{name}={value}") } else { write!(line, ",{value}") };
    }
}

fn read_part(rule: &mut Recurrence, name: &str, value: &str) -> Option<()> {
    match name {
        "FREQ" => rule.frequency = value.parse::<Frequency>().ok()?,
        "INTERVAL" => rule.interval = number(value)?,
        "COUNT" => rule.end = End::Count(number(value)?),
        "UNTIL" => {
            rule.end = match EventTime::from_icalendar(value)? {
                EventTime::Date(day) => End::On(day),
                EventTime::Instant(last) => End::Until(last),
                _ => return None,
            }
        }
        "BYDAY" => rule.days = list::<Weekday>(value)?,
        "BYMONTHDAY" => rule.month_days = list(value)?,
        "BYMONTH" => rule.months = list(value)?,
        "WKST" => rule.week_start = value.parse().ok()?,
        _ => return None,
    }
    Some(())
}

fn list<T: FromStr>(value: &str) -> Option<Vec<T>> {
    value.split(',').map(|item| item.parse().ok()).collect()
}

pub(crate) fn number<T: FromStr>(digits: &str) -> Option<T> {
    if digits.bytes().all(|digit| digit.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// Replaces `BYMONTHDAY=28,29,30,31;BYSETPOS=-1` by `BYMONTHDAY=-1`, because Connect has no BYSETPOS.
///
/// If the rule is limited to February, `BYMONTHDAY=28,29;BYSETPOS=-1` is replaced as well.
fn take_last_day(rule: &mut Recurrence, part: &str) -> Option<()> {
    let has = |day| rule.month_days.contains(&day);
    let until = if rule.months == [2] { 29 } else { 31 };
    let monthly = matches!(rule.frequency, Frequency::Monthly | Frequency::Yearly);
    let days = rule.month_days.iter().all(|day| *day > 0) && (28..=until).all(has);
    // In a yearly rule without months, `BYSETPOS=-1` selects only the last day of the whole year.
    let within_a_month = rule.frequency == Frequency::Monthly || rule.months.len() == 1;
    let fits = part == "BYSETPOS=-1" && monthly && within_a_month && days && rule.days.is_empty();
    fits.then(|| rule.month_days = [-1].into())
}
