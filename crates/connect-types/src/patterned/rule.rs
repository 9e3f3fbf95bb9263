//! To and from the rules of RFC 5545 3.3.10.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Display;
use core::num::NonZeroU32;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Pattern, PatternedRecurrence, RangeEnd, SeriesStart, WeekIndex};
use crate::operation::Invalid;
use crate::rrule::{number, read_date, read_time, stamp, utc};
use crate::{Recurrence, Weekday};

impl PatternedRecurrence {
    /// The recurrence of a series that begins then.
    ///
    /// # Errors
    /// [`Invalid`] when a pattern cannot hold it.
    pub fn new(recurrence: &Recurrence, start: impl Into<SeriesStart>) -> Result<Self, Invalid> {
        Self::from_rrule(&recurrence.rrule()?, start)
    }

    /// Reads a rule, with or without `RRULE:`, in any case. What it leaves to the start of the series, such as the
    /// weekday of a weekly one, is taken from there.
    ///
    /// # Errors
    /// [`Invalid`] when the line is no rule, or one that a pattern cannot hold.
    pub fn from_rrule(line: &str, start: impl Into<SeriesStart>) -> Result<Self, Invalid> {
        let start = start.into();
        let parts = Parts::read(line)?;
        if parts.count.is_some() && parts.until.is_some() {
            return Err(invalid("COUNT and UNTIL exclude each other"));
        }
        let end = match (parts.count, &parts.until) {
            (Some(count), _) => RangeEnd::After(count),
            (None, Some(until)) => RangeEnd::On(start.last_day(until)?),
            (None, None) => RangeEnd::Never,
        };
        Ok(Self {
            pattern: parts.pattern(start.day())?,
            interval: parts.interval,
            start: start.day(),
            end,
            time_zone: start.zone_name(),
        })
    }

    /// The rule as a line: `RRULE:FREQ=WEEKLY;BYDAY=MO,FR`. Its UNTIL is when the last occurrence begins.
    ///
    /// # Errors
    /// [`Invalid`] when a number is out of its range.
    pub fn rrule(&self, start: impl Into<SeriesStart>) -> Result<String, Invalid> {
        self.check()?;
        let mut line = match &self.pattern {
            Pattern::Daily => "RRULE:FREQ=DAILY".to_string(),
            Pattern::Weekly { .. } => "RRULE:FREQ=WEEKLY".to_string(),
            Pattern::AbsoluteMonthly { .. } | Pattern::RelativeMonthly { .. } => {
                "RRULE:FREQ=MONTHLY".to_string()
            }
            Pattern::AbsoluteYearly { .. } | Pattern::RelativeYearly { .. } => {
                "RRULE:FREQ=YEARLY".to_string()
            }
        };
        let mut part = |name: &str, value: &dyn Display| line.push_str(&format!(";{name}={value}"));
        if self.interval != 1 {
            part("INTERVAL", &self.interval);
        }
        match self.end {
            RangeEnd::Never => {}
            RangeEnd::After(count) => part("COUNT", &count),
            RangeEnd::On(day) => part("UNTIL", &start.into().until(self.start, day)?),
        }
        match &self.pattern {
            Pattern::Daily => {}
            Pattern::Weekly { days, first_day } => {
                part("BYDAY", &join(days));
                if *first_day != Weekday::Monday {
                    part("WKST", first_day);
                }
            }
            Pattern::AbsoluteMonthly { day } => part("BYMONTHDAY", day),
            Pattern::AbsoluteYearly { month, day } => {
                part("BYMONTH", month);
                part("BYMONTHDAY", day);
            }
            Pattern::RelativeMonthly { days, index } => relative(&mut part, days, *index),
            Pattern::RelativeYearly { month, days, index } => {
                part("BYMONTH", month);
                relative(&mut part, days, *index);
            }
        }
        Ok(line)
    }

