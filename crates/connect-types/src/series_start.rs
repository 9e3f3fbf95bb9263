//! The start of a series, and the UNTIL of its rule.

use alloc::string::String;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};

use crate::operation::Invalid;
use crate::rrule::{MAX_DATE, day_stamp, last_stamp, stamp, utc};

/// The start of a series, from which the UNTIL of its rule is calculated.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SeriesStart {
    /// The first day of an all-day series.
    Day(Date),
    /// A time in the time zone of the series. All occurrences are at this local time.
    At(ZonedDateTime),
    /// An instant, if the time zone of the series is unknown or UTC.
    ///
    /// An UNTIL calculated from an instant is correct, unless the time zone of the series skips a whole day.
    Instant(Timestamp),
}

impl SeriesStart {
    /// Returns the first day of the series in its time zone, or in UTC if the time zone is unknown.
    #[must_use]
    pub fn day(&self) -> Date {
        match self {
            Self::Day(day) => *day,
            Self::At(start) => start.date(),
            Self::Instant(start) => utc(*start).date(),
        }
    }

    /// Returns the UNTIL of a series (RFC 5545 3.3.10).
    ///
    /// UNTIL is a date for an all-day series, and an instant in UTC for a timed series.
    ///
    /// `first` and `last` are the first and the last day of the series, in the time zone of the series.
    /// `first` is used only if the start is an [`Instant`](Self::Instant).
    ///
    /// # Errors
    /// [`Invalid`] if the last day is out of range.
    pub fn until(&self, first: Date, last: Date) -> Result<String, Invalid> {
        let last_begins = match self {
            Self::Day(_) => return Ok(day_stamp(last)),
            // UNTIL has whole seconds. Rounding up includes the last occurrence.
            Self::At(start) => {
                let begins = start.time_zone().to_timestamp(last.to_datetime(start.time())).ok();
                begins.and_then(|begins| {
                    let whole = i64::from(begins.subsec_nanosecond() != 0);
                    begins.checked_add(SignedDuration::from_secs(whole)).ok()
                })
            }
            Self::Instant(start) => {
                // The days of the series may differ from UTC days. The last occurrence begins `days` days
                // after the first. Clock changes may move it by an hour or two. An UNTIL that is half a day
                // later includes the last occurrence, but not the next one.
                let days = first.duration_until(last);
                let half = SignedDuration::from_hours(if days.is_zero() { 0 } else { 12 });
                start.checked_add(days + half).ok()
            }
        };
        match last_begins {
            Some(begins) => Ok(stamp(begins)),
            None if last.year() == MAX_DATE.year() => Ok(last_stamp(MAX_DATE)),
            None => Err(Invalid::new("recurrence", "UNTIL is out of range (expected a year up to 9999)")),
        }
    }
}

impl From<Date> for SeriesStart {
    fn from(day: Date) -> Self {
        Self::Day(day)
    }
}

impl From<ZonedDateTime> for SeriesStart {
    fn from(start: ZonedDateTime) -> Self {
        Self::At(start)
    }
}

impl From<&ZonedDateTime> for SeriesStart {
    fn from(start: &ZonedDateTime) -> Self {
        Self::At(start.clone())
    }
}

impl From<Timestamp> for SeriesStart {
    fn from(start: Timestamp) -> Self {
        Self::Instant(start)
    }
}

impl From<&Self> for SeriesStart {
    fn from(start: &Self) -> Self {
        start.clone()
    }
}
