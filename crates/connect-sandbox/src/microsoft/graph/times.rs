//! Reads and writes Graph's times: `{dateTime, timeZone}`, where `dateTime` has no offset.

use super::error::ApiError;
use super::zones::Zone;
use crate::world::time;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime, Time};
use serde_json::{Value, json};

/// The start or end of an event, as the caller sent it.
#[derive(Clone, Debug)]
pub(super) struct EventTime {
    pub(super) local: DateTime,
    pub(super) at: Timestamp,
    pub(super) zone: Zone,
}

/// Renders a time in `zone`. A time of an all-day event is rendered as midnight, whatever `zone` is.
pub(super) fn write(at: Timestamp, all_day: bool, zone: &Zone) -> Value {
    let local = if all_day { time::local(at) } else { zone.zone.to_datetime(at) };
    json!({ "dateTime": local.strftime("%Y-%m-%dT%H:%M:%S%.7f").to_string(), "timeZone": zone.name })
}

/// Reads `{dateTime, timeZone}`. Without `timeZone`, the zone is UTC.
pub(super) fn read(name: &str, value: &Value, listed: bool) -> Result<EventTime, ApiError> {
    let object =
        value.as_object().ok_or_else(|| ApiError::property(name, "expected an object with a dateTime"))?;
    let text = object.get("dateTime").and_then(Value::as_str);
    let text = text.ok_or_else(|| ApiError::property(name, "the dateTime is missing or is not a string"))?;
    let zone = match object.get("timeZone") {
        None | Some(Value::Null) => Zone::utc(),
        Some(zone) => Zone::find(zone.as_str().unwrap_or(""), listed)?,
    };
    let local = civil(text, &zone).ok_or_else(|| {
        let message = "the dateTime is not valid (expected a date, or a date and time without an offset, \
                       such as 2026-12-01T09:00:00)";
        ApiError::property(name, message)
    })?;
    let at = local.to_zoned_datetime(zone.zone.clone()).map(|zoned| zoned.timestamp());
    let at = at.ok().and_then(|at| Timestamp::from_millisecond(at.as_millisecond()).ok());
    let at = at.ok_or_else(|| ApiError::property(name, "the time is out of range"))?;
    Ok(EventTime { local, at, zone })
}

/// Reads `<date>T<time>` without an offset, or a date. A trailing `Z` is only allowed with the zone UTC.
fn civil(text: &str, zone: &Zone) -> Option<DateTime> {
    let plain = match text.strip_suffix('Z') {
        Some(plain) if zone.name.eq_ignore_ascii_case("UTC") => plain,
        _ => text,
    };
    match plain.split_once('T') {
        Some((_, time)) if time.contains(|c: char| !(c.is_ascii_digit() || ":.".contains(c))) => None,
        Some(_) => plain.parse().ok(),
        None => plain.parse::<Date>().ok().map(|day| day.at(0, 0, 0, 0)),
    }
}

/// Reads the start or end of a calendar view. A time without an offset is in UTC.
pub(super) fn bound(text: &str) -> Option<Timestamp> {
    if text.contains(' ') {
        return None; // A space comes from a `+` that was not percent-encoded.
    }
    let exact = text.parse::<Timestamp>().ok();
    let local = || text.parse::<DateTime>().ok().and_then(time::instant);
    exact.or_else(local).or_else(|| text.parse::<Date>().ok().and_then(time::midnight))
}

pub(super) fn is_midnight(at: &EventTime) -> bool {
    at.local.time() == Time::midnight()
}

/// Formats a timestamp, as in `createdDateTime`.
pub(super) fn exact(at: Timestamp) -> String {
    format!("{at:.7}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn event_time_with_offset_is_refused() {
        let read = |date_time: &str, zone: Value| {
            let value = json!({ "dateTime": date_time, "timeZone": zone });
            super::read("start", &value, false).ok().map(|moment| moment.at.to_string())
        };
        let nine = Some("2026-11-21T09:00:00Z".to_owned());
        assert_eq!(read("2026-11-21T09:00:00.0000000", Value::Null), nine);
        assert_eq!(read("2026-11-21T10:00:00", json!("W. Europe Standard Time")), nine);
        assert_eq!(read("2026-11-21T10:00", json!("Europe/Budapest")), nine);
        assert_eq!(read("2026-11-21T09:00:00Z", json!("UTC")), nine);
        for (text, zone) in
            [("2026-11-21T09:00:00Z", "Europe/Budapest"), ("2026-11-21T09:00:00+01:00", "UTC")]
        {
            assert_eq!(read(text, json!(zone)), None, "{text}");
        }
        assert_eq!(read("soon", Value::Null), None);
    }

    #[test]
    fn view_bounds_take_offsets_or_utc() {
        let at = |text| bound(text).map(|at| at.to_string());
        assert_eq!(at("2026-11-21T10:00:00+01:00").as_deref(), Some("2026-11-21T09:00:00Z"));
        assert_eq!(at("2026-11-21T09:00:00.0000000").as_deref(), Some("2026-11-21T09:00:00Z"));
        assert_eq!(at("2026-11-21T10:00:00 01:00"), None);
    }
}