    /// The recurrence in Connect's form.
    ///
    /// # Errors
    /// [`Invalid`] when Connect cannot take it: the second Tuesday, for one.
    pub fn recurrence(&self, start: impl Into<SeriesStart>) -> Result<Recurrence, Invalid> {
        let mut plain = self.clone();
        if let Pattern::Weekly { days, first_day } = &mut plain.pattern {
            // When a week begins is all the same where every week counts, or one day in it.
            if self.interval == 1 || days.len() == 1 {
                *first_day = Weekday::Monday;
            }
        }
        plain.rrule(start)?.parse()
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.interval == 0 {
            return Err(invalid("the interval is at least 1"));
        }
        let (days, day, month) = match &self.pattern {
            Pattern::Daily => return Ok(()),
            Pattern::Weekly { days, .. } | Pattern::RelativeMonthly { days, .. } => (Some(days), 1, 1),
            Pattern::AbsoluteMonthly { day } => (None, *day, 1),
            Pattern::AbsoluteYearly { month, day } => (None, *day, *month),
            Pattern::RelativeYearly { month, days, .. } => (Some(days), 1, *month),
        };
        if days.is_some_and(Vec::is_empty) {
            return Err(invalid(format!("a {} has weekdays", self.pattern)));
        }
        if !(1..=31).contains(&day) || !(1..=12).contains(&month) {
            return Err(invalid("a day is 1 to 31, and a month 1 to 12"));
        }
        Ok(())
    }
}

/// `BYDAY=2TU`, or of several weekdays the second that is any of them.
fn relative(part: &mut impl FnMut(&str, &dyn Display), days: &[Weekday], index: WeekIndex) {
    if let [day] = days {
        part("BYDAY", &format!("{}{day}", index.ordinal()));
    } else {
        part("BYDAY", &join(days));
        part("BYSETPOS", &index.ordinal());
    }
}

fn join(days: &[Weekday]) -> String {
    days.iter().map(|day| day.as_str()).collect::<Vec<_>>().join(",")
}

fn invalid(message: impl Into<alloc::borrow::Cow<'static, str>>) -> Invalid {
    Invalid::new("recurrence", message)
}

/// What a rule says.
struct Parts {
    frequency: String,
    interval: u32,
    count: Option<NonZeroU32>,
    until: Option<Until>,
    days: Vec<(Option<i8>, Weekday)>,
    month_days: Vec<i8>,
    months: Vec<i8>,
    positions: Vec<i8>,
    week_start: Weekday,
}

/// The forms of UNTIL.
enum Until {
    Day(Date),
    Local(DateTime),
    Instant(Timestamp),
}

impl Parts {
    fn read(line: &str) -> Result<Self, Invalid> {
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
        for part in upper.strip_prefix("RRULE:").unwrap_or(&upper).split(';').filter(|part| !part.is_empty())
        {
            let refused = || invalid(format!("{part} has no place in a recurrence pattern"));
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
            "UNTIL" => self.until = Some(Until::read(value)?),
            "BYDAY" => self.days = value.split(',').map(ordinal_day).collect::<Option<_>>()?,
            "BYMONTHDAY" => self.month_days = signed(value)?,
            "BYMONTH" => self.months = signed(value)?,
            "BYSETPOS" => self.positions = signed(value)?,
            "WKST" => self.week_start = value.parse().ok()?,
            _ => return None,
        }
        Some(())
    }

