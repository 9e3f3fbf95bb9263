//! Calendars and events: listing with pages, series, and writing.
//!
//! ```text
//! Calendar ── Event ── Fields              a single event
//!                  └── Series              a rule, and exceptions by the start an occurrence had
//!                        └── Instance      what a list shows: an event, a master or one occurrence
//! ```

mod address;
mod changed;
mod conference;
mod create;
mod delete;
mod draft;
mod fields;
mod icalendar;
mod input;
mod list;
mod model;
mod odd;
mod original;
mod outside;
mod page;
mod patch;
mod recurrence;
mod render;
mod update;

pub(crate) use changed::{ChangeKind, Changed, Changes};
pub(crate) use conference::generated as generated_conference;
pub(crate) use create::{check_order, event_id};
pub(crate) use draft::Draft;
pub(crate) use fields::{Attendee, Fields};
pub(crate) use input::{FIELDS, check, read_recurrence};
pub(crate) use model::{Calendar, Event, Exception, Instance, Range, Series, Target};
pub(crate) use original::{
    etag, google as google_original, kind as graph_kind, microsoft as microsoft_original,
};
pub(crate) use outside::{Deed, Undone};
pub(crate) use patch::{OWN, Patch};
pub(crate) use recurrence::{End, Frequency, Recurrence, end_of, lines};
pub(crate) use render::{Style, render};
