//! Events of a calendar, and occurrences of a series.

use std::{borrow::Cow, collections::BTreeSet};

use connect_core::{
    Error, Paged, Response,
    types::{Answer, Event, EventStatus, Moment, Raw, Safety},
};
use serde::{Deserialize, Deserializer};

use super::{
    endpoint::{Parameters, endpoint, event_path, events_path, read},
    read::event,
};

/// The events of a calendar, page by page (`GET /calendars/{id}/events`).
///
/// A page may be empty although more follow; only the absence of a token for the next page is the end.
///
/// ```
/// use connect_blocking::{Client, Request, Response};
/// use connect_core::Tokens;
/// use connect_calendars::google::{self, ListEvents};
///
/// # let events = |request: Request| -> Result<Response, _> {
/// #     assert!(request.uri().path().ends_with("/calendars/primary/events"));
/// #     Ok(Response::new(r#"{"items": [{"id": "e1", "summary": "Stand-up", "start": {"date": "2026-11-21"}}]}"#.into()))
/// # };
/// # let client = Client::builder("id", "secret", "https://app.example/callback")
/// #     .profile(google::profile()).base_url(google::BASE_URL).transport(events).build()?;
/// # let user = client.user("user-123");
/// # user.import(Tokens::new("access", "refresh"))?;
/// # let (start, end) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
/// for event in user.pages(ListEvents::new("primary").between(start, end).occurrences()).items() {
///     println!("{}", event?.title);
/// }
/// # Ok::<(), connect_blocking::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct ListEvents {
    calendar: String,
    bounds: Option<(Moment, Moment)>,
    parameters: Parameters,
}

impl ListEvents {
    /// All events of the calendar of this id: series as their masters and the occurrences that differ. `primary` is the user's main
    /// calendar.
    pub fn new(calendar_id: impl Into<String>) -> Self {
        Self { calendar: calendar_id.into(), bounds: None, parameters: Parameters::default() }
    }

    /// Those that end after `start` and begin before `end`.
    pub fn between(mut self, start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        self.bounds = Some((start.into(), end.into()));
        self
    }

    /// The occurrences of series in place of the series, in the order of their starts.
    pub fn occurrences(self) -> Self {
        self.single_events().parameter("orderBy", "startTime")
    }

    /// Series as their masters, and the occurrences that differ: what it does unless told otherwise.
    pub fn masters(mut self) -> Self {
        self.parameters.remove("singleEvents");
        if self.parameters.get("orderBy") == Some("startTime") {
            self.parameters.remove("orderBy");
        }
        self
    }

    /// The zone that times are told in (IANA): without it that of the calendar. They are the same instants in any.
    pub fn time_zone(self, name: impl Into<String>) -> Self {
        self.parameter("timeZone", name)
    }

    /// How many events a page has at most, up to 2500. Google's default is 250.
    pub fn page_size(self, size: u32) -> Self {
        self.parameter("maxResults", size.to_string())
    }

    /// Tells of deleted events as well: see [`EventPage::removed`].
    pub fn show_deleted(self) -> Self {
        self.parameter("showDeleted", "true")
    }

    /// Those that have these words in their texts or among their guests.
    pub fn search(self, words: impl Into<String>) -> Self {
        self.parameter("q", words)
    }

    /// Those of this type, and of others that are named: `default`, `birthday`, `focusTime`, `fromGmail`, `outOfOffice`,
    /// `workingLocation`.
    pub fn event_type(mut self, name: impl Into<String>) -> Self {
        self.parameters.add("eventTypes", name);
        self
    }

    /// What has changed since the list that ended with this token: [`EventPage::next_sync_token`]. It goes with the parameters of
    /// that list, but without bounds, order and search. An [`EventFeed`](super::EventFeed) sees to all of this.
    pub fn sync_token(self, token: impl Into<String>) -> Self {
        self.parameter("syncToken", token)
    }

    /// Sets a parameter that has no method here.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.parameters.set(name, value);
        self
    }

    /// Without what Google does not take together with a sync token.
    pub(super) fn unbounded(mut self) -> Self {
        self.bounds = None;
        BOUNDS.into_iter().for_each(|name| self.parameters.remove(name));
        // What was deleted always comes with a sync token, and Google refuses to leave it out.
        if self.parameters.get("showDeleted") != Some("true") {
            self.parameters.remove("showDeleted");
        }
        self
    }

    pub(super) fn single_events(self) -> Self {
        self.parameter("singleEvents", "true")
    }

    pub(super) fn has_occurrences(&self) -> bool {
        self.parameters.get("singleEvents") == Some("true")
    }

    pub(super) fn calendar_id(&self) -> &str {
        &self.calendar
    }

    /// What says which events it has: all parameters but the size of a page.
    pub(super) fn says(&self) -> Vec<(&str, &str)> {
        let mut says: Vec<_> = self.parameters.iter().filter(|(name, _)| *name != "maxResults").collect();
        says.sort_unstable();
        says
    }
}

/// The parameters that a sync token excludes.
const BOUNDS: [&str; 8] = [
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMax",
    "timeMin",
    "updatedMin",
];

