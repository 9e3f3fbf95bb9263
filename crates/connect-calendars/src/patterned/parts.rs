//! The parts of an RFC 5545 rule, and the pattern that expresses them.

use std::{num::NonZeroU32, str::FromStr};

use connect_core::types::{ContentLine, EventTime, Invalid, Weekday};
use jiff::civil::Date;

use super::rule::invalid;
use super::{Pattern, WEEKDAYS, WeekIndex};

/// A parsed rule.
pub(super) struct RuleParts {
    frequency: String,
    pub(super) interval: u32,
    pub(super) count: Option<NonZeroU32>,
    pub(super) until: Option<EventTime>,
    days: Vec<(Option<i8>, Weekday)>,
    month_days: Vec<i8>,
    months: Vec<i8>,
    positions: Vec<i8>,
    week_start: Weekday,
}

impl RuleParts {
    pub(super) fn read(line: &str) -> Result<Self, Invalid> {
        let upper = line.trim().to_ascii_uppercase();
        let mut read = Self {
            frequency: String::new(),
            interval: 1,
            count: None,
            until: None,
            days: Vec::new(),
            month_days: Vec::new(),
            months: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Monday,
        };
        let mut seen: Vec<&str> = Vec::new();
        let line = ContentLine::read(&upper).filter(|line| line.is("RRULE"));
        let value = line.map_or(&*upper, |line| line.value());
        for part in value.split(';').filter(|part| !part.is_empty()) {
            let refused = || invalid(format!("no recurrence pattern can express {part}"));
            let (name, value) = part.split_once('=').ok_or_else(refused)?;
            if seen.contains(&name) {
                return Err(refused());
            }
            seen.push(name);
            read.take(name, value).ok_or_else(refused)?;
        }
        if read.frequency.is_empty() {
            return Err(invalid("FREQ is missing"));
        }
        Ok(read)
    }

    fn take(&mut self, name: &str, value: &str) -> Option<()> {
        match name {
            "FREQ" => self.frequency = value.to_string(),
            "INTERVAL" => self.interval = number(value).filter(|interval| *interval > 0)?,
            "COUNT" => self.count = Some(number(value)?),
            "UNTIL" => self.until = Some(EventTime::from_icalendar(value)?),
            "BYDAY" => self.days = value.split(',').map(ordinal_day).collect::<Option<_>>()?,
            "BYMONTHDAY" => self.month_days = signed(value)?,
            "BYMONTH" => self.months = signed(value)?,
            "BYSETPOS" => self.positions = signed(value)?,
            "WKST" => self.week_start = value.parse().ok()?,
            _ => return None,
        }
        Some(())
    }

    /// The pattern of a series that begins on this day.
    pub(super) fn pattern(&self, start: Date) -> Result<Pattern, Invalid> {
        let unsupported = |what: &str| Err(invalid(format!("no recurrence pattern can express {what}")));
        if self.frequency != "WEEKLY" && self.frequency != "MONTHLY" && self.frequency != "YEARLY" {
            return match (&*self.frequency, self.has_limits_besides_weekdays(), self.interval) {
                ("DAILY", false, _) if self.days.is_empty() => Ok(Pattern::Daily),
                // Daily on certain weekdays is weekly on those weekdays.
                ("DAILY", false, 1) => self.weekly(start),
                ("DAILY", ..) => unsupported("FREQ=DAILY with BY parts (except BYDAY with INTERVAL=1)"),
                (frequency, ..) => unsupported(&format!("FREQ={frequency}")),
            };
        }
        if self.frequency == "WEEKLY" {
            return if self.has_limits_besides_weekdays() {
                unsupported("FREQ=WEEKLY with BY parts (except BYDAY)")
            } else {
                self.weekly(start)
            };
        }
        let yearly = self.frequency == "YEARLY";
        let month = match (yearly, &*self.months) {
            (false, []) => None,
            (false, _) => return unsupported("FREQ=MONTHLY with BYMONTH (use FREQ=YEARLY)"),
            (true, [month]) if (1..=12).contains(month) => Some(*month),
            (true, []) if self.days.is_empty() && self.month_days.is_empty() => Some(start.month()),
            (true, []) => return unsupported("FREQ=YEARLY with BYDAY or BYMONTHDAY, but without BYMONTH"),
            (true, _) => return unsupported("BYMONTH with more than one month, or outside 1 to 12"),
        };
        if !self.days.is_empty() {
            let (days, index) = self.relative()?;
            return Ok(match month {
                None => Pattern::RelativeMonthly { days, index },
                Some(month) => Pattern::RelativeYearly { month, days, index },
            });
        }
        let day = match &*self.month_days {
            [] if self.positions.is_empty() => Day { of_month: start.day(), or_last: false },
            // The last day of a month is the last day that falls on any of the seven weekdays.
            [-1] if self.positions.is_empty() => {
                let (days, index) = (WEEKDAYS.map(|(day, _)| day).to_vec(), WeekIndex::Last);
                return Ok(match month {
                    None => Pattern::RelativeMonthly { days, index },
                    Some(month) => Pattern::RelativeYearly { month, days, index },
                });
            }
            days => self.month_day(days)?,
        };
        let skips = match month {
            Some(month) => !has_day(month, day.of_month),
            None => !months_from(start.month(), self.interval).all(|month| has_day(month, day.of_month)),
        };
        let day = match day {
            Day { of_month, or_last: false } if skips => {
                return Err(invalid(format!(
                    "no recurrence pattern skips the months without a day {of_month} (write \
                     BYMONTHDAY={};BYSETPOS=-1 to use the last day of those months)",
                    or_last(of_month)
                )));
            }
            Day { of_month, .. } => of_month,
        };
        Ok(match month {
            None => Pattern::AbsoluteMonthly { day },
            Some(month) => Pattern::AbsoluteYearly { month, day: day.min(max_day(month)) },
        })
    }

