//! Recurrence rules as the text of RFC 5545 3.3.10.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{Display, Write};
use core::str::FromStr;

use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use jiff::tz::Offset;

use crate::operation::Invalid;
use crate::recurrence::{End, Recurrence};
use crate::{Frequency, Weekday};

impl Recurrence {
    /// The rule as a line: `RRULE:FREQ=DAILY;INTERVAL=2;COUNT=10`.
    ///
    /// # Errors
    /// [`Invalid`] when a number is out of its range.
    pub fn rrule(&self) -> Result<String, Invalid> {
        self.check()?;
        let mut line = format!("RRULE:FREQ={}", self.frequency);
        if self.interval != 1 {
            part(&mut line, "INTERVAL", &[self.interval]);
        }
        match self.end {
            End::Never => {}
            End::Count(count) => part(&mut line, "COUNT", &[count]),
            End::Until(last) => part(&mut line, "UNTIL", &[stamp(last)]),
        }
        part(&mut line, "BYMONTH", &self.months);
        part(&mut line, "BYMONTHDAY", &self.month_days);
        part(&mut line, "BYDAY", &self.days);
        Ok(line)
    }
}

/// Reads a rule, with or without `RRULE:`, in any case. What Connect cannot take, such as BYSETPOS
/// or an ordinal weekday, is an error that names the part. An UNTIL that is a date is that day's
/// last second in UTC.
impl FromStr for Recurrence {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let upper = text.trim().to_ascii_uppercase();
        let parts = upper.strip_prefix("RRULE:").unwrap_or(&upper);
        let mut rule = Self::daily();
        let mut seen: Vec<&str> = Vec::new();
        for part in parts.split(';').filter(|part| !part.is_empty()) {
            let (name, value) = part.split_once('=').ok_or_else(|| refused(part))?;
            if seen.contains(&name) {
                return Err(refused(part));
            }
            seen.push(name);
            read_part(&mut rule, name, value).ok_or_else(|| refused(part))?;
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
    let (date, time) = (utc(instant).date(), utc(instant).time());
    format!(
        "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        date.month(),
        date.day(),
        time.hour(),
        time.minute(),
        time.second()
    )
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
        "UNTIL" => rule.end = End::Until(read_stamp(value)?),
        "BYDAY" => rule.days = list::<Weekday>(value)?,
        "BYMONTHDAY" => rule.month_days = list(value)?,
        "BYMONTH" => rule.months = list(value)?,
        // Monday is what RFC 5545 assumes without the part.
        "WKST" if value == "MO" => {}
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

/// `20261231T235959Z`, or a date.
fn read_stamp(text: &str) -> Option<Timestamp> {
    let date = read_date(text.get(..8)?)?;
    let time = match text.get(8..)? {
        "" => Time::constant(23, 59, 59, 0),
        clock => read_time(clock.strip_prefix('T')?.strip_suffix('Z')?)?,
    };
    Offset::UTC.to_timestamp(date.to_datetime(time)).ok()
}

pub(crate) fn read_date(digits: &str) -> Option<Date> {
    Date::new(number(digits.get(..4)?)?, number(digits.get(4..6)?)?, number(digits.get(6..)?)?).ok()
}

pub(crate) fn read_time(digits: &str) -> Option<Time> {
    if digits.len() != 6 {
        return None;
    }
    Time::new(number(digits.get(..2)?)?, number(digits.get(2..4)?)?, number(digits.get(4..)?)?, 0).ok()
}
