//! JSON in the form that Mobiscroll's Eventcalendar takes as its `data`, and events as a page sends them back.
//!
//! ```text
//!   Event ── data(..) ─▶ JSON ─▶ <Eventcalendar data={..}>
//!                                        │ onEventCreate, onEventUpdate
//!   NewEvent, UpdateEvent ◀─ PageEvent ◀─┘
//! ```
//!
//! **The last day.** Google, Microsoft and Connect end an all-day event with the day after its last, exclusive. The
//! Eventcalendar reads an end that is a date as the last day itself, inclusive, unless its option `exclusiveEndDates` is on, as it is
//! whenever it has a time zone. Both are here, in both directions, inclusive by default: say `exclusive_ends()` for an Eventcalendar
//! with that option. [`last_day`] is the inclusive view for Rust.
//!
//! ```
//! use connect_core::types::{CalendarRef, Event, EventTime, NewEvent};
//! use connect_calendars::eventcalendar::{self, PageEvent};
//!
//! let mut event = Event::new("google", "work", "e1");
//! event.title = "Closed".to_owned();
//! (event.all_day, event.start, event.end) =
//!     (Some(true), Some(EventTime::from("2026-12-24")), Some(EventTime::from("2026-12-25")));
//! let json = serde_json::to_string(&eventcalendar::data([&event]))?;
//! assert_eq!(json, r#"[{"id":"e1","title":"Closed","start":"2026-12-24","end":"2026-12-24","allDay":true,"googleCalendarId":"work"}]"#);
//!
//! let sent: PageEvent = serde_json::from_str(r#"{"title": "Lunch", "start": "2026-12-24T12:00:00.000Z", "end": "2026-12-24T12:30:00.000Z"}"#)?;
//! let new: NewEvent = sent.new_event(("google", "work"))?;
//! # let _ = (new, CalendarRef::new("google", "work"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Which fields Mobiscroll's own plugin fills in beyond these is not documented.

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

/// The last day of an all-day event: the 24th of one that ends, exclusive, on the 25th, or at a time of the 24th. Nothing for an
/// event that does not begin with a day.
pub fn last_day(event: &Event) -> Option<Date> {
    let first = event.start.as_ref().and_then(EventTime::date)?;
    let end = match event.end.as_ref() {
        Some(EventTime::Date(end)) => Some(end.at(0, 0, 0, 0)),
        Some(EventTime::Local(end)) => Some(*end),
        // As its start is the day of a midnight in UTC.
        Some(EventTime::Instant(end)) => Some(TimeZone::UTC.to_datetime(*end)),
        _ => None,
    };
    let last = end.and_then(|end| {
        if end.time() == Time::midnight() { end.date().yesterday().ok() } else { Some(end.date()) }
    });
    // An end that is not after the start is one of somebody who meant the last day.
    Some(last.map_or(first, |last| last.max(first)))
}
