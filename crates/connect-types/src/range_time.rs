//! The start or end of a date range in a request.

use alloc::boxed::Box;
use alloc::string::String;

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, ZonedDateTime, tz::Offset};

use crate::operation::Invalid;
use crate::send::Param;
use crate::time::{EventTime, Moment};

/// The start or end of a date range in a request.
///
/// A date means its midnight in UTC, and a time without an offset is in UTC. For the dates of another time
/// zone, create the range from zoned times. Text that is neither a date nor a time is an error when the
/// request is sent.
///
/// ```
/// use connect_types::ListEvents;
/// use jiff::{Timestamp, civil::date};
///
/// let dates = ListEvents::between(date(2024, 1, 1), date(2024, 2, 1));
/// assert_eq!(dates, ListEvents::between("2024-01-01", "2024-02-01T00:00:00Z"));
/// let until: Timestamp = "2024-02-01T00:00:00Z".parse()?;
/// assert_eq!(dates, ListEvents::between("2024-01-01T01:00+01:00", until));
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RangeTime(Result<Timestamp, Box<str>>);

impl RangeTime {
    /// Returns the instant, or an error for the request field `field`.
    pub(crate) fn instant(&self, field: &'static str) -> Result<Timestamp, Invalid> {
        self.0.clone().map_err(|text| {
            let expected = "(expected such as 2026-12-01 or 2026-12-01T09:00:00Z)";
            Invalid::new(field, alloc::format!("\"{text}\" is not a date or time {expected}"))
        })
    }
}

impl From<Timestamp> for RangeTime {
    fn from(instant: Timestamp) -> Self {
        Self(Ok(instant))
    }
}

impl From<ZonedDateTime> for RangeTime {
    fn from(zoned: ZonedDateTime) -> Self {
        Self(Ok(zoned.timestamp()))
    }
}

impl From<&ZonedDateTime> for RangeTime {
    fn from(zoned: &ZonedDateTime) -> Self {
        Self(Ok(zoned.timestamp()))
    }
}

impl From<Moment> for RangeTime {
    fn from(moment: Moment) -> Self {
        Self(Ok(moment.timestamp()))
    }
}

impl From<Date> for RangeTime {
    fn from(date: Date) -> Self {
        Self::from(date.at(0, 0, 0, 0))
    }
}

impl From<DateTime> for RangeTime {
    fn from(time: DateTime) -> Self {
        Self(Offset::UTC.to_timestamp(time).map_err(|_| alloc::format!("{time}").into()))
    }
}

impl From<&str> for RangeTime {
    fn from(text: &str) -> Self {
        match EventTime::from(text) {
            EventTime::Instant(instant) => Self(Ok(instant)),
            EventTime::Local(local) => Self::from(local),
            EventTime::Date(date) => Self::from(date),
            EventTime::Unreadable(text) => Self(Err(text)),
        }
    }
}

impl From<String> for RangeTime {
    fn from(text: String) -> Self {
        Self::from(&*text)
    }
}

impl Param for RangeTime {
    fn param(&self) -> Option<String> {
        Moment::from(self.0.clone().ok()?).param()
    }
}
