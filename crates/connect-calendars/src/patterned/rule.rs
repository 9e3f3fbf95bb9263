//! To and from the rules of RFC 5545 3.3.10.

use std::{borrow::Cow, fmt::Display};

use connect_core::types::{Invalid, Recurrence, SeriesStart, Weekday};

use super::parts::{Parts, has_day, longest, months_from, or_last};
use super::start::{last_day, zone_name};
use super::{Pattern, PatternedRecurrence, RangeEnd, WEEKDAYS, WeekIndex};

impl PatternedRecurrence {
    /// The recurrence of a series that begins then.
    ///
    /// # Errors
    /// [`Invalid`] when a pattern cannot hold it.
    pub fn new(recurrence: &Recurrence, start: impl Into<SeriesStart>) -> Result<Self, Invalid> {
        let start = start.into();
        Self::from_rrule(&recurrence.rrule_from(&start)?, start)
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
            Pattern::AbsoluteMonthly { day } => {
                let all = months_from(self.start.month(), self.interval).all(|month| has_day(month, *day));
                absolute(&mut part, *day, all);
            }
            Pattern::AbsoluteYearly { month, day } => {
                part("BYMONTH", month);
                let day = (*day).min(longest(*month));
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

    /// The recurrence in Connect's form.
    ///
    /// # Errors
    /// [`Invalid`] when Connect cannot take it: the second Tuesday, for one.
    pub fn recurrence(&self, start: impl Into<SeriesStart>) -> Result<Recurrence, Invalid> {
        self.rrule(start)?.parse()
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

/// `BYMONTHDAY=30`, or where a month does not have that day the last of those that there are: a rule passes such a month over,
/// Outlook takes its last day.
fn absolute(part: &mut impl FnMut(&str, &dyn Display), day: i8, in_all: bool) {
    if in_all {
        part("BYMONTHDAY", &day);
    } else {
        part("BYMONTHDAY", &or_last(day));
        part("BYSETPOS", &-1);
    }
}

/// `BYDAY=2TU`, or of several weekdays the second that is any of them; `BYMONTHDAY=-1`.
fn relative(part: &mut impl FnMut(&str, &dyn Display), days: &[Weekday], index: WeekIndex) {
    if index == WeekIndex::Last && WEEKDAYS.iter().all(|(day, _)| days.contains(day)) {
        // The last that is any weekday is the month's last day, which Connect can say in this form alone.
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
