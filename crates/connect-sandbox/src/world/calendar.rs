//! Calendars, events and series, and the changes to them.
//!
//! ```text
//! Calendar ── Event ── Fields              a single event
//!                  └── Series              a recurrence rule, and exceptions by original start
//!                        └── Instance      an entry of a list: an event, a master or one occurrence
//! ```

mod change;
mod changed;
mod conference;
mod draft;
mod events;
mod external;
mod fields;
mod guest;
mod listing;
mod model;
mod patch;
mod recurrence;

pub(crate) use change::{Change, Mode, Refusal, check_order, event_id};
pub(crate) use changed::{ChangeKind, Changed, Changes};
pub(crate) use conference::{generated as generated_conference, resolve as resolve_conference};
pub(crate) use draft::Draft;
pub(crate) use events::Events;
pub(crate) use external::{ExternalEdit, ExternalEditError};
pub(crate) use fields::{AVAILABILITY, Attendee, Fields, PRIVACY, STATUS};
pub(crate) use listing::{Entry, Key, Listing};
pub(crate) use model::{Calendar, Event, Exception, Instance, Range, Series, Target, etag};
pub(crate) use patch::{OWN, Patch, attendee, choice};
pub(crate) use recurrence::{End, Frequency, MAX_OCCURRENCES, Recurrence, end_of, lines};
