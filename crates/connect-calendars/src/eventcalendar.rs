//! Converts events to and from the JSON of web pages that show a Mobiscroll Eventcalendar.
//!
//! [`data`] converts events to the JSON of a page. [`PageEvent`] converts JSON from a page to requests.
//!
//! ```text
//!   Event ── data(..) ─▶ JSON ─▶ <Eventcalendar data={..}>
//!                                        │ onEventCreate, onEventUpdate
//!   NewEvent, UpdateEvent ◀─ PageEvent ◀─┘
//! ```
//!
//! Google, Microsoft and Connect end an all-day event on the day after its last day (exclusive).
//! The Eventcalendar ends an all-day event on its last day (inclusive). For an Eventcalendar with
//! the option `exclusiveEndDates` or a time zone, call `exclusive_ends()` of [`Data`] and
//! [`PageEvent`].
//!
//! ```
//! use connect_core::types::{Event, EventTime, NewEvent};
//! use connect_calendars::eventcalendar::{self, PageEvent};
//!
//! let mut event = Event::new("google", "work", "e1");
//! event.title = "Closed".to_owned();
//! (event.all_day, event.start, event.end) =
//!     (Some(true), Some(EventTime::from("2026-12-24")), Some(EventTime::from("2026-12-25")));
//! let json = serde_json::to_value(eventcalendar::data([&event]))?;
//! assert_eq!(json[0]["start"], "2026-12-24");
//! assert_eq!(json[0]["end"], "2026-12-24");
//!
//! let sent: PageEvent = serde_json::from_str(
//!     r#"{"title": "Lunch", "start": "2026-12-24T12:00:00.000Z", "end": "2026-12-24T12:30:00.000Z"}"#,
//! )?;
//! let new: NewEvent = sent.new_event(("google", "work"))?;
//! # let _ = new;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The calendar plugin of Mobiscroll may add undocumented fields to the JSON of an event.

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

/// Returns the last day of an all-day event. `None` if the start of the event is not a date.
///
/// If the event ends on the 25th at midnight, or during the 24th, the last day is the 24th.
pub fn last_day(event: &Event) -> Option<Date> {
    let first = event.start.as_ref().and_then(EventTime::date)?;
    let end = match event.end.as_ref() {
        Some(EventTime::Date(end)) => Some(end.at(0, 0, 0, 0)),
        Some(EventTime::Local(end)) => Some(*end),
        // The date of the start comes from a midnight in UTC, so the end is read in UTC too.
        Some(EventTime::Instant(end)) => Some(TimeZone::UTC.to_datetime(*end)),
        _ => None,
    };
    let last = end.and_then(|end| {
        if end.time() == Time::midnight() { end.date().yesterday().ok() } else { Some(end.date()) }
    });
    // An end that is not after the start is read as inclusive.
    Some(last.map_or(first, |last| last.max(first)))
}
