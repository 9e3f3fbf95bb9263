//! Copies of calendars that are kept in step: one interface over [Google](crate::google::EventFeed),
//! [Outlook](crate::outlook::EventFeed) and [Connect](Mirror).
//!
//! ```text
//!   begin() ─▶ request() ─▶ (send it) ─▶ answered(..) ─┬─▶ None: there is more, request() again
//!                  ▲                                   │
//!                  '───────────────────────────────────┴─▶ Some(Changes): apply them, keep cursor()
//! ```
//!
//! * A round begins where the cursor says, or with everything. Its changes come whole, at its end: a copy never shows half of
//!   a round.
//! * An error leaves the round where it is: `request` gives the same request again.
//! * A server that forgot where the cursor is begins with everything again, and the changes say so ([`Changes::full`]).
//! * Save what came of a round together with the cursor, or the cursor later: the same changes twice do no harm.
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

pub use mirror::Mirror;

use std::collections::{BTreeMap, BTreeSet};

use connect_core::{
    AsyncCaller, Caller, Endpoint, Error,
    types::{CalendarRef, Event},
};
use serde::{Deserialize, Serialize};

/// A source of changes, as a machine without I/O.
pub trait ChangeFeed {
    /// What it asks.
    type Request: Endpoint;

    /// Begins a round, unless one is under way.
    fn begin(&mut self);

    /// What to ask next; nothing outside of a round.
    fn request(&self) -> Option<Self::Request>;

    /// Takes the answer to the request. At the end of a round, what has changed.
    ///
    /// # Errors
    /// The one that came, unless it only means that everything has to be read again.
    fn answered(
        &mut self,
        answer: Result<<Self::Request as Endpoint>::Answer, Error>,
    ) -> Result<Option<Changes>, Error>;

    /// Where to go on another time; nothing before the end of the first round.
    fn cursor(&self) -> Option<Cursor>;
}

/// What has changed in a round.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Changes {
    /// Whether this is everything there is, so that what is not among `events` is gone.
    pub full: bool,
    /// What is new or has changed.
    pub events: Vec<Event>,
    /// What is gone, before the `events` come. May name what was never there. With a series all of its events are gone.
    pub removed: Vec<EventId>,
}

/// Which event: ids are unique within a calendar only.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct EventId {
    /// The calendar.
    pub calendar: CalendarRef,
    /// The event's id there.
    pub id: String,
}

impl EventId {
    /// The event of that id in a calendar.
    pub fn new(calendar: impl Into<CalendarRef>, id: impl Into<String>) -> Self {
        Self { calendar: calendar.into(), id: id.into() }
    }
}

impl From<&Event> for EventId {
    fn from(event: &Event) -> Self {
        Self::new(event, &event.id)
    }
}

/// Where a feed goes on: a text to be kept, of no meaning to anyone else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(Box<str>);

impl Cursor {
    /// A cursor that was kept as text.
    pub fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }

    /// The text to keep.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A copy in memory. For one in a database, do with [`Changes`] as this does.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct EventCopy {
    events: BTreeMap<Key, Event>,
}

type Key = (String, String, String);

impl EventCopy {
    /// An empty copy.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes over what has changed.
    pub fn apply(&mut self, changes: Changes) {
        if changes.full {
            self.events.clear();
        }
        let removed: BTreeSet<Key> = changes.removed.iter().map(key).collect();
        if !removed.is_empty() {
            // Only who looks at every event finds those of a series.
            self.events.retain(|key, event| {
                let series = event.recurring_event_id.as_ref();
                let of_series = |series: &String| (key.0.clone(), key.1.clone(), series.clone());
                !removed.contains(key) && !series.is_some_and(|series| removed.contains(&of_series(series)))
            });
        }
        self.events.extend(changes.events.into_iter().map(|event| (key(&EventId::from(&event)), event)));
    }

    /// The event of this id.
    pub fn get(&self, id: &EventId) -> Option<&Event> {
        self.events.get(&key(id))
    }

    /// All events, by calendar and id.
    pub fn iter(&self) -> impl Iterator<Item = &Event> {
        self.events.values()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }
}

fn key(id: &EventId) -> Key {
    (id.calendar.provider.as_str().to_owned(), id.calendar.id.clone(), id.id.clone())
}

/// Carries out a round over a blocking client. After an error, call it again to go on.
pub fn round<F: ChangeFeed>(user: &impl Caller, feed: &mut F) -> Result<Changes, Error>
where
    F::Request: Sync,
{
    feed.begin();
    loop {
        let Some(request) = feed.request() else { return Ok(Changes::default()) };
        if let Some(changes) = feed.answered(user.call(&request))? {
            return Ok(changes);
        }
    }
}

/// Carries out a round over an async client. After an error, or when it was dropped, call it again to go on.
pub async fn round_async<F>(user: &impl AsyncCaller, feed: &mut F) -> Result<Changes, Error>
where
    F: ChangeFeed + Send,
    F::Request: Send + Sync,
    <F::Request as Endpoint>::Answer: Send,
{
    feed.begin();
    loop {
        let Some(request) = feed.request() else { return Ok(Changes::default()) };
        let answer = user.call(&request).await;
        if let Some(changes) = feed.answered(answer)? {
            return Ok(changes);
        }
    }
}
