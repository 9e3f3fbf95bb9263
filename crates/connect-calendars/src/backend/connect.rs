//! Mobiscroll Connect as a calendar service.

use connect_core::{
    Error, SignIn,
    types::{
        CalendarRef, DeleteEvent, Event, GetConnectionStatus, ListCalendars, ListEvents, NewEvent, Provider,
        Scope, UpdateEvent, Written,
    },
};
use jiff::Timestamp;

use super::{CalendarService, service::NoCall};
use crate::InvitationReply;

/// All calendar accounts that a user has connected at Mobiscroll Connect.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Connect {}

impl Connect {
    /// Creates the service.
    pub fn new() -> Self {
        Self::default()
    }
}

impl CalendarService for Connect {
    type Calendars = ListCalendars;
    type Events = ListEvents;
    type Find = ListEvents;
    type Create = NewEvent;
    type Update = UpdateEvent;
    type Delete = DeleteEvent;
    type Respond = NoCall;

    fn provider(&self) -> Option<Provider> {
        None
    }

    fn sign_in(&self, user: &str) -> SignIn {
        SignIn::new(user).scope(Scope::ReadWrite)
    }

    fn calendars(&self) -> Result<ListCalendars, Error> {
        Ok(ListCalendars::new())
    }

    fn connections(&self) -> Option<GetConnectionStatus> {
        Some(GetConnectionStatus::new())
    }

    fn events(&self, calendar: &CalendarRef, start: Timestamp, end: Timestamp) -> Result<ListEvents, Error> {
        Ok(ListEvents::between(start, end).calendar(calendar))
    }

    fn together(
        &self,
        calendars: &[CalendarRef],
        start: Timestamp,
        end: Timestamp,
    ) -> Result<Option<ListEvents>, Error> {
        Ok(Some(ListEvents::between(start, end).calendars(calendars)))
    }

    fn create(&self, event: &NewEvent) -> Result<NewEvent, Error> {
        Ok(event.clone())
    }

    fn refuses_known_keys(&self) -> bool {
        false
    }

    fn create_once(&self, key: &str, event: &NewEvent) -> Result<NewEvent, Error> {
        Ok(event.clone().external_event_id(key))
    }

    /// Lists the events around the time of `event`.
    ///
    /// An event that was moved out of this time range after its creation is not found.
    fn find(&self, _key: &str, event: &NewEvent) -> Result<ListEvents, Error> {
        Ok(event.whereabouts())
    }

    fn is_of_key(&self, event: &Event, key: &str) -> bool {
        event.external_event_id().as_deref() == Some(key)
    }

    fn created(&self, response: Written, calendar: CalendarRef) -> Event {
        response.into_event(calendar)
    }

    fn update(&self, change: &UpdateEvent) -> Result<UpdateEvent, Error> {
        Ok(change.clone())
    }

    fn updated(&self, response: Written, calendar: CalendarRef) -> Event {
        response.into_event(calendar)
    }

    fn delete(&self, event: &DeleteEvent) -> Result<DeleteEvent, Error> {
        Ok(event.clone())
    }

    fn respond(&self, _: &Event, _: &InvitationReply) -> Result<NoCall, Error> {
        Err(Error::validation(
            "the API of Mobiscroll Connect has no call to reply to an invitation: use `Google` or `Outlook` as the service",
        ))
    }
}
