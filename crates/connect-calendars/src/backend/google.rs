//! Google Calendar as a calendar service, with a signed-in user or with an API key.

use connect_core::{
    Error, Keyed, Paged, SignIn,
    types::{CalendarRef, DeleteEvent, Event, EventStatus, NewEvent, Provider, UpdateEvent},
};
use jiff::Timestamp;

use super::{CalendarService, service::NoCall};
use crate::InvitationReply;
use crate::google::{self, ApiKey, GetEvent, InsertEvent, ListCalendars, ListEvents, PatchEvent};

/// The calendars of a signed-in Google user.
#[derive(Clone, Debug)]
pub struct Google {
    scopes: Vec<String>,
    list: Listing,
}

/// Settings of the requests that list, create and update events.
#[derive(Clone, Debug, Default)]
struct Listing {
    time_zone: Option<String>,
    page_size: Option<u32>,
}

impl Listing {
    fn events(&self, calendar: &CalendarRef, start: Timestamp, end: Timestamp) -> ListEvents {
        let mut list = ListEvents::new(&calendar.id).between(start, end).occurrences();
        if let Some(name) = &self.time_zone {
            list = list.time_zone(name);
        }
        match self.page_size {
            Some(size) => list.page_size(size),
            None => list,
        }
    }
}

impl Default for Google {
    fn default() -> Self {
        Self::new()
    }
}

impl Google {
    /// Creates the service. A sign-in requests [`google::SCOPES`], which allow writing events only in
    /// calendars that the user owns.
    pub fn new() -> Self {
        Self { scopes: google::SCOPES.map(str::to_owned).into(), list: Listing::default() }
    }

    /// Sets the scopes that a sign-in requests.
    #[must_use]
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the IANA time zone of the times in responses and in requests that set times. The days of a series
    /// are counted in this zone. Default for a new series: the zone of its start, or UTC if the start has no
    /// zone.
    #[must_use]
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.list.time_zone = Some(name.into());
        self
    }

    /// Sets the number of events per page, up to 2500. Default 250.
    #[must_use]
    pub fn page_size(mut self, size: u32) -> Self {
        self.list.page_size = Some(size);
        self
    }

    fn in_zone(&self, insert: InsertEvent) -> InsertEvent {
        match &self.list.time_zone {
            Some(name) => insert.time_zone(name),
            None => insert,
        }
    }
}

impl CalendarService for Google {
    type Calendars = ListCalendars;
    type Events = ListEvents;
    type Find = GetEvent;
    type Create = InsertEvent;
    type Update = PatchEvent;
    type Delete = google::DeleteEvent;
    type Respond = google::Respond;

    fn provider(&self) -> Option<Provider> {
        Some(Provider::Google)
    }

    fn sign_in(&self, user: &str) -> SignIn {
        SignIn::new(user).scopes(&self.scopes)
    }

    fn calendars(&self) -> Result<ListCalendars, Error> {
        Ok(ListCalendars::new())
    }

    fn events(&self, calendar: &CalendarRef, start: Timestamp, end: Timestamp) -> Result<ListEvents, Error> {
        Ok(self.list.events(calendar, start, end))
    }

    fn create(&self, event: &NewEvent) -> Result<InsertEvent, Error> {
        Ok(self.in_zone(InsertEvent::new(event)))
    }

    fn create_once(&self, key: &str, event: &NewEvent) -> Result<InsertEvent, Error> {
        Ok(self.in_zone(InsertEvent::once(event, key)))
    }

    fn find(&self, key: &str, event: &NewEvent) -> Result<GetEvent, Error> {
        Ok(GetEvent::new(event.target().id, google::id_of(key)))
    }

    /// False for a deleted event, which Google returns with the status `cancelled`.
    fn is_of_key(&self, event: &Event, key: &str) -> bool {
        event.id == google::id_of(key) && event.status != Some(EventStatus::Cancelled)
    }

    fn created(&self, event: Event, _calendar: CalendarRef) -> Event {
        event
    }

    fn update(&self, change: &UpdateEvent) -> Result<PatchEvent, Error> {
        let patch = PatchEvent::new(change);
        Ok(match &self.list.time_zone {
            Some(name) => patch.time_zone(name),
            None => patch,
        })
    }

    fn updated(&self, event: Event, _calendar: CalendarRef) -> Event {
        event
    }

    fn delete(&self, event: &DeleteEvent) -> Result<google::DeleteEvent, Error> {
        Ok(google::DeleteEvent::new(event))
    }

