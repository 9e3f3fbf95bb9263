//! Converts the end of a rule to the last day of a range.

use connect_core::types::{EventTime, Invalid, SeriesStart};
use jiff::{
    civil::Date,
    tz::{Offset, TimeZone},
};

use super::rule::invalid;

/// Returns the last day on which an occurrence can begin.
///
/// If UNTIL is earlier in the day than the start of an occurrence, the last day is the day before UNTIL.
/// Otherwise, the last day is the day of UNTIL.
pub(super) fn last_day(start: &SeriesStart, until: &EventTime) -> Result<Date, Invalid> {
    let out_of_range = || invalid("UNTIL is out of range (expected a year from -9999 to 9999)");
    let (zone, time) = match start {
        SeriesStart::At(start) => (start.time_zone().clone(), Some(start.time())),
        SeriesStart::Instant(start) => (TimeZone::UTC, Some(Offset::UTC.to_datetime(*start).time())),
        _ => (TimeZone::UTC, None),
    };
    let limit = match until {
        EventTime::Instant(limit) => *limit,
        // A date or a time without a zone is in the zone of the series.
        EventTime::Date(day) => return Ok(*day),
        EventTime::Local(local) => match zone.to_timestamp(*local) {
            Ok(limit) => limit,
            Err(_) => return Ok(local.date()),
        },
        _ => return Err(out_of_range()),
    };
    let day = zone.to_datetime(limit).date();
    match time.and_then(|time| zone.to_timestamp(day.to_datetime(time)).ok()) {
        Some(begins) if begins > limit => day.yesterday().map_err(|_| out_of_range()),
        _ => Ok(day),
    }
}

/// The name of the zone in which the days of a series are counted, if the zone has a name.
pub(super) fn zone_name(start: &SeriesStart) -> Option<String> {
    match start {
        SeriesStart::At(start) => start.time_zone().iana_name().map(Into::into),
        SeriesStart::Instant(_) => Some("UTC".into()),
        _ => None,
    }
}
