//! The change feed of a calendar.

use std::collections::BTreeMap;

use connect_core::{
    Error, ErrorKind, Pager,
    types::{Event, EventStatus, Provider},
};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::{EventPage, ListEvents, read::recurrence_lines};
use crate::sync::{ChangeFeed, Changes, Cursor, EventId};

/// The changes to the events of one calendar, read with Google's sync tokens.
///
/// ```
/// use connect_core::{Caller, Error};
/// use connect_calendars::{google::EventFeed, sync::{ChangeFeed, Cursor, EventCopy, round}};
///
/// fn follow(
///     user: &impl Caller,
///     copy: &mut EventCopy,
///     saved: Option<&Cursor>,
/// ) -> Result<Option<Cursor>, Error> {
///     let feed = EventFeed::new("primary");
///     let mut feed = match saved {
///         Some(cursor) => feed.resume(cursor)?,
///         None => feed,
///     };
///     copy.apply(round(user, &mut feed)?);
///     Ok(feed.cursor()) // save it with the copy
/// }
/// ```
///
/// * The feed returns series as masters, together with their exceptions; a cancelled occurrence is an event
///   with the status `cancelled`. With [`occurrences`](Self::occurrences), the feed returns occurrences
///   instead of series, but only up to a date in the future that Google does not document. As time
///   passes, further occurrences come into range, but Google does not report them as changes.
/// * When a series moves, Google reports its former exceptions as cancelled. The cancelled
///   exceptions stay in a copy, with the status `cancelled`, until the next full round. Ignore a
///   cancelled exception whose original start is no longer a start of the series.
/// * If Google responds with 410 or 400 to a request with a sync token or page token, the round restarts
///   without a token, and its changes are [full](Changes::full). After three restarts, or if the refused
///   request had no token, the round fails, and the next round is full.
/// * A feed of another calendar refuses the cursor of this feed. If the parameters of a feed differ from
///   the parameters in its cursor, the next round is full.
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
    /// The number of restarts of the round. After a restart, the round begins without a token.
    restarts: u32,
    /// The latest version of each event in the round, by id.
    latest: BTreeMap<String, Event>,
}

/// The JSON in a cursor.
#[derive(Serialize, Deserialize)]
struct CursorJson {
    calendar: String,
    /// The parameters that select the events, sorted by name.
    #[serde(rename = "says")]
    parameters: Vec<(String, String)>,
    token: Box<str>,
}

/// The maximum number of restarts of a round whose tokens expire before the round ends.
const MAX_RESTARTS: u32 = 3;

impl EventFeed {
    /// Creates a feed of a calendar. The first round of the feed is full.
    pub fn new(calendar_id: impl Into<String>) -> Self {
        Self { list: ListEvents::new(calendar_id), token: None, round: None }
    }

    /// Returns occurrences instead of series. Call before [`resume`](Self::resume).
    #[must_use]
    pub fn occurrences(self) -> Self {
        self.with(ListEvents::single_events)
    }

    /// Sets the time zone of returned times (IANA name). Call before [`resume`](Self::resume).
    #[must_use]
    pub fn time_zone(self, name: &str) -> Self {
        self.with(|list| list.time_zone(name))
    }

    /// Sets the maximum number of events per page, up to 2500. Google's default is 250.
    #[must_use]
    pub fn page_size(self, size: u32) -> Self {
        self.with(|list| list.page_size(size))
    }

    /// Sets a query parameter. Call before [`resume`](Self::resume).
    ///
    /// A date range, an order, a search and a `showDeleted` other than `true` apply to full rounds only,
    /// because Google refuses them together with a sync token. Later rounds return the changes of the whole
    /// calendar.
    #[must_use]
    pub fn parameter(self, name: &'static str, value: &str) -> Self {
        self.with(|list| list.parameter(name, value))
    }

    /// Continues from a saved cursor.
    ///
    /// # Errors
    /// If the cursor was not created by a Google feed, or belongs to another calendar.
    pub fn resume(self, cursor: &Cursor) -> Result<Self, Error> {
        let saved: CursorJson = serde_json::from_str(cursor.as_str()).map_err(|error| {
            Error::validation("the cursor was not created by a Google feed").with_source(error)
        })?;
        if saved.calendar != self.list.calendar_id() {
            return Err(Error::validation("the cursor belongs to a feed of another calendar"));
        }
        let same = saved.parameters == self.parameters();
        Ok(Self { token: Some(saved.token).filter(|token| same && !token.is_empty()), round: None, ..self })
    }