    fn invitation(&self, event: &Event, reply: &InvitationReply) -> Result<Option<GetEvent>, Error> {
        google::Respond::read(event, reply).map(Some)
    }

    fn respond(&self, event: &Event, reply: &InvitationReply) -> Result<google::Respond, Error> {
        google::Respond::new(event, reply)
    }
}

/// Treats the event in the response as a list with one event.
impl Paged for GetEvent {
    type Item = Event;

    fn at(&self, _token: &str) -> Self {
        self.clone()
    }

    fn next_token(_: &Event) -> Option<&str> {
        None
    }

    fn into_items(event: Event) -> Vec<Event> {
        vec![event]
    }
}

/// The public calendars of Google, read with an API key.
///
/// An API key cannot list calendars, so call `events` with the calendars. Pass `client.nobody()` to the
/// backend as the user.
///
/// ```
/// use connect_blocking::{Client, Request, Response, types::{CalendarRef, Provider}};
/// use connect_calendars::{backend::{Backend, CalendarBackend, PublicGoogle}, google::{self, ApiKey}};
///
/// let client = Client::anonymous_builder()
///     .base_url(google::BASE_URL)
/// #   .transport(|_: Request| Ok(Response::new(r#"{"items": [{"summary": "New Year"}]}"#.into())))
///     .build()?;
/// let holidays = CalendarRef::new(Provider::Google, "en.usa#holiday@group.v.calendar.google.com");
/// let public = Backend::new(PublicGoogle::new(ApiKey::new("the key")?), client.nobody());
/// let start = "2027-01-01T00:00:00Z".parse().unwrap();
/// let end = "2027-02-01T00:00:00Z".parse().unwrap();
/// assert_eq!(public.events(&[holidays], start, end)?.events[0].title, "New Year");
/// # Ok::<(), connect_blocking::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct PublicGoogle {
    key: ApiKey,
    list: Listing,
}

impl PublicGoogle {
    /// Creates the service for this API key.
    pub fn new(key: ApiKey) -> Self {
        Self { key, list: Listing::default() }
    }

    /// Sets the IANA time zone of returned times. Default: the zone of the calendar.
    #[must_use]
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.list.time_zone = Some(name.into());
        self
    }

    /// Sets the number of events per page, up to 2500. Default 250.
    #[must_use]
    pub fn page_size(mut self, size: u32) -> Self {
        self.list.page_size = Some(size);
        self
    }
}

impl CalendarService for PublicGoogle {
    type Calendars = Keyed<ListCalendars>;
    type Events = Keyed<ListEvents>;
    type Find = Keyed<ListEvents>;
    type Create = NoCall;
    type Update = NoCall;
    type Delete = NoCall;
    type Respond = NoCall;

    fn provider(&self) -> Option<Provider> {
        Some(Provider::Google)
    }

    fn sign_in(&self, user: &str) -> SignIn {
        SignIn::new(user)
    }

    fn calendars(&self) -> Result<Keyed<ListCalendars>, Error> {
        Err(Error::validation("an API key cannot list calendars: name the calendars to read"))
    }

    fn events(
        &self,
        calendar: &CalendarRef,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Keyed<ListEvents>, Error> {
        Ok(self.key.over(&self.list.events(calendar, start, end)))
    }

    fn create(&self, _: &NewEvent) -> Result<NoCall, Error> {
        read_only_error()
    }

    fn create_once(&self, _: &str, _: &NewEvent) -> Result<NoCall, Error> {
        read_only_error()
    }

    fn find(&self, _: &str, _: &NewEvent) -> Result<Keyed<ListEvents>, Error> {
        read_only_error()
    }

    fn is_of_key(&self, _: &Event, _: &str) -> bool {
        false
    }

    fn created(&self, event: Event, _: CalendarRef) -> Event {
        event
    }

    fn update(&self, _: &UpdateEvent) -> Result<NoCall, Error> {
        read_only_error()
    }

    fn updated(&self, event: Event, _: CalendarRef) -> Event {
        event
    }

    fn delete(&self, _: &DeleteEvent) -> Result<NoCall, Error> {
        read_only_error()
    }

    fn respond(&self, _: &Event, _: &InvitationReply) -> Result<NoCall, Error> {
        read_only_error()
    }
}

fn read_only_error<T>() -> Result<T, Error> {
    Err(Error::validation("an API key cannot write events: sign a user in"))
}