    fn pattern(&self, start: Date) -> Result<Pattern, Invalid> {
        let cannot = |what: &str| Err(invalid(format!("no recurrence pattern holds {what}")));
        if self.frequency != "WEEKLY" && self.frequency != "MONTHLY" && self.frequency != "YEARLY" {
            return match (&*self.frequency, self.narrowed(), self.interval) {
                ("DAILY", false, _) if self.days.is_empty() => Ok(Pattern::Daily),
                // Every day that is one of these is every week on these.
                ("DAILY", false, 1) => self.weekly(start),
                ("DAILY", ..) => cannot("days that are limited otherwise than by INTERVAL"),
                (frequency, ..) => cannot(&format!("FREQ={frequency}")),
            };
        }
        if self.frequency == "WEEKLY" {
            return if self.narrowed() {
                cannot("weeks with anything but BYDAY")
            } else {
                self.weekly(start)
            };
        }
        let yearly = self.frequency == "YEARLY";
        let month = match (yearly, &*self.months) {
            (false, []) => None,
            (false, _) => return cannot("months of which not all count: write FREQ=YEARLY"),
            (true, [month]) if (1..=12).contains(month) => Some(*month),
            (true, []) if self.days.is_empty() && self.month_days.is_empty() => Some(start.month()),
            (true, []) => return cannot("a year without a month: add BYMONTH"),
            (true, _) => return cannot("more than one month of the year"),
        };
        if !self.days.is_empty() {
            let (days, index) = self.relative()?;
            return Ok(match month {
                None => Pattern::RelativeMonthly { days, index },
                Some(month) => Pattern::RelativeYearly { month, days, index },
            });
        }
        if !self.positions.is_empty() {
            return cannot("BYSETPOS without BYDAY");
        }
        let day = match &*self.month_days {
            [] => start.day(),
            // The last day of a month is the last that is any weekday.
            [-1] => {
                let (days, index) = (EVERY_DAY.to_vec(), WeekIndex::Last);
                return Ok(match month {
                    None => Pattern::RelativeMonthly { days, index },
                    Some(month) => Pattern::RelativeYearly { month, days, index },
                });
            }
            [day] if (1..=31).contains(day) => *day,
            [_] => return cannot("a day counted from the end of the month, but for the last"),
            _ => return cannot("more than one day of the month"),
        };
        Ok(match month {
            None => Pattern::AbsoluteMonthly { day },
            Some(month) => Pattern::AbsoluteYearly { month, day },
        })
    }

    /// Whether anything but BYDAY limits it.
    fn narrowed(&self) -> bool {
        !(self.month_days.is_empty() && self.months.is_empty() && self.positions.is_empty())
    }

    fn weekly(&self, start: Date) -> Result<Pattern, Invalid> {
        let mut days = Vec::new();
        for (ordinal, day) in &self.days {
            if ordinal.is_some() {
                return Err(invalid("a weekday of a week has no number"));
            }
            if !days.contains(day) {
                days.push(*day);
            }
        }
        if days.is_empty() {
            days.push(weekday_of(start));
        }
        Ok(Pattern::Weekly { days, first_day: self.week_start })
    }

