//! Outlook as a calendar service, over Microsoft Graph.

use connect_core::{
    Error, SignIn,
    types::{self, CalendarRef, Event, NewEvent, Provider},
};
use jiff::Timestamp;

use super::CalendarService;
use crate::{
    InvitationReply, microsoft,
    outlook::{
        self, CalendarView, CreateEvent, DeleteEvent, ListCalendars, ListEvents, Respond, UpdateEvent,
    },
};

/// The calendars of a signed-in Outlook user.
#[derive(Clone, Debug)]
pub struct Outlook {
    scopes: Vec<String>,
    time_zone: Option<String>,
    page_size: Option<u32>,
}

impl Default for Outlook {
    fn default() -> Self {
        Self::new()
    }
}

impl Outlook {
    /// Creates the service. A sign-in requests [`microsoft::SCOPES`].
    pub fn new() -> Self {
        let scopes = microsoft::SCOPES.map(str::to_owned).into();
        Self { scopes, time_zone: None, page_size: None }
    }

    /// Sets the scopes that a sign-in requests.
    #[must_use]
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the time zone of times in responses, and in requests that set the times of a series.
    ///
    /// `name` is an IANA or Windows zone name. The days of a series are counted in this zone. Default for a
    /// new series: the zone of its start, or UTC if the start has no zone.
    #[must_use]
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.time_zone = Some(name.into());
        self
    }

    /// Sets the number of events per page, up to 1000. Default 1000.
    #[must_use]
    pub fn page_size(mut self, size: u32) -> Self {
        self.page_size = Some(size);
        self
    }

    fn in_zone(&self, create: CreateEvent) -> CreateEvent {
        match &self.time_zone {
            Some(name) => create.time_zone(name.as_str()),
            None => create,
        }
    }
}

impl CalendarService for Outlook {
    type Calendars = ListCalendars;
    type Events = CalendarView;
    type Find = ListEvents;
    type Create = CreateEvent;
    type Update = UpdateEvent;
    type Delete = DeleteEvent;
    type Respond = Respond;

    fn provider(&self) -> Option<Provider> {
        Some(Provider::Microsoft)
    }

    fn sign_in(&self, user: &str) -> SignIn {
        SignIn::new(user).scopes(&self.scopes)
    }

    fn calendars(&self) -> Result<ListCalendars, Error> {
        Ok(ListCalendars::new())
    }

    fn events(
        &self,
        calendar: &CalendarRef,
        start: Timestamp,
        end: Timestamp,
    ) -> Result<CalendarView, Error> {
        let view = CalendarView::new(start, end).calendar(&calendar.id);
        let view = match &self.time_zone {
            Some(name) => view.time_zone(name.as_str()),
            None => view,
        };
        Ok(match self.page_size {
            Some(size) => view.page_size(size),
            None => view,
        })
    }

    fn create(&self, event: &NewEvent) -> Result<CreateEvent, Error> {
        Ok(self.in_zone(CreateEvent::new(event)))
    }

    fn create_once(&self, key: &str, event: &NewEvent) -> Result<CreateEvent, Error> {
        Ok(self.in_zone(CreateEvent::once(event, key)))
    }

    /// Searches all events, without a time range. For a time range, Graph would list occurrences, and an
    /// occurrence has no `transactionId`.
    fn find(&self, _key: &str, event: &NewEvent) -> Result<ListEvents, Error> {
        Ok(ListEvents::new().calendar(event.target().id))
    }

    fn is_of_key(&self, event: &Event, key: &str) -> bool {
        let id = outlook::transaction_id(event.calendar_id.as_deref().unwrap_or_default(), key);
        event.original.as_ref().and_then(|original| original.field("transactionId")) == Some(id)
    }

    fn created(&self, event: Event, _calendar: CalendarRef) -> Event {
        event
    }

    fn update(&self, change: &types::UpdateEvent) -> Result<UpdateEvent, Error> {
        let update = UpdateEvent::new(change);
        Ok(match &self.time_zone {
            Some(name) => update.time_zone(name.as_str()),
            None => update,
        })
    }

    fn updated(&self, event: Event, _calendar: CalendarRef) -> Event {
        event
    }

    fn delete(&self, event: &types::DeleteEvent) -> Result<DeleteEvent, Error> {
        Ok(DeleteEvent::new(event))
    }

    fn respond(&self, event: &Event, reply: &InvitationReply) -> Result<Respond, Error> {
        Respond::new(event, reply)
    }
}
