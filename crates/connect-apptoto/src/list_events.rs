//! The call that lists events page by page.

use std::borrow::Cow;

use connect_core::{
    Error, ErrorKind, Paged, Response,
    types::{Raw, ResponseBody, Safety},
};
use serde::{Deserialize, Deserializer};

use super::{Event, Events, When, answer::read, endpoint::endpoint, object::Parameters};

/// Lists events page by page (`GET /v1/events`). Needs [`Scope::EventsRead`](super::Scope).
///
/// The list ends with the first empty page.
///
/// The documentation mentions, but does not name, two more parameters: the end of the time range, and
/// whether to list deleted events. If you know the names, set them with [`parameter`](Self::parameter).
///
/// ```
/// use connect_blocking::Client;
/// use connect_apptoto::{ApiKey, ListEvents};
///
/// # use connect_blocking::{Request, Response};
/// # let events = |request: Request| -> Result<Response, _> {
/// #     let more = request.uri().query() == Some("begin=1970-01-01T00%3A00%3A00Z");
/// #     let page = if more { r#"{"events": [{"title": "Check-up"}]}"# } else { r#"{"events": []}"# };
/// #     Ok(Response::new(page.into()))
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
    /// Creates the call for all events.
    pub fn new() -> Self {
        Self::default()
    }

    /// Limits the list to events that start at this time or later.
    pub fn begin(self, time: impl Into<When>) -> Self {
        self.parameter("begin", time.into().as_str())
    }

    /// Limits the list to events with a participant who has this phone number. A number from a country
    /// other than the account's must be in international format. An event is listed once for each matching
    /// participant.
    pub fn phone_number(self, number: impl Into<String>) -> Self {
        self.parameter("phone_number", number)
    }

    /// Limits the list to events with a participant who has this e-mail address. An event is listed once
    /// for each matching participant.
    pub fn email_address(self, address: impl Into<String>) -> Self {
        self.parameter("email_address", address)
    }

    /// Requests, for each participant of an event, the messages about the event.
    pub fn include_conversations(self) -> Self {
        self.parameter("include_conversations", "true")
    }

    /// Sets the number of events on a page. Apptoto's default is 30.
    pub fn page_size(self, size: u32) -> Self {
        self.parameter("page_size", size.to_string())
    }

    /// Starts at this page. The first page is 1.
    pub fn page(mut self, page: u32) -> Self {
        self.page = Some(page.to_string().into());
        self
    }

    /// Sets any query parameter, even if this type has no method for it.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.parameters = self.parameters.with(name, value);
        self
    }

    fn number(&self) -> Result<u32, Error> {
        let page = self.page.as_deref().unwrap_or("1");
        page.parse().ok().filter(|page| *page > 0).ok_or_else(|| {
            Error::validation(format!("page: \"{page}\" is not a page number (expected 1 or more)"))
        })
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
        // A response without the list `events` is an error, and not the last page.
        if page.raw.field::<Vec<Raw>>("events").is_none() {
            let kind = ErrorKind::Decode { path: "events".into(), offset: 0 };
            return Err(Error::new(kind).with_message("the response has no list `events`"));
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
    /// The number of the next page, or `None` if this page is empty.
    pub next_page: Option<Box<str>>,
    /// The whole response as JSON.
    pub raw: Raw,
}

impl<'de> Deserialize<'de> for EventPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Events::deserialize(deserializer).map(|Events { events, raw }| Self { events, next_page: None, raw })
    }
}

impl ResponseBody for EventPage {}
