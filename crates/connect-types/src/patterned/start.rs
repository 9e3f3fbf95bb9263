//! From the last day of a series to the instant its last occurrence begins at, and back.

use alloc::string::String;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::SeriesStart;
use super::rule::invalid;
use crate::operation::Invalid;
use crate::rrule::{END_OF_TIME, Until, day_stamp, last_stamp, stamp, utc};

impl SeriesStart {
    /// The day it begins with, in its own zone.
    pub(crate) fn day(&self) -> Date {
        match self {
            Self::Day(day) => *day,
            Self::At(start) => start.date(),
            Self::Instant(start) => utc(*start).date(),
        }
    }

    pub(super) fn zone_name(&self) -> Option<String> {
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
    pub(super) fn last_day(&self, until: &Until) -> Result<Date, Invalid> {
        let gone = || invalid("UNTIL is out of the years there are");
        // A date, or a time without a zone, is meant where the series is.
        let limit = match (until, self) {
            (Until::Day(day), _) => return Ok(*day),
            (Until::Local(local), Self::Day(_)) => return Ok(local.date()),
            (Until::Instant(until), Self::Day(_)) => return Ok(utc(*until).date()),
            (Until::Local(local), _) => {
                let zone = if let Self::At(start) = self { start.time_zone() } else { &TimeZone::UTC };
                match zone.to_timestamp(*local) {
                    Ok(limit) => limit,
                    Err(_) => return Ok(local.date()),
                }
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
    pub(crate) fn until(&self, first: Date, last: Date) -> Result<String, Invalid> {
        if let Self::Day(_) = self {
            return Ok(day_stamp(last));
        }
        let last_begins = match self {
            Self::Instant(start) => {
                // The series' own days may not be those of UTC: so many days after its first begins its last, an hour or two
                // off where the clocks change. Half a day more takes it for certain, and none after it.
                let days = first.duration_until(last);
                let half = SignedDuration::from_hours(if days.is_zero() { 0 } else { 12 });
                start.checked_add(days + half).ok()
            }
            // Parts of a second are cut off: not before the occurrence begins.
            _ => self.on(last).and_then(|begins| {
                let whole = i64::from(begins.subsec_nanosecond() != 0);
                begins.checked_add(SignedDuration::from_secs(whole)).ok()
            }),
        };
        match last_begins {
            Some(begins) => Ok(stamp(begins)),
            None if last.year() == END_OF_TIME.year() => Ok(last_stamp(END_OF_TIME)),
            None => Err(invalid("the end is out of the years there are")),
        }
    }
}
