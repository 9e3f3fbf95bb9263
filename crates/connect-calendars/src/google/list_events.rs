//! The calls that list the events of a calendar and the occurrences of a series.

use std::{borrow::Cow, collections::BTreeSet};

use connect_core::{
    Error, Paged, Response,
    types::{Event, EventStatus, Moment, Raw, ResponseBody, Safety},
};
use serde::{Deserialize, Deserializer};

use super::{
    endpoint::{Parameters, endpoint, event_path, events_path, read},
    read::event,
};

/// Lists the events of a calendar, page by page (`GET /calendars/{id}/events`).
///
/// A page may be empty although more pages follow; the last page is the one without `next_page_token`.
///
/// ```
/// use connect_blocking::{Client, Request, Response};
/// use connect_core::Tokens;
/// use connect_calendars::google::{self, ListEvents};
///
/// # let events = |request: Request| -> Result<Response, _> {
/// #     assert!(request.uri().path().ends_with("/calendars/primary/events"));
/// #     let body = r#"{"items": [{"id": "e1", "summary": "Stand-up", "start": {"date": "2026-11-21"}}]}"#;
/// #     Ok(Response::new(body.into()))
/// # };
/// # let client = Client::builder("id", "secret")
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
    /// Lists all events of a calendar; `primary` is the user's main calendar.
    ///
    /// Series are returned as masters, together with their exceptions.
    pub fn new(calendar_id: impl Into<String>) -> Self {
        Self { calendar: calendar_id.into(), bounds: None, parameters: Parameters::default() }
    }

    /// Limits the list to events that end after `start` and begin before `end`.
    pub fn between(mut self, start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        self.bounds = Some((start.into(), end.into()));
        self
    }

    /// Returns occurrences instead of series, sorted by start.
    pub fn occurrences(self) -> Self {
        self.single_events().parameter("orderBy", "startTime")
    }

    /// Returns series as masters, together with their exceptions (the default).
    pub fn masters(mut self) -> Self {
        self.parameters.remove("singleEvents");
        if self.parameters.get("orderBy") == Some("startTime") {
            self.parameters.remove("orderBy");
        }
        self
    }

    /// Sets the time zone of returned times (IANA name). The default is the zone of the calendar.
    ///
    /// The zone does not change the instants of the events.
    pub fn time_zone(self, name: impl Into<String>) -> Self {
        self.parameter("timeZone", name)
    }

    /// Sets the maximum number of events per page, up to 2500. Google's default is 250.
    pub fn page_size(self, size: u32) -> Self {
        self.parameter("maxResults", size.to_string())
    }

    /// Includes deleted events: see [`EventPage::removed`].
    pub fn show_deleted(self) -> Self {
        self.parameter("showDeleted", "true")
    }

    /// Limits the list to events that contain these words, for example in the title or a guest's name.
    pub fn search(self, words: impl Into<String>) -> Self {
        self.parameter("q", words)
    }

    /// Limits the list to events of this type. To allow several types, call the method for each type.
    ///
    /// The types are `default`, `birthday`, `focusTime`, `fromGmail`, `outOfOffice` and `workingLocation`.
    pub fn event_type(mut self, name: impl Into<String>) -> Self {
        self.parameters.add("eventTypes", name);
        self
    }

    /// Lists the changes since the list that returned this token ([`EventPage::next_sync_token`]).
    ///
    /// Set the parameters of that list again, except for date range, order and search. An
    /// [`EventFeed`](super::EventFeed) sets the token and the parameters itself.
    pub fn sync_token(self, token: impl Into<String>) -> Self {
        self.parameter("syncToken", token)
    }

    /// Sets a query parameter.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.parameters.set(name, value);
        self
    }

    /// Removes the parameters that Google refuses together with a sync token.
    pub(super) fn for_sync_token(mut self) -> Self {
        self.bounds = None;
        EXCLUDED_BY_SYNC_TOKEN.into_iter().for_each(|name| self.parameters.remove(name));
        // With a sync token Google always returns deleted events, and refuses `showDeleted=false`.
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

    /// Returns the parameters that select events: all except the page size.
    pub(super) fn selecting_parameters(&self) -> Vec<(&str, &str)> {
        let mut selecting: Vec<_> =
            self.parameters.iter().filter(|(name, _)| *name != "maxResults").collect();
        selecting.sort_unstable();
        selecting
    }
}

