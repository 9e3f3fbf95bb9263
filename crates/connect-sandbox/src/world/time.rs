//! Reading and writing times, and calculating with them.

use jiff::civil::{Date, DateTime};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use serde::Serializer;
use std::sync::LazyLock;

/// Writes a time in UTC with milliseconds and `Z`, as JavaScript's `toISOString` does.
pub(crate) fn wire(at: Timestamp) -> String {
    format!("{at:.3}")
}

pub(crate) fn serialize_wire<S: Serializer>(at: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&wire(*at))
}

pub(crate) fn serialize_wire_option<S: Serializer>(
    at: &Option<Timestamp>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => serialize_wire(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// Reads a time leniently, as Connect does.
///
/// Accepts a time with an offset, with `Z` or without a zone (UTC), and a date (midnight in UTC). Seconds are
/// optional. Rounds down to milliseconds.
pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let exact = read_exact(text.trim())?;
    Timestamp::from_millisecond(exact.as_millisecond()).ok()
}

fn read_exact(text: &str) -> Option<Timestamp> {
    if let Some(offset) = text.rfind(' ').filter(|at| text.get(at + 1..).is_some_and(looks_like_offset)) {
        // In a query, a `+` that is not percent-encoded is decoded as a space.
        let (head, tail) = text.split_at(offset);
        return format!("{head}+{}", tail.trim_start()).parse().ok();
    }
    let zoned = text.parse::<Timestamp>().ok();
    let local = || text.parse::<DateTime>().ok().and_then(instant);
    let date = || text.parse::<Date>().ok().and_then(midnight);
    zoned.or_else(local).or_else(date)
}

/// Returns the time zone with this IANA name, from bundled data, which is the same on every
/// machine.
pub(crate) fn zone(name: &str) -> Option<TimeZone> {
    static ZONES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);
    ZONES.get(name).ok()
}

pub(crate) fn instant(local: DateTime) -> Option<Timestamp> {
    local.to_zoned_datetime(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

pub(crate) fn midnight(date: Date) -> Option<Timestamp> {
    instant(date.to_datetime(jiff::civil::Time::midnight()))
}

pub(crate) fn local(at: Timestamp) -> DateTime {
    TimeZone::UTC.to_datetime(at)
}

pub(crate) fn floor_to_day(at: Timestamp) -> Timestamp {
    midnight(local(at).date()).unwrap_or(at)
}

/// Returns the first midnight in UTC at or after `at`.
pub(crate) fn ceil_to_day(at: Timestamp) -> Timestamp {
    let floor = floor_to_day(at);
    if floor == at { at } else { plus_hours(floor, 24) }
}

/// Returns `at` plus `hours`, or `at` itself if the result is out of range.
pub(crate) fn plus_hours(at: Timestamp, hours: i64) -> Timestamp {
    at.checked_add(SignedDuration::from_secs(hours.saturating_mul(3600))).unwrap_or(at)
}

/// Returns `at` plus `seconds`, at most `Timestamp::MAX`.
pub(crate) fn plus_seconds(at: Timestamp, seconds: u64) -> Timestamp {
    let seconds = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    at.checked_add(seconds).unwrap_or(Timestamp::MAX)
}

/// Returns `at` plus a duration, at most `Timestamp::MAX`.
pub(crate) fn plus(at: Timestamp, by: std::time::Duration) -> Timestamp {
    SignedDuration::try_from(by).ok().and_then(|by| at.checked_add(by).ok()).unwrap_or(Timestamp::MAX)
}

/// Returns `at` moved by the duration from `from` to `to`.
pub(crate) fn shifted(at: Timestamp, from: Timestamp, to: Timestamp) -> Timestamp {
    at.checked_add(from.duration_until(to)).unwrap_or(at)
}

/// Formats a time as in an occurrence id: `20261102T090000Z`, or `20261102` for an all-day event.
pub(crate) fn stamp(at: Timestamp, all_day: bool) -> String {
    let at = local(at);
    let date = format!("{:04}{:02}{:02}", at.year(), at.month(), at.day());
    if all_day { date } else { format!("{date}T{:02}{:02}{:02}Z", at.hour(), at.minute(), at.second()) }
}

fn looks_like_offset(text: &str) -> bool {
    matches!(text.as_bytes(), [a, b, b':', c, d] if [a, b, c, d].into_iter().all(u8::is_ascii_digit))
        && text.as_bytes().first() <= Some(&b'1')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn read_accepts_every_supported_form() {
        let nine = "2026-11-02T09:00:00Z".parse::<Timestamp>().unwrap();
        for text in [
            "2026-11-02T09:00:00.000Z",
            "2026-11-02T09:00Z",
            "2026-11-02T09:00",
            "2026-11-02T10:00:00+01:00",
            "2026-11-02T10:00:00 01:00",
            "2026-11-02 09:00:00",
            "20261102T090000Z",
        ] {
            assert_eq!(read(text), Some(nine), "{text}");
        }
        assert_eq!(read("2026-11-02").map(wire).as_deref(), Some("2026-11-02T00:00:00.000Z"));
        assert_eq!(read("soon"), None);
    }

    #[test]
    fn stamp_has_date_only_for_all_day() {
        let nine = "2026-11-02T09:00:00Z".parse::<Timestamp>().unwrap();
        assert_eq!(stamp(nine, false), "20261102T090000Z");
        assert_eq!(stamp(nine, true), "20261102");
    }
}
