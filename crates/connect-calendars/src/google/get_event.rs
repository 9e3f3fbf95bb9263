//! The call that reads one event.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{Event, EventRef, Safety},
};

use super::{
    endpoint::{Parameters, endpoint, event_path},
    read,
};

/// Reads an event, a series or an occurrence (`GET /calendars/{id}/events/{id}`).
///
/// Google may still return a deleted event, with the status `cancelled`.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct GetEvent {
    calendar: String,
    event: String,
    parameters: Parameters,
}

impl GetEvent {
    /// Creates the call for an event of a calendar.
    pub fn new(calendar_id: impl Into<String>, event_id: impl Into<String>) -> Self {
        let (calendar, event) = (calendar_id.into(), event_id.into());
        Self { calendar, event, parameters: Parameters::default() }
    }

    /// Sets the time zone of returned times (IANA name).
    pub fn time_zone(self, name: impl Into<String>) -> Self {
        self.parameter("timeZone", name)
    }

    /// Sets a query parameter.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.parameters.set(name, value);
        self
    }
}

impl From<&EventRef> for GetEvent {
    fn from(event: &EventRef) -> Self {
        Self::new(&event.calendar.id, &event.id)
    }
}

endpoint!(GetEvent: GET "/calendars/{calendarId}/events/{eventId}" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(event_path(&self.calendar, "eventId", &self.event)?.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.parameters.query())
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        read::read_event(response, Safety::Safe, &self.calendar)
    }
});
