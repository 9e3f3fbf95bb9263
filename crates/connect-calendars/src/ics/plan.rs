//! The result of reading a file: the planned requests, and the refusals.

use std::fmt;

use connect_core::types::{Availability, EventStatus, EventTime, NewEvent, Patch, Privacy};

use super::times::DateOrTime;

/// A file that is not iCalendar.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct FileError {
    /// The line of the file, from 1; 0 if the error concerns the whole file.
    pub line: usize,
    message: String,
}

impl FileError {
    pub(super) fn new(line: usize, message: impl Into<String>) -> Self {
        Self { line, message: message.into() }
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "the file {}", self.message),
            line => write!(f, "line {line}: {}", self.message),
        }
    }
}

/// An event or another component that is left out as a whole, and the reason.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RefusedComponent {
    /// The line of the file at which the component begins; 0 for an event that was to be written.
    pub line: usize,
    /// The UID, or else the id of the event.
    pub uid: String,
    /// The title.
    pub title: String,
    /// The reason, with the name of the property.
    pub reason: String,
}

impl fmt::Display for RefusedComponent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line > 0 {
            write!(f, "line {}: ", self.line)?;
        }
        let name = if self.title.is_empty() { &self.uid } else { &self.title };
        write!(f, "{name:?}: {}", self.reason)
    }
}

/// The requests that import a file.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Plan {
    /// The events to create, in the order of the file.
    pub events: Vec<PlannedEvent>,
    /// The components that no request can express.
    pub refused: Vec<RefusedComponent>,
    /// The IANA name of the zone in which times without a zone were read, if the file has such times.
    pub floating_zone: Option<String>,
}

/// An event to create, and the occurrences to change afterwards.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PlannedEvent {
    /// The key for `create_once`: the UID. A part of a split series, or an occurrence without its series, has
    /// its start after the UID.
    pub key: String,
    /// The title.
    pub title: String,
    /// The start.
    pub start: EventTime,
    /// The rule, if the event is a series: `RRULE:..`.
    pub rule: Option<String>,
    /// The request that creates the event. Its `custom` fields contain the UID.
    pub request: NewEvent,
    /// The cancelled and changed occurrences, sorted by original start.
    pub exceptions: Vec<PlannedException>,
    /// The e-mail addresses of the guests in the file. The request contains the guests only if the import
    /// invites them.
    pub guests: Vec<String>,
    /// The names of properties and components that the request does not contain.
    pub left_out: Vec<String>,
    /// What the provider may do with the event in another way than the file says.
    pub notes: Vec<String>,
    /// The last day of a series without an end, if this event is its last part.
    pub ends: Option<jiff::civil::Date>,
}

/// An occurrence to change after the series has been created.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PlannedException {
    /// The start of the occurrence according to the rule: a date if the series is all-day.
    pub original_start: EventTime,
    /// The change.
    pub change: ExceptionChange,
}

/// The change of one occurrence.
#[derive(Debug, Clone, PartialEq)]
pub enum ExceptionChange {
    /// The occurrence is deleted.
    Cancelled,
    /// The occurrence gets these fields.
    Changed(Box<OccurrenceFields>),
}

/// The fields of a changed occurrence.
#[derive(Debug, Clone, PartialEq)]
pub struct OccurrenceFields {
    pub(super) title: String,
    pub(super) start: DateOrTime,
    pub(super) end: DateOrTime,
    pub(super) description: Option<String>,
    pub(super) location: Option<String>,
    /// `Keep` if the service stores no link.
    pub(super) conference: Patch<String>,
    pub(super) availability: Availability,
    pub(super) privacy: Option<Privacy>,
    pub(super) status: Option<EventStatus>,
    pub(super) guests: Option<Vec<String>>,
}
