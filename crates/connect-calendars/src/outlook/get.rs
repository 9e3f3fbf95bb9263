//! The call that reads one event.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{Event, Safety},
};

use super::{
    endpoint::{endpoint, event_path},
    event::event,
    preferences::{Preferences, read_options},
    response::read_object,
};

/// Reads a single event, an occurrence or a series (`GET /me/calendars/{id}/events/{id}`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call does nothing until it is sent"]
pub struct GetEvent {
    calendar: String,
    id: String,
    prefer: Preferences,
}

impl GetEvent {
    /// Creates the call for an event of a calendar.
    pub fn new(calendar: impl Into<String>, id: impl Into<String>) -> Self {
        Self { calendar: calendar.into(), id: id.into(), prefer: Preferences::default() }
    }
}

read_options!(GetEvent);

endpoint!(GetEvent: GET "/me/calendars/{id}/events/{id}" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(event_path(&self.calendar, "eventId", &self.id)?.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.prefer.with_custom_property(Vec::new()))
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        read_object(response, Safety::Safe).map(|raw| event(raw, &self.calendar, self.prefer.property()))
    }
});
