//! What a service's calls look like.

use connect_core::{
    Endpoint, Error, Paged, SignIn,
    types::{Calendar, CalendarRef, DeleteEvent, Event, NewEvent, Provider, UpdateEvent},
};
use jiff::Timestamp;

/// Which endpoints a calendar service has, without I/O. Implement it for a service of your own, and a
/// [`Backend`](super::Backend) is one as well.
pub trait CalendarService: Send + Sync {
    /// Lists the calendars.
    type Calendars: Paged<Item = Calendar, Answer: Send> + Send + Sync;
    /// Lists events.
    type Events: Paged<Item = Event, Answer: Send> + Send + Sync;
    /// Looks for an event that was created once.
    type Find: Paged<Item = Event, Answer: Send> + Send + Sync;
    /// Creates an event.
    type Create: Endpoint<Answer: Send> + Send + Sync;
    /// Changes an event.
    type Update: Endpoint<Answer: Send> + Send + Sync;
    /// Deletes an event.
    type Delete: Endpoint<Answer: Send> + Send + Sync;

    /// Whose calendars they are; nothing if a calendar has to say that itself.
    fn provider(&self) -> Option<Provider>;

    /// A sign-in of this user that asks for what the calls need.
    fn sign_in(&self, user: &str) -> SignIn;

    /// Lists the calendars.
    fn calendars(&self) -> Result<Self::Calendars, Error>;

    /// Lists the occurrences in one calendar.
    fn events(&self, calendar: &CalendarRef, start: Timestamp, end: Timestamp)
    -> Result<Self::Events, Error>;

    /// Lists those of several calendars, or of all, at once, where the service can.
    fn together(
        &self,
        _calendars: &[CalendarRef],
        _start: Timestamp,
        _end: Timestamp,
    ) -> Result<Option<Self::Events>, Error> {
        Ok(None)
    }

    /// How many calendars are read at the same time, at least one.
    fn at_once(&self) -> usize {
        4
    }

    /// Creates an event.
    fn create(&self, event: &NewEvent) -> Result<Self::Create, Error>;

    /// Creates an event that can be found by the application's own id of it.
    fn create_once(&self, key: &str, event: &NewEvent) -> Result<Self::Create, Error>;

    /// Lists events, among them the one that [`create_once`](Self::create_once) created with this key; an error of the kind
    /// [`NotFound`](connect_core::ErrorKind::NotFound) if there is none.
    fn find(&self, key: &str, event: &NewEvent) -> Result<Self::Find, Error>;

    /// Whether [`create_once`](Self::create_once) created it with this key, and it is still there.
    fn is_of_key(&self, event: &Event, key: &str) -> bool;

    /// The event in an answer to a create.
    fn created(&self, answer: <Self::Create as Endpoint>::Answer, calendar: CalendarRef) -> Event;

    /// Changes an event.
    fn update(&self, change: &UpdateEvent) -> Result<Self::Update, Error>;

    /// The event in an answer to a change.
    fn updated(&self, answer: <Self::Update as Endpoint>::Answer, calendar: CalendarRef) -> Event;

    /// Deletes an event.
    fn delete(&self, event: &DeleteEvent) -> Result<Self::Delete, Error>;
}