    /// `BYDAY=2TU`, `BYDAY=TU;BYSETPOS=2` or `BYDAY=MO,TU;BYSETPOS=2`.
    fn relative(&self) -> Result<(Vec<Weekday>, WeekIndex), Invalid> {
        let cannot = |what: &str| Err(invalid(format!("no recurrence pattern holds {what}")));
        if !self.month_days.is_empty() {
            return cannot("BYDAY together with BYMONTHDAY");
        }
        let position = match (&*self.days, &*self.positions) {
            ([(Some(ordinal), _)], []) => *ordinal,
            (days, [position]) if days.iter().all(|(ordinal, _)| ordinal.is_none()) => *position,
            (_, []) => {
                return cannot("each such weekday of a month: say which one, with BYSETPOS or a number");
            }
            _ => return cannot("more than one day of the month"),
        };
        let Some(index) = WeekIndex::of(position) else {
            return cannot(&format!("the weekday number {position} of a month: 1 to 4 and -1 it does"));
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

impl Until {
    fn read(text: &str) -> Option<Self> {
        let day = read_date(text.get(..8)?)?;
        match text.get(8..)? {
            "" => Some(Self::Day(day)),
            clock => {
                let clock = clock.strip_prefix('T')?;
                let time = read_time(clock.strip_suffix('Z').unwrap_or(clock))?;
                let local = day.to_datetime(time);
                if clock.ends_with('Z') {
                    jiff::tz::Offset::UTC.to_timestamp(local).ok().map(Self::Instant)
                } else {
                    Some(Self::Local(local))
                }
            }
        }
    }
}

impl SeriesStart {
    /// The day it begins with, in its own zone.
    fn day(&self) -> Date {
        match self {
            Self::Day(day) => *day,
            Self::At(start) => start.date(),
            Self::Instant(start) => utc(*start).date(),
        }
    }

    fn zone_name(&self) -> Option<String> {
        match self {
            Self::Day(_) => None,
            Self::At(start) => start.time_zone().iana_name().map(Into::into),
            Self::Instant(_) => Some("UTC".into()),
        }
    }

    /// When the occurrence of that day begins.
    fn on(&self, day: Date) -> Option<Timestamp> {
        let (zone, time) = match self {
            Self::Day(_) => return None,
            Self::At(start) => (start.time_zone().clone(), start.time()),
            Self::Instant(start) => (TimeZone::UTC, utc(*start).time()),
        };
        zone.to_timestamp(day.to_datetime(time)).ok()
    }

    /// The last day whose occurrence an UNTIL still takes.
    fn last_day(&self, until: &Until) -> Result<Date, Invalid> {
        let gone = || invalid("UNTIL is out of the years there are");
        // A date, or a time without a zone, is meant where the series is.
        let limit = match (until, self) {
            (Until::Day(day), _) => return Ok(*day),
            (Until::Local(local), Self::Day(_)) => return Ok(local.date()),
            (Until::Instant(until), Self::Day(_)) => return Ok(utc(*until).date()),
            (Until::Local(local), Self::At(start)) => {
                start.time_zone().to_timestamp(*local).map_err(|_| gone())?
            }
            (Until::Local(local), Self::Instant(_)) => {
                TimeZone::UTC.to_timestamp(*local).map_err(|_| gone())?
            }
            (Until::Instant(until), _) => *until,
        };
        let day = match self {
            Self::At(start) => start.time_zone().to_datetime(limit).date(),
            _ => utc(limit).date(),
        };
        match self.on(day) {
            Some(begins) if begins > limit => day.yesterday().map_err(|_| gone()),
            _ => Ok(day),
        }
    }

    /// The UNTIL of a range that begins and ends on these days.
    fn until(&self, first: Date, last: Date) -> Result<String, Invalid> {
        let gone = || invalid("the end is out of the years there are");
        match self {
            Self::Day(_) => Ok(format!("{:04}{:02}{:02}", last.year(), last.month(), last.day())),
            // Parts of a second are cut off: not before the occurrence begins.
            Self::At(_) => {
                let begins = self.on(last).ok_or_else(gone)?;
                let whole = i64::from(begins.subsec_nanosecond() != 0);
                begins.checked_add(SignedDuration::from_secs(whole)).map(stamp).map_err(|_| gone())
            }
            Self::Instant(start) => {
                // The series' own days may not be those of UTC: so many days after its first begins its last, an hour or two
                // off where the clocks change. Half a day more takes it for certain, and none after it.
                let days = first.duration_until(last);
                let half = SignedDuration::from_hours(if days.is_zero() { 0 } else { 12 });
                start.checked_add(days + half).map(stamp).map_err(|_| gone())
            }
        }
    }
}

const EVERY_DAY: [Weekday; 7] = [
    Weekday::Monday,
    Weekday::Tuesday,
    Weekday::Wednesday,
    Weekday::Thursday,
    Weekday::Friday,
    Weekday::Saturday,
    Weekday::Sunday,
];

fn weekday_of(day: Date) -> Weekday {
    let from_monday = day.weekday().to_monday_zero_offset();
    usize::try_from(from_monday).ok().and_then(|n| EVERY_DAY.get(n).copied()).unwrap_or(Weekday::Monday)
}

/// `TU`, `2TU` or `-1TU`.
fn ordinal_day(text: &str) -> Option<(Option<i8>, Weekday)> {
    let at = text.len().checked_sub(2)?;
    let (ordinal, day) = (text.get(..at)?, text.get(at..)?);
    let ordinal = if ordinal.is_empty() { None } else { Some(signed_number(ordinal)?) };
    Some((ordinal, day.parse().ok()?))
}

fn signed(value: &str) -> Option<Vec<i8>> {
    value.split(',').map(signed_number).collect()
}

/// With or without a sign; zero is none of the numbers a rule counts by.
fn signed_number(text: &str) -> Option<i8> {
    let number: i8 = text.parse().ok()?;
    (number != 0).then_some(number)
}

impl WeekIndex {
    fn ordinal(self) -> i8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::Third => 3,
            Self::Fourth => 4,
            Self::Last => -1,
        }
    }

    fn of(ordinal: i8) -> Option<Self> {
        [Self::First, Self::Second, Self::Third, Self::Fourth, Self::Last]
            .into_iter()
            .find(|index| index.ordinal() == ordinal)
    }
}
