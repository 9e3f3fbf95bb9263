//! Reads times in the forms that a browser sends.

use connect_core::types::EventTime;
use jiff::{
    Timestamp,
    civil::{Date, Time},
    fmt::{rfc2822, strtime},
    tz::TimeZone,
};

use super::PageTime;

/// Reads milliseconds, ISO 8601, or the text of a JavaScript `Date`; `None` for any other text.
pub(super) fn read(time: &PageTime) -> Option<EventTime> {
    match time {
        PageTime::Millis(millis) => Timestamp::from_millisecond(*millis).ok().map(EventTime::Instant),
        PageTime::Text(text) => match EventTime::from(text.trim()) {
            EventTime::Unreadable(text) => date_text(&text).map(EventTime::Instant),
            time => Some(time),
        },
    }
}

/// Parses the text of `Date.prototype.toString()` or `toUTCString()`. Examples are `Tue Feb 01 2022 00:00:00
/// GMT+0100 (Central European Standard Time)` and `Mon, 31 Jan 2022 23:00:00 GMT`.
fn date_text(text: &str) -> Option<Timestamp> {
    let plain = text.split_once(" (").map_or(text, |(plain, _)| plain);
    let to_string =
        strtime::parse("%a %b %d %Y %H:%M:%S GMT%z", plain).and_then(|broken| broken.to_timestamp());
    to_string.ok().or_else(|| rfc2822::parse(plain).ok().map(|zoned| zoned.timestamp()))
}

/// The instant of a time. A date or a time without a zone is in `zone`.
pub(super) fn instant(time: &EventTime, zone: &TimeZone) -> Option<Timestamp> {
    let local = match time {
        EventTime::Instant(instant) => return Some(*instant),
        EventTime::Local(local) => *local,
        EventTime::Date(day) => {
            return Some(day.to_zoned_datetime(zone.clone()).ok()?.start_of_day().ok()?.timestamp());
        }
        _ => return None,
    };
    zone.to_ambiguous_timestamp(local).compatible().ok()
}

/// The date and the time of day, in `zone`.
pub(super) fn day(time: &EventTime, zone: &TimeZone) -> Option<(Date, Time)> {
    let local = match time {
        EventTime::Date(day) => day.at(0, 0, 0, 0),
        EventTime::Local(local) => *local,
        EventTime::Instant(instant) => zone.to_datetime(*instant),
        _ => return None,
    };
    Some((local.date(), local.time()))
}
