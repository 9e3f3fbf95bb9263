//! Recurrences in the format of Microsoft Graph (`patternedRecurrence`): a pattern and a range.

mod json;
mod parts;
mod rule;
mod start;

use std::num::NonZeroU32;

use connect_core::types::Weekday;
use jiff::civil::Date;

/// A recurrence of Microsoft Graph. The days of the recurrence are counted in the time zone of the
/// series.
///
/// ```
/// use connect_calendars::patterned::PatternedRecurrence;
/// use jiff::civil::date;
///
/// let first = date(2026, 1, 13);
/// let second_tuesdays = PatternedRecurrence::from_rrule("RRULE:FREQ=MONTHLY;COUNT=5;BYDAY=2TU", first)?;
/// assert_eq!(
///     serde_json::to_string(&second_tuesdays)?,
///     r#"{"pattern":{"type":"relativeMonthly","interval":1,"daysOfWeek":["tuesday"],"index":"second"},"#
///         .to_owned()
///         + r#""range":{"type":"numbered","startDate":"2026-01-13","numberOfOccurrences":5}}"#
/// );
/// assert_eq!(second_tuesdays.rrule(first)?, "RRULE:FREQ=MONTHLY;COUNT=5;BYDAY=2TU");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// * A rule that no pattern can express, such as the fifth Monday or two days of a month, is refused. The
///   error names the unsupported part of the rule.
/// * A pattern ends on a date, but a rule ends at an instant (`UNTIL`). The conversion computes the start of
///   the last occurrence from the start of the series ([`SeriesStart`](connect_core::types::SeriesStart)).
/// * In a shorter month, `BYMONTHDAY=31` has no occurrence, but day 31 of Outlook means the last day of the
///   month. Therefore `BYMONTHDAY=31` is refused if the series reaches a shorter month, and day 31 of Outlook
///   becomes `BYMONTHDAY=28,29,30,31;BYSETPOS=-1`. The 29th, the 30th and February 29 are converted
///   in the same way as the 31st.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternedRecurrence {
    /// The days on which occurrences fall.
    pub pattern: Pattern,
    /// The number of days, weeks, months or years between occurrences, at least 1.
    pub interval: u32,
    /// The first day, in the zone of the series.
    pub start: Date,
    /// When the series ends.
    pub end: RangeEnd,
    /// The IANA or Windows name of the zone in which days are counted. If `None`, days are counted in the
    /// zone of the event's start.
    pub time_zone: Option<String>,
}

/// The days of a [`PatternedRecurrence`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pattern {
    /// Every day.
    Daily,
    /// Certain weekdays.
    Weekly {
        /// The weekdays.
        days: Vec<Weekday>,
        /// The first day of a week, relevant if the interval is above 1.
        first_day: Weekday,
    },
    /// A fixed day of the month.
    AbsoluteMonthly {
        /// The day of the month, 1 to 31.
        day: i8,
    },
    /// A relative day of the month, such as the second Tuesday.
    RelativeMonthly {
        /// The weekdays.
        days: Vec<Weekday>,
        /// The position among the days of the month that fall on these weekdays.
        index: WeekIndex,
    },
    /// A fixed day of the year.
    AbsoluteYearly {
        /// The month, 1 to 12.
        month: i8,
        /// The day of the month, 1 to 31.
        day: i8,
    },
    /// A relative day of the year, such as the second Tuesday of June.
    RelativeYearly {
        /// The month, 1 to 12.
        month: i8,
        /// The weekdays.
        days: Vec<Weekday>,
        /// The position among the days of the month that fall on these weekdays.
        index: WeekIndex,
    },
}

/// A position among the days of a month that fall on the weekdays of the pattern.
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
    /// The series does not end.
    #[default]
    Never,
    /// The series ends on this day, inclusive.
    On(Date),
    /// The series ends after this number of occurrences.
    After(NonZeroU32),
}

/// The weekdays from Monday, with their Graph names.
const WEEKDAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "monday"),
    (Weekday::Tuesday, "tuesday"),
    (Weekday::Wednesday, "wednesday"),
    (Weekday::Thursday, "thursday"),
    (Weekday::Friday, "friday"),
    (Weekday::Saturday, "saturday"),
    (Weekday::Sunday, "sunday"),
];
