//! Reads and writes Google's date and time formats.

use super::error::ApiError;
use crate::world::time;
pub(super) use crate::world::time::zone;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

/// The start or end of an event, as the caller sent it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct EventTime {
    pub(super) at: Timestamp,
    pub(super) all_day: bool,
    pub(super) zone: Option<String>,
}

/// Formats a time in `zone`.
pub(super) fn text(at: Timestamp, zone: &TimeZone) -> String {
    let local = at.to_zoned_datetime(zone.clone());
    let offset = if local.offset().is_zero() { "Z".to_owned() } else { local.strftime("%:z").to_string() };
    format!("{}{offset}", local.strftime("%Y-%m-%dT%H:%M:%S"))
}

/// Returns `{date}` or `{dateTime, timeZone}`. `dateTime` is the local time in the time zone `shown`.
/// `timeZone` is `zone`, the event's own time zone.
pub(super) fn write(at: Timestamp, all_day: bool, shown: &TimeZone, zone: &str) -> Value {
    if all_day {
        json!({ "date": time::local(at).date().to_string() })
    } else {
        json!({ "dateTime": text(at, shown), "timeZone": zone })
    }
}

/// Reads `{date}` or `{dateTime, timeZone}`. A `dateTime` without an offset is local to `timeZone`.
pub(super) fn read(name: &str, value: &Value) -> Result<EventTime, ApiError> {
    let wrong = || ApiError::new(400, "invalid", format!("Invalid {name} time."));
    let text = |key: &str| value.get(key).filter(|value| !value.is_null()).map(|value| value.as_str());
    let zone_name = match text("timeZone") {
        None => None,
        Some(found) => Some(found.ok_or_else(wrong)?),
    };
    let known = zone_name.map(|name| zone(name).ok_or_else(|| unknown_zone(name))).transpose()?;
    let (at, all_day) = match (text("date"), text("dateTime")) {
        (Some(date), None) => (date.and_then(read_date).ok_or_else(wrong)?, true),
        (None, Some(at)) => (at.and_then(|at| read_time(at, known.as_ref())).ok_or_else(wrong)?, false),
        (None, None) => return Err(ApiError::required(&format!("Missing {name} time."))),
        // A patch that replaces `date` by `dateTime`, or vice versa, has to set the replaced member to null.
        (Some(_), Some(_)) => return Err(wrong()),
    };
    Ok(EventTime { at, all_day, zone: zone_name.map(str::to_owned) })
}

pub(super) fn unknown_zone(name: &str) -> ApiError {
    ApiError::invalid("timeZone", format!("Invalid time zone definition: {name}"))
}

fn read_date(text: &str) -> Option<Timestamp> {
    // Jiff also parses other formats than `yyyy-mm-dd`.
    let date: Date = text.parse().ok().filter(|date: &Date| date.to_string() == text)?;
    time::midnight(date)
}

fn read_time(text: &str, zone: Option<&TimeZone>) -> Option<Timestamp> {
    if !text.contains(['T', 't']) {
        return None;
    }
    let exact = text.parse::<Timestamp>().ok();
    let local = || text.parse::<DateTime>().ok()?.to_zoned_datetime(zone?.clone()).ok();
    let at = exact.or_else(|| local().map(|zoned| zoned.timestamp()))?;
    Timestamp::from_millisecond(at.as_millisecond()).ok()
}

/// Reads a time from a query parameter, in RFC 3339 format.
pub(super) fn parameter(name: &str, text: &str) -> Result<Timestamp, ApiError> {
    let read = text.contains(['T', 't']).then(|| text.parse::<Timestamp>().ok()).flatten();
    read.ok_or_else(|| ApiError::bad_request("Bad Request").at_parameter(name))
}