endpoint!(ListEvents: GET "/calendars/{calendarId}/events" -> EventPage {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(events_path(&self.calendar)?.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        query(self.bounds.as_ref(), &self.parameters)
    }

    fn decode(&self, response: &Response) -> Result<EventPage, Error> {
        let page: EventPage = read(response, Safety::Safe)?;
        Ok(page.placed(&self.calendar, !self.has_occurrences()))
    }
});

impl Paged for ListEvents {
    type Item = Event;

    fn at(&self, token: &str) -> Self {
        self.clone().parameter("pageToken", token)
    }

    fn next_token(page: &EventPage) -> Option<&str> {
        page.next_page_token.as_deref()
    }

    fn into_items(page: EventPage) -> Vec<Event> {
        page.events
    }
}

/// The occurrences of a series, page by page (`GET /calendars/{id}/events/{id}/instances`).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct ListInstances {
    calendar: String,
    event: String,
    bounds: Option<(Moment, Moment)>,
    parameters: Parameters,
}

impl ListInstances {
    /// Those of the series of this id.
    pub fn new(calendar_id: impl Into<String>, event_id: impl Into<String>) -> Self {
        let (calendar, event) = (calendar_id.into(), event_id.into());
        Self { calendar, event, bounds: None, parameters: Parameters::default() }
    }

    /// Those that end after `start` and begin before `end`.
    pub fn between(mut self, start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        self.bounds = Some((start.into(), end.into()));
        self
    }

    /// The zone that times are told in (IANA).
    pub fn time_zone(self, name: impl Into<String>) -> Self {
        self.parameter("timeZone", name)
    }

    /// How many occurrences a page has at most, up to 2500. Google's default is 250.
    pub fn page_size(self, size: u32) -> Self {
        self.parameter("maxResults", size.to_string())
    }

    /// Tells of deleted occurrences as well: see [`EventPage::removed`].
    pub fn show_deleted(self) -> Self {
        self.parameter("showDeleted", "true")
    }

    /// Sets a parameter that has no method here.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.parameters.set(name, value);
        self
    }
}

endpoint!(ListInstances: GET "/calendars/{calendarId}/events/{eventId}/instances" -> EventPage {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(format!("{}/instances", event_path(&self.calendar, "eventId", &self.event)?).into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        query(self.bounds.as_ref(), &self.parameters)
    }

    fn decode(&self, response: &Response) -> Result<EventPage, Error> {
        let page: EventPage = read(response, Safety::Safe)?;
        Ok(page.placed(&self.calendar, false))
    }
});

impl Paged for ListInstances {
    type Item = Event;

    fn at(&self, token: &str) -> Self {
        self.clone().parameter("pageToken", token)
    }

    fn next_token(page: &EventPage) -> Option<&str> {
        page.next_page_token.as_deref()
    }

    fn into_items(page: EventPage) -> Vec<Event> {
        page.events
    }
}

/// A page of events.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct EventPage {
    /// The events. Where series are told as their masters, an occurrence that was called off is among them, with the status
    /// `cancelled`: without it the series would have one too many.
    pub events: Vec<Event>,
    /// What was deleted: little more than ids.
    pub removed: Vec<Event>,
    /// The token of the page after this one; none on the last.
    pub next_page_token: Option<String>,
    /// What [`ListEvents::sync_token`] takes, on the last page.
    pub next_sync_token: Option<String>,
    /// The zone of its times (IANA).
    pub time_zone: Option<String>,
}

impl EventPage {
    /// What is gone goes to the others that are, and every event is in its calendar. Of an event that is told of twice the later
    /// counts.
    fn placed(mut self, calendar: &str, masters: bool) -> Self {
        let is_gone = |event: &Event| {
            event.status == Some(EventStatus::Cancelled) && !(masters && event.recurring_event_id.is_some())
        };
        let mut later = BTreeSet::new();
        let mut all: Vec<_> = std::mem::take(&mut self.events).into_iter().rev().collect();
        all.retain(|event| event.id.is_empty() || later.insert(event.id.clone()));
        let all = all.into_iter().rev().map(|event| event.calendar(calendar));
        (self.removed, self.events) = all.partition(is_gone);
        self
    }
}

/// All events are among `events`, and know of no calendar: only the call knows more.
impl<'de> Deserialize<'de> for EventPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let page = Page::deserialize(deserializer)?;
        let filled = |token: Option<String>| token.filter(|token| !token.is_empty());
        Ok(Self {
            events: page.items.into_iter().filter_map(event).collect(),
            removed: Vec::new(),
            next_page_token: filled(page.next_page_token),
            next_sync_token: filled(page.next_sync_token),
            time_zone: page.time_zone.as_ref().and_then(Raw::text),
        })
    }
}

impl Answer for EventPage {}

/// What has no list is no end of one: that is an error.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Raw>,
    next_page_token: Option<String>,
    next_sync_token: Option<String>,
    time_zone: Option<Raw>,
}

fn query<'a>(
    bounds: Option<&(Moment, Moment)>,
    parameters: &'a Parameters,
) -> Result<Vec<(Cow<'a, str>, String)>, Error> {
    let mut query = Vec::new();
    if let Some((start, end)) = bounds {
        if end <= start {
            return Err(Error::validation("end: is not after the start"));
        }
        query.push(("timeMin".into(), start.to_string()));
        query.push(("timeMax".into(), end.to_string()));
    }
    query.extend(parameters.query());
    Ok(query)
}
