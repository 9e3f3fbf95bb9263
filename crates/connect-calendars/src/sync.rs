//! Feeds that keep copies of calendars up to date.
//!
//! The feeds of [Google](crate::google::EventFeed), [Outlook](crate::outlook::EventFeed) and
//! [Connect](Mirror) have one interface.
//!
//! ```text
//!   begin() ─▶ request() ─▶ (send it) ─▶ advance(..) ─┬─▶ None: more pages follow, call request() again
//!                  ▲                                   │
//!                  '───────────────────────────────────┴─▶ Some(Changes): apply them, save cursor()
//! ```
//!
//! * A round reads the changes since the cursor, or all events if the feed has no cursor. All changes are
//!   returned together at the end of the round, so a copy never contains half a round.
//! * After an error, call `begin` again. `request` then returns the failed request again, or the first
//!   request of a new round if the error ended the round.
//! * If the server no longer accepts the cursor, the feed reads all events again and sets [`Changes::full`].
//! * Save the changes of a round before its cursor, or both in one transaction. A copy to which the changes
//!   of a round are applied twice is still correct.
//!
//! ```
//! # use connect_core::{Caller, Error};
//! # use connect_calendars::sync::{ChangeFeed, EventCopy, round};
//! fn follow<F: ChangeFeed>(user: &impl Caller, feed: &mut F, copy: &mut EventCopy) -> Result<(), Error>
//! where
//!     F::Request: Sync,
//! {
//!     copy.apply(round(user, feed)?);
//!     // save the copy and feed.cursor()
//!     Ok(())
//! }
//! ```

pub mod mirror;
mod occurrences;

pub use mirror::{Fingerprint, Mirror};

use std::collections::BTreeMap;

use connect_core::{
    AsyncCaller, Caller, Endpoint, Error,
    types::{CalendarRef, Event},
};
use serde::{Deserialize, Serialize};

use occurrences::Occurrences;

/// A source of changes to calendars, as a state machine without I/O.
pub trait ChangeFeed {
    /// The request for one page of changes.
    type Request: Endpoint;

    /// Begins a round, unless one is under way.
    fn begin(&mut self);

    /// Returns the next request to send; `None` outside of a round.
    fn request(&self) -> Option<Self::Request>;

    /// Processes the response to the request. Returns the changes of the round if this response ends the
    /// round.
    ///
    /// # Errors
    /// Returns the error of `response`, unless the feed can continue by reading all events again. Also
    /// returns an error for a page that cannot be correct, such as a repeated page.
    fn advance(
        &mut self,
        response: Result<<Self::Request as Endpoint>::Output, Error>,
    ) -> Result<Option<Changes>, Error>;

    /// Returns the position after the last round; `None` before the end of the first round.
    fn cursor(&self) -> Option<Cursor>;
}

/// The changes of one round.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Changes {
    /// Whether `events` contains all events of the calendars. If true, a copy deletes all events
    /// that are not in `events`.
    pub full: bool,
    /// New and changed events.
    pub events: Vec<Event>,
    /// Removed events. A copy deletes these events before it adds `events`, and ignores unknown ids. If an id
    /// identifies a series, the copy also deletes all occurrences of the series.
    pub removed: Vec<EventId>,
}

/// The calendar and the id of an event. Ids are unique only within a calendar.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    /// The calendar.
    pub calendar: CalendarRef,
    /// The id of the event in its calendar.
    pub id: String,
}

impl EventId {
    /// Creates the id of an event in a calendar.
    pub fn new(calendar: impl Into<CalendarRef>, id: impl Into<String>) -> Self {
        Self { calendar: calendar.into(), id: id.into() }
    }
}

impl From<&Event> for EventId {
    fn from(event: &Event) -> Self {
        Self::new(event, &event.id)
    }
}

/// The position of a feed, as opaque text to save.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// Creates a cursor from saved text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// Returns the text to save.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A copy of events in memory. A copy in a database applies [`Changes`] as [`EventCopy::apply`] does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventCopy {
    events: BTreeMap<CopyKey, Event>,
    occurrences: Occurrences<CopyKey>,
}

type CopyKey = (String, String, String);

impl EventCopy {
    /// Creates an empty copy.
    pub fn new() -> Self {
        Self::default()
    }

    /// Applies the changes of a round.
    pub fn apply(&mut self, changes: Changes) {
        if changes.full {
            *self = Self::default();
        }
        for id in &changes.removed {
            let id = key(id);
            for id in self.occurrences.of(&id).cloned().chain([id.clone()]).collect::<Vec<_>>() {
                self.remove(&id);
            }
        }
        for event in changes.events {
            let id = key(&EventId::from(&event));
            self.remove(&id);
            if let Some(series) = series_of(&id, &event) {
                self.occurrences.insert(series, id.clone());
            }
            self.events.insert(id, event);
        }
    }

    fn remove(&mut self, id: &CopyKey) {
        if let Some(series) = self.events.remove(id).and_then(|event| series_of(id, &event)) {
            self.occurrences.remove(&series, id);
        }
    }

    /// Returns the event of this id.
    pub fn get(&self, id: &EventId) -> Option<&Event> {
        self.events.get(&key(id))
    }

    /// Returns all events, ordered by calendar and id.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.events.values()
    }

    /// Returns the ids and fingerprints of all events, for [`Mirror::resume`].
    pub fn fingerprints(&self) -> impl Iterator<Item = (EventId, Fingerprint)> {
        self.iter().map(|event| (EventId::from(event), Fingerprint::from(event)))
    }

    /// Returns the number of events.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Returns whether the copy has no events.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

/// Returns the key of the series of an occurrence.
fn series_of(id: &CopyKey, event: &Event) -> Option<CopyKey> {
    event.recurring_event_id.as_ref().map(|series| (id.0.clone(), id.1.clone(), series.clone()))
}

fn key(id: &EventId) -> CopyKey {
    (id.calendar.provider.as_str().to_owned(), id.calendar.id.clone(), id.id.clone())
}

/// Runs a round with a blocking client. To continue after an error, call this function again.
pub fn round<F: ChangeFeed>(user: &impl Caller, feed: &mut F) -> Result<Changes, Error>
where
    F::Request: Sync,
{
    feed.begin();
    loop {
        let Some(request) = feed.request() else { return Ok(Changes::default()) };
        if let Some(changes) = feed.advance(user.call(&request))? {
            return Ok(changes);
        }
    }
}

/// Runs a round with an async client.
///
/// To continue after an error or a dropped future, call this function again.
pub async fn round_async<F>(user: &impl AsyncCaller, feed: &mut F) -> Result<Changes, Error>
where
    F: ChangeFeed + Send,
    F::Request: Send + Sync,
    <F::Request as Endpoint>::Output: Send,
{
    feed.begin();
    loop {
        let Some(request) = feed.request() else { return Ok(Changes::default()) };
        let response = user.call(&request).await;
        if let Some(changes) = feed.advance(response)? {
            return Ok(changes);
        }
    }
}
