//! Recurrences as Microsoft Graph writes them: a pattern and a range (`patternedRecurrence`).

mod json;
mod parts;
mod rule;
mod start;

use std::num::NonZeroU32;

use connect_core::types::Weekday;
use jiff::civil::Date;

/// A recurrence of Microsoft Graph, which counts in days of the series' own time zone.
///
/// ```
/// use connect_calendars::patterned::PatternedRecurrence;
/// use jiff::civil::date;
///
/// let first = date(2026, 1, 13);
/// let second_tuesdays = PatternedRecurrence::from_rrule("RRULE:FREQ=MONTHLY;COUNT=5;BYDAY=2TU", first)?;
/// assert_eq!(
///     serde_json::to_string(&second_tuesdays)?,
///     r#"{"pattern":{"type":"relativeMonthly","interval":1,"daysOfWeek":["tuesday"],"index":"second"},"#.to_owned()
///         + r#""range":{"type":"numbered","startDate":"2026-01-13","numberOfOccurrences":5}}"#
/// );
/// assert_eq!(second_tuesdays.rrule(first)?, "RRULE:FREQ=MONTHLY;COUNT=5;BYDAY=2TU");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// * What a pattern cannot hold, such as the fifth Monday or two days of a month, is an error that names the part.
/// * An end is a date here and an instant in a rule. The two are the same where the last occurrence is: which one that is
///   follows from when the series begins ([`SeriesStart`](connect_core::types::SeriesStart)).
/// * A month without a 31st is passed over by a rule, while Outlook takes its last day. `BYMONTHDAY=31` is therefore refused where
///   it comes to such a month, and Outlook's day 31 is `BYMONTHDAY=28,29,30,31;BYSETPOS=-1`. So for the 29th, the 30th, and the
///   29th of February.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternedRecurrence {
    /// Which days it takes.
    pub pattern: Pattern,
    /// Every how many steps, at least 1.
    pub interval: u32,
    /// The day it begins with, in the zone of the series.
    pub start: Date,
    /// When it ends.
    pub end: RangeEnd,
    /// The zone that the days are days of, by its IANA or Windows name; that of the event's start, unless given.
    pub time_zone: Option<String>,
}

/// The days of a [`PatternedRecurrence`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Every day.
    Daily,
    /// Weekdays.
    Weekly {
        /// Which.
        days: Vec<Weekday>,
        /// The day a week begins with: it matters where not every week counts.
        first_day: Weekday,
    },
    /// A day of the month, 1 to 31.
    AbsoluteMonthly {
        /// Which.
        day: i8,
    },
    /// One of the days of a month that are of these weekdays.
    RelativeMonthly {
        /// The weekdays.
        days: Vec<Weekday>,
        /// Which one of those days.
        index: WeekIndex,
    },
    /// A day of the year.
    AbsoluteYearly {
        /// The month, 1 to 12.
        month: i8,
        /// The day of the month, 1 to 31.
        day: i8,
    },
    /// One of the days of a month of the year that are of these weekdays.
    RelativeYearly {
        /// The month, 1 to 12.
        month: i8,
        /// The weekdays.
        days: Vec<Weekday>,
        /// Which one of those days.
        index: WeekIndex,
    },
}

/// Which one of a month's days that fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WeekIndex {
    /// The first.
    First,
    /// The second.
    Second,
    /// The third.
    Third,
    /// The fourth.
    Fourth,
    /// The last.
    Last,
}

/// When a [`PatternedRecurrence`] ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RangeEnd {
    /// It goes on.
    #[default]
    Never,
    /// On this day, which still counts.
    On(Date),
    /// After so many occurrences.
    After(NonZeroU32),
}

/// The weekdays from Monday on, by Graph's names.
const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "monday"),
    (Weekday::Tuesday, "tuesday"),
    (Weekday::Wednesday, "wednesday"),
    (Weekday::Thursday, "thursday"),
    (Weekday::Friday, "friday"),
    (Weekday::Saturday, "saturday"),
    (Weekday::Sunday, "sunday"),
];
