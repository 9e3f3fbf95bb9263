//! Conversion between events and iCalendar files (RFC 5545), without I/O.
//!
//! ```text
//!   events ──▶ write() ──▶ text            series with their exceptions, and the time zones that they use
//!   bytes  ──▶ Import::read() ──▶ Plan     requests that create the events, and refusals with their reasons
//! ```
//!
//! ```
//! use connect_calendars::ics::{self, Import};
//! use connect_core::types::{CalendarRef, Provider};
//!
//! let file = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:1@example.com\r\n\
//!     DTSTART;TZID=Europe/Berlin:20270104T090000\r\nDURATION:PT15M\r\nRRULE:FREQ=WEEKLY;COUNT=10\r\n\
//!     SUMMARY:Stand-up\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";
//! let plan = Import::new(CalendarRef::new(Provider::Google, "primary")).read(file.as_bytes())?;
//! assert!(plan.refused.is_empty());
//! assert_eq!((plan.events[0].title.as_str(), plan.events[0].key.as_str()), ("Stand-up", "1@example.com"));
//! // Create each event with `create_once`, with its key and its request.
//! let request = plan.events[0].request.clone();
//! # let _ = request;
//! assert!(ics::write(&[], jiff::Timestamp::UNIX_EPOCH).text.starts_with("BEGIN:VCALENDAR\r\n"));
//! # Ok::<(), ics::FileError>(())
//! ```
//!
//! # Writing
//!
//! * A series is written in its own time zone, with a `VTIMEZONE`. Single events are written in UTC.
//! * A cancelled occurrence is an `EXDATE`; a changed occurrence is an event with a `RECURRENCE-ID`.
//! * The UID is the field [`UID_FIELD`] of the `custom` fields, which [`Import`] sets. Without this field,
//!   the UID is the iCalendar UID of the provider; without that, the UID is built from the event's id.
//! * `custom` fields are written as JSON in [`CUSTOM_PROPERTY`].
//!
//! # Reading
//!
//! * Whatever a request cannot express is refused, and the reason names it: several rules, `RDATE`,
//!   `THISANDFUTURE`, an unknown time zone, a missing start, and others. An event is refused as a whole, with
//!   all its exceptions.
//! * A TZID is an IANA name, a Windows name (feature `outlook`), or the name of a `VTIMEZONE` with a fixed
//!   offset or two yearly rules. A time without a zone is in the zone of `X-WR-TIMEZONE`, or else in the zone
//!   that [`Import::floating_zone`] sets.
//! * The DTSTART of a series is its first occurrence, even if the RRULE does not include that day. RFC 5545
//!   leaves such a series undefined, and [`PlannedEvent::notes`] says so. Outlook has no such series.
//! * Properties that events of this SDK do not have, such as alarms and categories, are left out, and
//!   [`PlannedEvent::left_out`] names them.
//! * Every event has the key under which `create_once` creates it at most once: its UID.

mod apply;
mod import;
mod lines;
mod plan;
mod series;
mod text;
mod times;
mod vevent;
mod vtimezone;
mod write;

pub use import::Import;
pub use plan::{
    ExceptionChange, FileError, OccurrenceFields, Plan, PlannedEvent, PlannedException, RefusedComponent,
};
pub use write::{IcsFile, uid, write};

/// The property with the `custom` fields of an event, as JSON.
pub const CUSTOM_PROPERTY: &str = "X-MOBISCROLL-CUSTOM";

/// The field of `custom` with the UID of an imported event.
pub const UID_FIELD: &str = "iCalUID";