    fn with(self, change: impl FnOnce(ListEvents) -> ListEvents) -> Self {
        Self { list: change(self.list), ..self }
    }

    fn parameters(&self) -> Vec<(String, String)> {
        self.list
            .selecting_parameters()
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    /// Starts a round that reads the changes since a sync token. Without a token, the round is full.
    fn start(&self, token: Option<&str>, restarts: u32) -> Round {
        let list = self.list.clone();
        let list = match token {
            Some(token) => list.for_sync_token().sync_token(token),
            None => list,
        };
        Round { pager: Pager::new(list), full: token.is_none(), restarts, latest: BTreeMap::new() }
    }

    /// Restarts the round without a token if a token may have caused the error.
    fn restart_or_fail(&mut self, error: Error) -> Result<Option<Changes>, Error> {
        let Some(round) = self.round.as_ref().filter(|_| is_refused(&error)) else { return Err(error) };
        let token_used = !round.full || round.pager.token().is_some();
        if token_used && round.restarts < MAX_RESTARTS {
            let restarts = round.restarts + 1;
            self.round = Some(self.start(None, restarts));
            return Ok(None);
        }
        self.token = None;
        self.round = None;
        Err(error)
    }

    fn take_page(&mut self, page: EventPage) -> Result<Option<Changes>, Error> {
        let Some(round) = &mut self.round else { return Ok(None) };
        if let Err(error) = round.pager.advance(&page) {
            self.round = None;
            return Err(error);
        }
        let events = page.events.into_iter().chain(page.removed).filter(|event| !event.id.is_empty());
        round.latest.extend(events.map(|event| (event.id.clone(), event)));
        if round.pager.request().is_some() {
            return Ok(None);
        }
        let Some(round) = self.round.take() else { return Ok(None) };
        // If the page has no sync token, the next round is full.
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

    fn advance(&mut self, answer: Result<EventPage, Error>) -> Result<Option<Changes>, Error> {
        match answer {
            Ok(page) => self.take_page(page),
            Err(error) => self.restart_or_fail(error),
        }
    }

    fn cursor(&self) -> Option<Cursor> {
        let (calendar, parameters) = (self.list.calendar_id().to_owned(), self.parameters());
        let saved = CursorJson { calendar, parameters, token: self.token.clone()? };
        serde_json::to_string(&saved).ok().map(Cursor::new)
    }
}

impl Round {
    fn changes(self, list: &ListEvents) -> Changes {
        let masters = !list.has_occurrences();
        // A cancelled occurrence only matters while its series exists.
        let is_not_a_series = |id: &str| {
            self.latest.get(id).is_some_and(|event| is_cancelled(event) || recurrence_lines(event).is_empty())
        };
        let is_current = |event: &Event| match event.recurring_event_id.as_deref().filter(|_| masters) {
            Some(series) if is_cancelled(event) => !is_not_a_series(series),
            // For a deleted series, Google reports only the series, not its occurrences.
            Some(series) => !self.latest.get(series).is_some_and(is_cancelled),
            None => !is_cancelled(event),
        };
        let mut changes = Changes { full: self.full, ..Changes::default() };
        for event in self.latest.values() {
            if is_current(event) {
                changes.events.push(event.clone());
            } else if !self.full {
                changes.removed.push(EventId::new((Provider::Google, list.calendar_id()), &event.id));
            }
        }
        changes
    }
}

/// Whether Google refused the request, possibly because of a token. A 400 does not always name the cause.
///
/// Errors of requests that were not sent have no status.
fn is_refused(error: &Error) -> bool {
    let invalid = matches!(error.kind(), ErrorKind::Validation { .. }) && error.status().is_some();
    invalid || error.status() == Some(StatusCode::GONE)
}

fn is_cancelled(event: &Event) -> bool {
    event.status == Some(EventStatus::Cancelled)
}
