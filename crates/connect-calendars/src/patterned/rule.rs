//! Converts patterned recurrences to and from the rules of RFC 5545 3.3.10.

use std::{borrow::Cow, fmt::Display};

use connect_core::types::{Invalid, Recurrence, SeriesStart, Weekday};

use super::parts::{RuleParts, has_day, max_day, months_from, or_last};
use super::start::{last_day, zone_name};
use super::{Pattern, PatternedRecurrence, RangeEnd, WEEKDAYS, WeekIndex};

impl PatternedRecurrence {
    /// Creates the Graph recurrence of a series from its Connect recurrence and its start.
    ///
    /// # Errors
    /// [`Invalid`] if no pattern can express the recurrence.
    pub fn new(recurrence: &Recurrence, start: impl Into<SeriesStart>) -> Result<Self, Invalid> {
        let start = start.into();
        Self::from_rrule(&recurrence.rrule_from(&start)?, start)
    }

    /// Parses a rule in upper or lower case, with or without `RRULE:`. Parts that the rule omits, such as the
    /// weekday of a weekly rule, follow from the start of the series.
    ///
    /// # Errors
    /// [`Invalid`] if the line is not a rule, or if no pattern can express the rule.
    pub fn from_rrule(line: &str, start: impl Into<SeriesStart>) -> Result<Self, Invalid> {
        let start = start.into();
        let parts = RuleParts::read(line)?;
        if parts.count.is_some() && parts.until.is_some() {
            return Err(invalid("the rule has both COUNT and UNTIL (expected at most one)"));
        }
        let end = match (parts.count, &parts.until) {
            (Some(count), _) => RangeEnd::After(count),
            (None, Some(until)) => RangeEnd::On(last_day(&start, until)?),
            (None, None) => RangeEnd::Never,
        };
        Ok(Self {
            pattern: parts.pattern(start.day())?,
            interval: parts.interval,
            start: start.day(),
            end,
            time_zone: zone_name(&start),
        })
    }

    /// Returns the rule as a line: `RRULE:FREQ=WEEKLY;BYDAY=MO,FR`. The UNTIL of the line is
    /// computed by [`SeriesStart::until`].
    ///
    /// # Errors
    /// [`Invalid`] if the interval is 0, if the pattern has no weekdays but needs them, or if a day or the
    /// month is out of range.
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
            Pattern::AbsoluteMonthly { day } => {
                let all = months_from(self.start.month(), self.interval).all(|month| has_day(month, *day));
                absolute(&mut part, *day, all);
            }
            Pattern::AbsoluteYearly { month, day } => {
                part("BYMONTH", month);
                let day = (*day).min(max_day(*month));
                absolute(&mut part, day, has_day(*month, day));
            }
            Pattern::RelativeMonthly { days, index } => relative(&mut part, days, *index),
            Pattern::RelativeYearly { month, days, index } => {
                part("BYMONTH", month);
                relative(&mut part, days, *index);
            }
        }
        Ok(line)
    }

    /// Returns the recurrence as a Connect recurrence.
    ///
    /// # Errors
    /// [`Invalid`] if Connect cannot express the recurrence, such as the second Tuesday.
    pub fn recurrence(&self, start: impl Into<SeriesStart>) -> Result<Recurrence, Invalid> {
        self.rrule(start)?.parse()
    }

    fn check(&self) -> Result<(), Invalid> {
        if self.interval == 0 {
            return Err(invalid("the interval is 0 (expected at least 1)"));
        }
        let (days, day, month) = match &self.pattern {
            Pattern::Daily => return Ok(()),
            Pattern::Weekly { days, .. } | Pattern::RelativeMonthly { days, .. } => (Some(days), 1, 1),
            Pattern::AbsoluteMonthly { day } => (None, *day, 1),
            Pattern::AbsoluteYearly { month, day } => (None, *day, *month),
            Pattern::RelativeYearly { month, days, .. } => (Some(days), 1, *month),
        };
        if days.is_some_and(Vec::is_empty) {
            return Err(invalid(format!("the {} has no weekdays (expected at least one)", self.pattern)));
        }
        if !(1..=31).contains(&day) {
            return Err(invalid(format!("the day {day} is out of range (expected 1 to 31)")));
        }
        if !(1..=12).contains(&month) {
            return Err(invalid(format!("the month {month} is out of range (expected 1 to 12)")));
        }
        Ok(())
    }
}

/// Writes the day as BYMONTHDAY if all months of the series have this day (`in_all`). If some months lack
/// the day, a plain BYMONTHDAY would skip them: BYSETPOS then selects their last day, as in Outlook.
fn absolute(part: &mut impl FnMut(&str, &dyn Display), day: i8, in_all: bool) {
    if in_all {
        part("BYMONTHDAY", &day);
    } else {
        part("BYMONTHDAY", &or_last(day));
        part("BYSETPOS", &-1);
    }
}

/// Writes one weekday as `BYDAY=2TU`, and several weekdays as BYDAY and BYSETPOS. Writes the last day of the
/// month as `BYMONTHDAY=-1`.
fn relative(part: &mut impl FnMut(&str, &dyn Display), days: &[Weekday], index: WeekIndex) {
    if index == WeekIndex::Last && WEEKDAYS.iter().all(|(day, _)| days.contains(day)) {
        // The last of all weekdays is the last day of the month. Connect accepts this day only as
        // `BYMONTHDAY=-1`.
        part("BYMONTHDAY", &-1);
    } else if let [day] = days {
        part("BYDAY", &format!("{}{day}", index.ordinal()));
    } else {
        part("BYDAY", &join(days));
        part("BYSETPOS", &index.ordinal());
    }
}

fn join(days: &[Weekday]) -> String {
    days.iter().map(|day| day.as_str()).collect::<Vec<_>>().join(",")
}

pub(super) fn invalid(message: impl Into<Cow<'static, str>>) -> Invalid {
    Invalid::new("recurrence", message)
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

    pub(super) fn of(ordinal: i8) -> Option<Self> {
        [Self::First, Self::Second, Self::Third, Self::Fourth, Self::Last]
            .into_iter()
            .find(|index| index.ordinal() == ordinal)
    }
}
