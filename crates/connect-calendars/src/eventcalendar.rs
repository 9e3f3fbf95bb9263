//! The other fields that the Mobiscroll plugin writes are undocumented.

mod data;
mod page_event;
mod series;
mod when;

use connect_core::types::{Event, EventTime};
use jiff::{
    civil::{Date, Time},
    tz::TimeZone,
};

pub use data::{Data, data};
pub use page_event::{PageEvent, PageTime};

/// Returns the last day of an all-day event. If the event ends on the 25th at midnight, or during the 24th,
/// this is the 24th. `None` if the event does not begin with a date.
pub fn last_day(event: &Event) -> Option<Date> {
    let first = event.start.as_ref().and_then(EventTime::date)?;
    let end = match event.end.as_ref() {
        Some(EventTime::Date(end)) => Some(end.at(0, 0, 0, 0)),
        Some(EventTime::Local(end)) => Some(*end),
        // The start date is that of a midnight in UTC, so the end is read in UTC too.
        Some(EventTime::Instant(end)) => Some(TimeZone::UTC.to_datetime(*end)),
        _ => None,
    };
    let last = end.and_then(|end| {
        if end.time() == Time::midnight() { end.date().yesterday().ok() } else { Some(end.date()) }
    });
    // The author of an end that is not after the start meant an inclusive end.
    Some(last.map_or(first, |last| last.max(first)))
}
