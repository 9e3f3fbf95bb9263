//! Events page by page.

use std::borrow::Cow;

use connect_core::{
    Error, ErrorKind, Paged, Response,
    types::{Answer, Raw, Safety},
};
use serde::{Deserialize, Deserializer};

use super::{Event, Events, When, answer::read, endpoint::endpoint, object::Parameters};

/// The events of a time, page by page (`GET /v1/events`). Needs [`Scope::EventsRead`](super::Scope).
///
/// A page with events has another one after it; the first empty one is the last.
///
/// The documentation has two more parameters, whose names it does not show: an end of the time, and whether to list deleted
/// events as well. Who knows them uses [`parameter`](Self::parameter).
///
/// ```
/// use connect_blocking::Client;
/// use connect_apptoto::{ApiKey, ListEvents};
///
/// # use connect_blocking::{Request, Response};
/// # let events = |request: Request| -> Result<Response, _> {
/// #     let more = request.uri().query() == Some("begin=1970-01-01T00%3A00%3A00Z");
/// #     Ok(Response::new(if more { r#"{"events": [{"title": "Check-up"}]}"# } else { r#"{"events": []}"# }.into()))
/// # };
/// # let client = Client::anonymous_builder().base_url("https://api.apptoto.com").transport(events).build()?;
/// # let key = ApiKey::new("ada@example.com", "the key")?;
/// for event in client.pages(key.over(&ListEvents::new().begin(jiff::Timestamp::UNIX_EPOCH))).items() {
///     println!("{:?}", event?.title);
/// }
/// # Ok::<(), connect_blocking::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct ListEvents {
    parameters: Parameters,
    page: Option<Box<str>>,
}

impl ListEvents {
    /// All events.
    pub fn new() -> Self {
        Self::default()
    }

    /// Those that start at this time or later.
    pub fn begin(self, time: impl Into<When>) -> Self {
        self.parameter("begin", time.into().as_str())
    }

    /// Those with a participant of this phone number. A number of another country than the account's has to be in
    /// international form. With it an event may be listed more than once, each time with one participant that matches.
    pub fn phone_number(self, number: impl Into<String>) -> Self {
        self.parameter("phone_number", number)
    }

    /// Those with a participant of this e-mail address. With it an event may be listed more than once, each time with one
    /// participant that matches.
    pub fn email_address(self, address: impl Into<String>) -> Self {
        self.parameter("email_address", address)
    }

    /// With the messages about the events, at each participant.
    pub fn include_conversations(self) -> Self {
        self.parameter("include_conversations", "true")
    }

    /// How many events a page has. Apptoto's default is 30.
    pub fn page_size(self, size: u32) -> Self {
        self.parameter("page_size", size.to_string())
    }

    /// From this page on; the first is 1.
    pub fn page(mut self, page: u32) -> Self {
        self.page = Some(page.to_string().into());
        self
    }

    /// Sets a parameter that has no method here.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.parameters = self.parameters.with(name, value);
        self
    }

    fn number(&self) -> Result<u32, Error> {
        let page = self.page.as_deref().unwrap_or("1");
        page.parse().ok().filter(|page| *page > 0).ok_or_else(|| Error::validation("page: counts from 1"))
    }
}

endpoint!(ListEvents: GET "/v1/events" -> EventPage, EventsRead {
    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        self.number()?;
        let mut query = self.parameters.query();
        query.extend(self.page.as_deref().map(|page| ("page".into(), page.to_owned())));
        Ok(query)
    }

    fn decode(&self, response: &Response) -> Result<EventPage, Error> {
        let mut page: EventPage = read(response, Safety::Safe)?;
        // What has no list is no end of one.
        if page.raw.field::<Vec<Raw>>("events").is_none() {
            let kind = ErrorKind::Decode { path: "events".into(), offset: 0 };
            return Err(Error::new(kind).with_message("the answer has no list of events"));
        }
        if !page.events.is_empty() {
            page.next_page = Some(self.number()?.saturating_add(1).to_string().into());
        }
        Ok(page)
    }
});

impl Paged for ListEvents {
    type Item = Event;

    fn at(&self, token: &str) -> Self {
        Self { page: Some(token.into()), ..self.clone() }
    }

    fn next_token(page: &EventPage) -> Option<&str> {
        page.next_page.as_deref()
    }

    fn into_items(page: EventPage) -> Vec<Event> {
        page.events
    }
}

/// A page of events.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct EventPage {
    /// The events.
    pub events: Vec<Event>,
    /// The number of the page after this one; none after an empty page.
    pub next_page: Option<Box<str>>,
    /// The whole answer as it came.
    pub raw: Raw,
}

impl<'de> Deserialize<'de> for EventPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Events::deserialize(deserializer).map(|Events { events, raw }| Self { events, next_page: None, raw })
    }
}

impl Answer for EventPage {}
