//! The calls that a calendar service provides.

use std::borrow::Cow;

use connect_core::{
    Endpoint, Error, Paged, SignIn,
    types::{
        Auth, Calendar, CalendarRef, DeleteEvent, Event, GetConnectionStatus, NewEvent, Provider, UpdateEvent,
    },
};
use http::Method;
use jiff::Timestamp;

use crate::InvitationReply;

/// The endpoints of a calendar service, without I/O. Implement this trait to use another service in a
/// [`Backend`](super::Backend).
pub trait CalendarService: Send + Sync {
    /// The request that lists the calendars.
    type Calendars: Paged<Item = Calendar, Output: Send> + Send + Sync;
    /// The request that lists events.
    type Events: Paged<Item = Event, Output: Send> + Send + Sync;
    /// The request that finds an event created with [`create_once`](Self::create_once).
    type Find: Paged<Item = Event, Output: Send> + Send + Sync;
    /// The request that creates an event.
    type Create: Endpoint<Output: Send> + Send + Sync;
    /// The request that updates an event.
    type Update: Endpoint<Output: Send> + Send + Sync;
    /// The request that deletes an event.
    type Delete: Endpoint<Output: Send> + Send + Sync;
    /// The request that replies to an invitation.
    type Respond: Endpoint<Output: Send> + Send + Sync;

    /// Returns the provider of the calendars, or `None` if they may belong to several providers.
    fn provider(&self) -> Option<Provider>;

    /// Returns a sign-in of this user with the scopes that the calls need.
    fn sign_in(&self, user: &str) -> SignIn;

    /// Returns the request that lists the calendars.
    fn calendars(&self) -> Result<Self::Calendars, Error>;

    /// Returns the request that reads the state of the connected accounts.
    ///
    /// Returns `None` if the user has only one account at the service.
    fn connections(&self) -> Option<GetConnectionStatus> {
        None
    }

    /// Returns the request that lists the occurrences in one calendar.
    fn events(&self, calendar: &CalendarRef, start: Timestamp, end: Timestamp)
    -> Result<Self::Events, Error>;

    /// Returns one request that lists the occurrences in several calendars.
    ///
    /// An empty list means all calendars. Returns `None` if the service cannot list several calendars in one
    /// request.
    fn together(
        &self,
        _calendars: &[CalendarRef],
        _start: Timestamp,
        _end: Timestamp,
    ) -> Result<Option<Self::Events>, Error> {
        Ok(None)
    }

    /// Returns the maximum number of calendars that are read concurrently. Zero is read as one.
    fn at_once(&self) -> usize {
        4
    }

    /// Returns the request that creates an event.
    fn create(&self, event: &NewEvent) -> Result<Self::Create, Error>;

    /// Returns the request that creates an event with a key. The application chooses the key.
    fn create_once(&self, key: &str, event: &NewEvent) -> Result<Self::Create, Error>;

    /// Returns whether the service itself refuses, or finds, a second event with the same key.
    fn refuses_known_keys(&self) -> bool {
        true
    }

    /// Returns the request that finds the event created with [`create_once`](Self::create_once).
    ///
    /// The response may also contain other events. If the event does not exist, the response may be an error
    /// of the kind [`NotFound`](connect_core::ErrorKind::NotFound).
    fn find(&self, key: &str, event: &NewEvent) -> Result<Self::Find, Error>;

    /// Returns whether the event was created with this key. False if the event is deleted.
    fn is_of_key(&self, event: &Event, key: &str) -> bool;

    /// Returns the event in the response to a create request.
    fn created(&self, response: <Self::Create as Endpoint>::Output, calendar: CalendarRef) -> Event;

    /// Returns the request that updates an event.
    fn update(&self, change: &UpdateEvent) -> Result<Self::Update, Error>;

    /// Returns the event in the response to an update request.
    fn updated(&self, response: <Self::Update as Endpoint>::Output, calendar: CalendarRef) -> Event;

    /// Returns the request that deletes an event.
    fn delete(&self, event: &DeleteEvent) -> Result<Self::Delete, Error>;

    /// Returns the request that reads the event to pass to [`respond`](Self::respond).
    ///
    /// Returns `None` if the service needs only the id of the event.
    fn invitation(&self, _event: &Event, _reply: &InvitationReply) -> Result<Option<Self::Find>, Error> {
        Ok(None)
    }

    /// Returns the request that replies to an invitation.
    fn respond(&self, event: &Event, reply: &InvitationReply) -> Result<Self::Respond, Error>;
}

/// A call that a service does not have. The type has no values, so the call is never sent.
#[derive(Clone, Copy, Debug)]
pub enum NoCall {}

impl Endpoint for NoCall {
    type Output = Event;

    fn method(&self) -> Method {
        match *self {}
    }

    fn path(&self) -> Result<Cow<'_, str>, Error> {
        match *self {}
    }

    fn auth(&self) -> Auth {
        Auth::None
    }
}