    /// The day of `BYMONTHDAY=15`, or the highest day of `BYMONTHDAY=28,29,30;BYSETPOS=-1`.
    fn month_day(&self, days: &[i8]) -> Result<Day, Invalid> {
        let unsupported = |what: &str| Err(invalid(format!("no recurrence pattern can express {what}")));
        let most = days.iter().copied().max().unwrap_or(0);
        if days.is_empty() {
            return unsupported("BYSETPOS without BYDAY or BYMONTHDAY");
        }
        if !days.iter().all(|day| (1..=31).contains(day)) {
            return unsupported("BYMONTHDAY outside 1 to 31 (except -1 alone)");
        }
        match (days, &*self.positions) {
            ([day], []) => Ok(Day { of_month: *day, or_last: false }),
            (_, []) => unsupported("more than one day of the month"),
            // Every month has at least one of these days. BYSETPOS=-1 selects the highest day, or the last
            // day of a month without the highest day.
            (_, [-1]) if most < 29 || (28..=most).all(|day| days.contains(&day)) => {
                Ok(Day { of_month: most, or_last: true })
            }
            _ => unsupported(
                "this BYSETPOS with BYMONTHDAY (expected the last day, such as BYMONTHDAY=28,29,30;BYSETPOS=-1)",
            ),
        }
    }

    /// Whether parts other than BYDAY limit the days.
    fn has_limits_besides_weekdays(&self) -> bool {
        !(self.month_days.is_empty() && self.months.is_empty() && self.positions.is_empty())
    }

    fn weekly(&self, start: Date) -> Result<Pattern, Invalid> {
        let mut days = Vec::new();
        for (ordinal, day) in &self.days {
            if ordinal.is_some() {
                return Err(invalid(
                    "BYDAY has a number in a daily or weekly rule (expected weekdays such as MO,TU)",
                ));
            }
            if !days.contains(day) {
                days.push(*day);
            }
        }
        if days.is_empty() {
            let after_monday = usize::from(start.weekday().to_monday_zero_offset().unsigned_abs());
            days.extend(WEEKDAYS.get(after_monday).map(|(day, _)| *day));
        }
        Ok(Pattern::Weekly { days, first_day: self.week_start })
    }

    /// The weekdays and position of `BYDAY=2TU`, `BYDAY=TU;BYSETPOS=2` or `BYDAY=MO,TU;BYSETPOS=2`.
    fn relative(&self) -> Result<(Vec<Weekday>, WeekIndex), Invalid> {
        let unsupported = |what: &str| Err(invalid(format!("no recurrence pattern can express {what}")));
        if !self.month_days.is_empty() {
            return unsupported("BYDAY together with BYMONTHDAY");
        }
        let position = match (&*self.days, &*self.positions) {
            ([(Some(ordinal), _)], []) => *ordinal,
            (days, [position]) if days.iter().all(|(ordinal, _)| ordinal.is_none()) => *position,
            (_, []) => {
                return unsupported("BYDAY with several days of a month (expected one, such as 2TU)");
            }
            _ => return unsupported("BYSETPOS with several positions, or with a number in BYDAY"),
        };
        let Some(index) = WeekIndex::of(position) else {
            return unsupported(&format!("weekday position {position} in a month (expected 1 to 4 or -1)"));
        };
        let mut days = Vec::new();
        for (_, day) in &self.days {
            if !days.contains(day) {
                days.push(*day);
            }
        }
        Ok((days, index))
    }
}

/// A day of the month.
struct Day {
    of_month: i8,
    /// Whether the last day of a month is used if the month lacks this day.
    or_last: bool,
}

/// Whether the month has this day in every year.
pub(super) fn has_day(month: i8, day: i8) -> bool {
    day <= if month == 2 { 28 } else { max_day(month) }
}

/// The highest day that the month can have.
pub(super) fn max_day(month: i8) -> i8 {
    match month {
        2 => 29,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The months in which a series has occurrences, given its first month and its interval in months.
pub(super) fn months_from(first: i8, interval: u32) -> impl Iterator<Item = i8> {
    let step = i8::try_from(interval % 12).unwrap_or(0);
    (0..12).map(move |times: i16| {
        let month = (i16::from(first) - 1 + times * i16::from(step)) % 12 + 1;
        i8::try_from(month).unwrap_or(1)
    })
}

/// The BYMONTHDAY that, with BYSETPOS=-1, selects this day, or the last day of a shorter month.
///
/// For day 30, the value is `28,29,30`.
pub(super) fn or_last(day: i8) -> String {
    (28..=day.max(28)).map(|day| day.to_string()).collect::<Vec<_>>().join(",")
}

/// Parses `TU`, `2TU` or `-1TU`.
fn ordinal_day(text: &str) -> Option<(Option<i8>, Weekday)> {
    let at = text.len().checked_sub(2)?;
    let (ordinal, day) = (text.get(..at)?, text.get(at..)?);
    let ordinal = if ordinal.is_empty() { None } else { Some(signed_number(ordinal)?) };
    Some((ordinal, day.parse().ok()?))
}

/// Parses a number without a sign.
fn number<T: FromStr>(digits: &str) -> Option<T> {
    if digits.bytes().all(|digit| digit.is_ascii_digit()) { digits.parse().ok() } else { None }
}

fn signed(value: &str) -> Option<Vec<i8>> {
    value.split(',').map(signed_number).collect()
}

/// Parses a number with or without a sign, except zero.
fn signed_number(text: &str) -> Option<i8> {
    let number: i8 = text.parse().ok()?;
    (number != 0).then_some(number)
}