/// The parameters that Google refuses together with a sync token.
const EXCLUDED_BY_SYNC_TOKEN: [&str; 8] = [
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
        Ok(page.of_calendar(&self.calendar, !self.has_occurrences()))
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

/// Lists the occurrences of a series, page by page (`GET /calendars/{id}/events/{id}/instances`).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct ListInstances {
    calendar: String,
    event: String,
    bounds: Option<(Moment, Moment)>,
    parameters: Parameters,
}

impl ListInstances {
    /// Lists the occurrences of the series with this id.
    pub fn new(calendar_id: impl Into<String>, event_id: impl Into<String>) -> Self {
        let (calendar, event) = (calendar_id.into(), event_id.into());
        Self { calendar, event, bounds: None, parameters: Parameters::default() }
    }

    /// Limits the list to events that end after `start` and begin before `end`.
    pub fn between(mut self, start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        self.bounds = Some((start.into(), end.into()));
        self
    }

    /// Sets the time zone of returned times (IANA name).
    pub fn time_zone(self, name: impl Into<String>) -> Self {
        self.parameter("timeZone", name)
    }

    /// Sets the maximum number of occurrences per page, up to 2500. Google's default is 250.
    pub fn page_size(self, size: u32) -> Self {
        self.parameter("maxResults", size.to_string())
    }

    /// Includes deleted occurrences: see [`EventPage::removed`].
    pub fn show_deleted(self) -> Self {
        self.parameter("showDeleted", "true")
    }

    /// Sets a query parameter.
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
        Ok(page.of_calendar(&self.calendar, false))
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
    /// The events.
    ///
    /// If series are returned as masters, cancelled occurrences are among the events, with the status
    /// `cancelled`.
    pub events: Vec<Event>,
    /// The deleted events, with little more than their ids.
    pub removed: Vec<Event>,
    /// The token of the next page; `None` on the last page.
    pub next_page_token: Option<String>,
    /// The token for [`ListEvents::sync_token`]; only on the last page.
    pub next_sync_token: Option<String>,
    /// The time zone of the returned times (IANA name).
    pub time_zone: Option<String>,
}

impl EventPage {
    /// Sets the events' calendar and moves deleted events to `removed`.
    ///
    /// Of several events with the same id, only the last remains in the page.
    fn of_calendar(mut self, calendar: &str, masters: bool) -> Self {
        let is_deleted = |event: &Event| {
            event.status == Some(EventStatus::Cancelled) && !(masters && event.recurring_event_id.is_some())
        };
        let mut seen = BTreeSet::new();
        let mut all: Vec<_> = std::mem::take(&mut self.events).into_iter().rev().collect();
        all.retain(|event| event.id.is_empty() || seen.insert(event.id.clone()));
        let all = all.into_iter().rev().map(|event| event.calendar(calendar));
        (self.removed, self.events) = all.partition(is_deleted);
        self
    }
}

/// Leaves `calendar_id` and `removed` empty, because they depend on the call.
impl<'de> Deserialize<'de> for EventPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let page = EventListJson::deserialize(deserializer)?;
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

impl ResponseBody for EventPage {}

/// `items` is required: if it were optional, an unrelated response would be read as an empty last page.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventListJson {
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
            return Err(Error::validation("end: must be after the start"));
        }
        query.push(("timeMin".into(), start.to_string()));
        query.push(("timeMax".into(), end.to_string()));
    }
    query.extend(parameters.query());
    Ok(query)
}
