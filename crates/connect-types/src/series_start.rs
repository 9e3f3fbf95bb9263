//! When a series begins, and the UNTIL that follows from it.

use alloc::string::String;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};

use crate::operation::Invalid;
use crate::rrule::{END_OF_TIME, day_stamp, last_stamp, stamp, utc};

/// When a series begins: what it takes to know the last occurrence before an instant, or on a day.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum SeriesStart {
    /// With a whole day.
    Day(Date),
    /// At a time of a time zone, where all its occurrences are at that time.
    At(ZonedDateTime),
    /// At an instant; in which zone is not known, or UTC. An end is then right unless the zone leaves out a day.
    Instant(Timestamp),
}

impl SeriesStart {
    /// Returns the day that the series begins with, in its own zone; in UTC if the zone is not known.
    #[must_use]
    pub fn day(&self) -> Date {
        match self {
            Self::Day(day) => *day,
            Self::At(start) => start.date(),
            Self::Instant(start) => utc(*start).date(),
        }
    }

    /// Returns the UNTIL (RFC 5545 3.3.10) of a series with these first and last days, in its own zone: a date for an all-day
    /// series, else an instant in UTC.
    ///
    /// The first day matters if the zone is not known: the last occurrence begins so many days after the first one.
    ///
    /// # Errors
    /// [`Invalid`] when the last day is out of its range.
    pub fn until(&self, first: Date, last: Date) -> Result<String, Invalid> {
        let last_begins = match self {
            Self::Day(_) => return Ok(day_stamp(last)),
            // Parts of a second are cut off: not before the occurrence begins.
            Self::At(start) => {
                let begins = start.time_zone().to_timestamp(last.to_datetime(start.time())).ok();
                begins.and_then(|begins| {
                    let whole = i64::from(begins.subsec_nanosecond() != 0);
                    begins.checked_add(SignedDuration::from_secs(whole)).ok()
                })
            }
            Self::Instant(start) => {
                // The series' own days may not be those of UTC: so many days after its first begins its last, an hour or two
                // off where the clocks change. Half a day more takes it for certain, and none after it.
                let days = first.duration_until(last);
                let half = SignedDuration::from_hours(if days.is_zero() { 0 } else { 12 });
                start.checked_add(days + half).ok()
            }
        };
        match last_begins {
            Some(begins) => Ok(stamp(begins)),
            None if last.year() == END_OF_TIME.year() => Ok(last_stamp(END_OF_TIME)),
            None => Err(Invalid::new("recurrence", "the end is out of the years there are")),
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
