//! What changes in a calendar.

use std::collections::BTreeMap;

use connect_core::{
    Error, ErrorKind, Pager,
    types::{Event, EventStatus, Provider},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{EventPage, ListEvents, read::recurrence_lines};
use crate::sync::{ChangeFeed, Changes, Cursor, EventId};

/// The changes of one calendar, by Google's sync tokens.
///
/// ```
/// use connect_core::{Caller, Error};
/// use connect_calendars::{google::EventFeed, sync::{Cursor, EventCopy, round}};
///
/// fn follow(user: &impl Caller, copy: &mut EventCopy, saved: Option<&Cursor>) -> Result<Option<Cursor>, Error> {
///     use connect_calendars::sync::ChangeFeed;
///
///     let feed = EventFeed::new("primary");
///     let mut feed = match saved {
///         Some(cursor) => feed.resume(cursor)?,
///         None => feed,
///     };
///     copy.apply(round(user, &mut feed)?);
///     Ok(feed.cursor()) // to be kept with the copy
/// }
/// ```
///
/// * Series come as their masters, and beside them the occurrences that differ; one that was called off is an event with the status
///   `cancelled`. With [`occurrences`](Self::occurrences) they come as their occurrences: then only those within a horizon that
///   Google does not document, and one that comes within it as time passes is no change that anybody is told of.
/// * A series that moves tells of the differing occurrences that it has no more as of those that were called off: until the next
///   full round they stay, as `cancelled`. What counts is whether their original start is one of the series'.
/// * A sync token that has expired is a 410: the same round begins again with everything, and its changes are
///   [full](Changes::full). So it is where a page token expires on the way, and where Google answers a request that has a token with
///   a 400. After three times, or without a token, that is an error, and the next round begins with everything.
/// * A cursor goes with the calendar and the parameters that it was made with. Another calendar is an error; with other parameters
///   the next round begins with everything.
#[derive(Clone, Debug)]
pub struct EventFeed {
    list: ListEvents,
    token: Option<Box<str>>,
    round: Option<Round>,
}

#[derive(Clone, Debug)]
struct Round {
    pager: Pager<ListEvents>,
    full: bool,
    /// How often it began again.
    restarts: u32,
    /// What was told so far, by id: what comes later counts.
    told: BTreeMap<String, Event>,
}

/// What a cursor holds.
#[derive(Serialize, Deserialize)]
struct Saved {
    calendar: String,
    /// The parameters, in the order of their names.
    says: Vec<(String, String)>,
    token: Box<str>,
}

/// A server whose tokens expire faster than they are used will not be caught up with.
const RESTARTS: u32 = 3;

impl EventFeed {
    /// The changes of the calendar of this id, from the beginning.
    pub fn new(calendar_id: impl Into<String>) -> Self {
        Self { list: ListEvents::new(calendar_id), token: None, round: None }
    }

    /// Series as their occurrences. To be said before [`resume`](Self::resume).
    #[must_use]
    pub fn occurrences(self) -> Self {
        self.with(ListEvents::single_events)
    }

    /// The zone that times are told in (IANA). To be said before [`resume`](Self::resume).
    #[must_use]
    pub fn time_zone(self, name: &str) -> Self {
        self.with(|list| list.time_zone(name))
    }

    /// How many events a page has at most, up to 2500. Google's default is 250.
    #[must_use]
    pub fn page_size(self, size: u32) -> Self {
        self.with(|list| list.page_size(size))
    }

    /// Sets a parameter that has no method here. Bounds, order, search and a `showDeleted` that is not true go with full rounds
    /// only, as Google takes none together with a sync token: the changes after that are those of the whole calendar. To be said
    /// before [`resume`](Self::resume).
    #[must_use]
    pub fn parameter(self, name: &'static str, value: &str) -> Self {
        self.with(|list| list.parameter(name, value))
    }

    /// Goes on where a cursor says.
    ///
    /// # Errors
    /// When the cursor is none of this kind, or that of another calendar.
    pub fn resume(self, cursor: &Cursor) -> Result<Self, Error> {
        let saved: Saved = serde_json::from_str(cursor.as_str())
            .map_err(|error| Error::validation("the cursor is none of Google's").with_source(error))?;
        if saved.calendar != self.list.calendar_id() {
            return Err(Error::validation("the cursor is that of another calendar"));
        }
        let same = saved.says == self.says();
        Ok(Self { token: Some(saved.token).filter(|token| same && !token.is_empty()), round: None, ..self })
    }

    fn with(self, change: impl FnOnce(ListEvents) -> ListEvents) -> Self {
        Self { list: change(self.list), ..self }
    }

    fn says(&self) -> Vec<(String, String)> {
        self.list.says().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// From everything, or from the token on.
    fn start(&self, token: Option<&str>, restarts: u32) -> Round {
        let list = self.list.clone();
        let list = match token {
            Some(token) => list.unbounded().sync_token(token),
            None => list,
        };
        Round { pager: Pager::new(list), full: token.is_none(), restarts, told: BTreeMap::new() }
    }

    /// Begins again with everything where a token may be why it failed: with the same one it would fail for ever.
    fn failed(&mut self, error: Error) -> Result<Option<Changes>, Error> {
        let Some(round) = self.round.as_ref().filter(|_| is_refused(&error)) else { return Err(error) };
        let token_used = !round.full || round.pager.token().is_some();
        if token_used && round.restarts < RESTARTS {
            let restarts = round.restarts + 1;
            self.round = Some(self.start(None, restarts));
            return Ok(None);
        }
        self.token = None;
        self.round = None;
        Err(error)
    }

    fn take(&mut self, page: EventPage) -> Result<Option<Changes>, Error> {
        let Some(round) = &mut self.round else { return Ok(None) };
        if let Err(error) = round.pager.answered(&page) {
            self.round = None;
            return Err(error);
        }
        let told = page.events.into_iter().chain(page.removed).filter(|event| !event.id.is_empty());
        round.told.extend(told.map(|event| (event.id.clone(), event)));
        if round.pager.request().is_some() {
            return Ok(None);
        }
        let Some(round) = self.round.take() else { return Ok(None) };
        // Without a token the next round begins with everything.
        self.token = page.next_sync_token.map(Into::into);
        Ok(Some(round.changes(&self.list)))
    }
}

impl ChangeFeed for EventFeed {
    type Request = ListEvents;

    fn begin(&mut self) {
        if self.round.is_none() {
            self.round = Some(self.start(self.token.as_deref(), 0));
        }
    }

    fn request(&self) -> Option<ListEvents> {
        self.round.as_ref()?.pager.request()
    }

    fn answered(&mut self, answer: Result<EventPage, Error>) -> Result<Option<Changes>, Error> {
        match answer {
            Ok(page) => self.take(page),
            Err(error) => self.failed(error),
        }
    }

    fn cursor(&self) -> Option<Cursor> {
        let (calendar, says) = (self.list.calendar_id().to_owned(), self.says());
        let saved = Saved { calendar, says, token: self.token.clone()? };
        serde_json::to_string(&saved).ok().map(Cursor::new)
    }
}

impl Round {
    fn changes(self, list: &ListEvents) -> Changes {
        let masters = !list.has_occurrences();
        // What is no series, or no longer: an occurrence of it that was called off says nothing any more.
        let no_series = |id: &str| {
            self.told.get(id).is_some_and(|event| is_cancelled(event) || recurrence_lines(event).is_empty())
        };
        let stays = |event: &Event| match event.recurring_event_id.as_deref().filter(|_| masters) {
            Some(series) if is_cancelled(event) => !no_series(series),
            // Google tells of the series alone when it deletes one: its occurrences are gone with it.
            Some(series) => !self.told.get(series).is_some_and(is_cancelled),
            None => !is_cancelled(event),
        };
        let mut changes = Changes { full: self.full, ..Changes::default() };
        for event in self.told.values() {
            if stays(event) {
                changes.events.push(event.clone());
            } else if !self.full {
                changes.removed.push(EventId::new((Provider::Google, list.calendar_id()), &event.id));
            }
        }
        changes
    }
}

/// Whether the server does not take the request as it is: not all of its 400s say that it is about a token. What was refused before
/// it was sent has no status.
fn is_refused(error: &Error) -> bool {
    let invalid = matches!(error.kind(), ErrorKind::Validation { .. }) && error.status().is_some();
    invalid || error.status() == Some(StatusCode::GONE)
}

fn is_cancelled(event: &Event) -> bool {
    event.status == Some(EventStatus::Cancelled)
}
