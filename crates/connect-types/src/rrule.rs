//! Recurrence rules as the text of RFC 5545 3.3.10.

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
use crate::recurrence::{End, Recurrence, whole_second};
use crate::{EventTime, Frequency, SeriesStart, Weekday};

impl Recurrence {
    /// The rule as a line: `RRULE:FREQ=DAILY;INTERVAL=2;COUNT=10`. See [`rrule_from`](Self::rrule_from) for a rule that ends
    /// on a day.
    ///
    /// # Errors
    /// [`Invalid`] when a number is out of its range.
    pub fn rrule(&self) -> Result<String, Invalid> {
        let last = match self.end {
            End::Until(last) => Some(stamp(last)),
            End::On(day) => Some(day_stamp(day)),
            End::Never | End::Count(_) => None,
        };
        self.line(last)
    }

    /// The rule as a line for a series that begins then. Its UNTIL has the form that RFC 5545 3.3.10 asks for: a date for an
    /// all-day series, else an instant in UTC.
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
    /// [`Invalid`] when a number or the end is out of its range.
    pub fn rrule_from(&self, start: impl Into<SeriesStart>) -> Result<String, Invalid> {
        let start = start.into();
        let last = match (self.end, &start) {
            (End::Never | End::Count(_), _) => None,
            (End::On(day), _) => Some(start.until(start.day(), day)?),
            (End::Until(last), SeriesStart::Day(_)) => {
                Some(day_stamp(self.until_day.unwrap_or_else(|| utc(last).date())))
            }
            (End::Until(last), SeriesStart::At(start)) => Some(stamp(whole_second(last, start.timestamp()))),
            (End::Until(last), SeriesStart::Instant(start)) => Some(stamp(whole_second(last, *start))),
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

/// Reads a rule, with or without `RRULE:`, in any case. What Connect cannot take, such as an ordinal weekday, is an error
/// that names the part. An UNTIL that is a date is a day in the time zone of the series' start ([`End::On`]). WKST is kept
/// where it may matter. The last day of a month may be written `BYMONTHDAY=28,29,30,31;BYSETPOS=-1`: that is `-1`.
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
            let (name, value) = part.split_once('=').ok_or_else(|| refused(part))?;
            if seen.contains(&name) {
                return Err(refused(part));
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
            return Err(Invalid::new("recurrence", "COUNT and UNTIL exclude each other"));
        }
        rule.check()?;
        Ok(rule)
    }
}

/// The basic form in UTC: `20261231T235959Z`.
pub(crate) fn stamp(instant: Timestamp) -> String {
    let time = utc(instant).time();
    let date = day_stamp(utc(instant).date());
    format!("{date}T{:02}{:02}{:02}Z", time.hour(), time.minute(), time.second())
}

/// The basic form of a date: `20261231`.
pub(crate) fn day_stamp(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

/// The last day there is: parts of it, and late on the day before, are no instants.
pub(crate) const END_OF_TIME: Date = Date::constant(9999, 12, 31);

/// The basic form of the last second of a day in UTC, which may be no instant.
pub(crate) fn last_stamp(day: Date) -> String {
    format!("{}T235959Z", day_stamp(day))
}

pub(crate) fn utc(instant: Timestamp) -> DateTime {
    Offset::UTC.to_datetime(instant)
}

fn refused(part: &str) -> Invalid {
    Invalid::new("recurrence", format!("{part} is not supported"))
}

/// Writes a part, unless its list is empty. Writing to a `String` cannot fail.
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

/// Reads "the last that there is of the 28th to the 31st" as the last day of the month, which Connect can say. February's
/// last is also that of its 28th and 29th.
fn take_last_day(rule: &mut Recurrence, part: &str) -> Option<()> {
    let has = |day| rule.month_days.contains(&day);
    let until = if rule.months == [2] { 29 } else { 31 };
    let monthly = matches!(rule.frequency, Frequency::Monthly | Frequency::Yearly);
    let days = rule.month_days.iter().all(|day| *day > 0) && (28..=until).all(has);
    // Over a year without months the position counts in all of it.
    let within_a_month = rule.frequency == Frequency::Monthly || rule.months.len() == 1;
    let fits = part == "BYSETPOS=-1" && monthly && within_a_month && days && rule.days.is_empty();
    fits.then(|| rule.month_days = [-1].into())
}
