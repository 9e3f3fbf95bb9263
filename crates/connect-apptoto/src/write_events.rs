//! The calls that create, change and delete events.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{Body, Safety},
};
use serde::Serialize;

use super::{
    Events, Id, Place, ShowAs, When,
    endpoint::endpoint,
    object::{Object, Parameters, fields, list},
};

/// Creates events (`POST /v1/events`). Needs [`Scope::EventsWrite`](super::Scope).
///
/// **Never retried**: the account may send messages about a new event to its participants. See [calls that
/// are never retried](super#calls-that-are-never-retried). [`UpsertEvents`] with an external id may be
/// retried.
///
/// Apptoto documents no limit on the number of events in a call. Other clients of the API send at most 20
/// events in a call.
///
/// ```
/// use connect_apptoto::{CreateEvents, NewEvent, NewParticipant};
///
/// let start: jiff::Timestamp = "2026-11-23T14:00:00Z".parse()?;
/// let end: jiff::Timestamp = "2026-11-23T15:00:00Z".parse()?;
/// let fred = NewParticipant::new("Fred Smith").phone("650-555-1212");
/// let call = CreateEvents::new([NewEvent::new("Practice", "Check-up", start, end).participants([fred])]);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct CreateEvents {
    events: Vec<NewEvent>,
    others: Object,
}

impl CreateEvents {
    /// Creates the call for these events.
    pub fn new(events: impl IntoIterator<Item = NewEvent>) -> Self {
        Self { events: events.into_iter().collect(), others: Object::default() }
    }

    /// Tells Apptoto to refuse unknown calendar names, instead of creating calendars with these names.
    pub fn prevent_calendar_creation(mut self) -> Self {
        self.others.set("prevent_calendar_creation", &true);
        self
    }
}

endpoint!(CreateEvents: POST "/v1/events" -> Events, EventsWrite {
    fn body(&self) -> Result<Body, Error> {
        list("events", &self.events, &self.others)
    }

    fn safety(&self) -> Safety {
        Safety::Never
    }
});

/// Changes events, and creates those with an unknown external id (`PUT /v1/events`). Needs
/// [`Scope::EventsWrite`](super::Scope).
///
/// Fields that are not set stay unchanged. `participants` and `custom_data` are replaced as a whole, but
/// participants who already got a message are not removed. An event cannot be moved to another calendar.
/// The call is idempotent and may be retried.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct UpsertEvents(Vec<UpsertEvent>);

impl UpsertEvents {
    /// Creates the call for these events.
    pub fn new(events: impl IntoIterator<Item = UpsertEvent>) -> Self {
        Self(events.into_iter().collect())
    }
}

endpoint!(UpsertEvents: PUT "/v1/events" -> Events, EventsWrite {
    fn body(&self) -> Result<Body, Error> {
        list("events", &self.0, &Object::default())
    }
});

/// Deletes an event by its id or external id, and cancels its pending messages (`DELETE /v1/events`). Needs
/// [`Scope::EventsWrite`](super::Scope).
///
/// The response contains the deleted event. The response is empty if an earlier attempt of the call already
/// deleted the event.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct DeleteEvent(Parameters);

impl DeleteEvent {
    /// Creates the call for the event with this id.
    pub fn by_id(id: impl Into<Id>) -> Self {
        Self(Parameters::default().with("id", id.into().as_str()))
    }

    /// Creates the call for the event with this external id.
    pub fn by_external_id(id: impl Into<String>) -> Self {
        Self(Parameters::default().with("external_id", id))
    }
}

endpoint!(DeleteEvent: DELETE "/v1/events" -> Events, EventsWrite {
    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.0.query())
    }
});

/// An event to create.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an event is created only when the call is sent"]
pub struct NewEvent(Object);

impl NewEvent {
    /// Creates an event in a calendar. If no calendar has the given name, Apptoto creates one with this name,
    /// unless [`prevent_calendar_creation`](CreateEvents::prevent_calendar_creation) is set.
    pub fn new(
        calendar: impl Into<Place>,
        title: impl Into<String>,
        start: impl Into<When>,
        end: impl Into<When>,
    ) -> Self {
        Self(Object::default()).in_calendar(calendar).title(title).start(start).end(end)
    }

    /// Sets the application's own id of the event, which must be unique in the account.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.0.set("external_id", &id.into());
        self
    }
}

/// An event to change, or to create if no event has its external id. To create an event, set a calendar, a
/// title, a start and an end.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "an event is changed only when the call is sent"]
pub struct UpsertEvent(Object);

impl UpsertEvent {
    /// Selects the event with this id.
    pub fn by_id(id: impl Into<Id>) -> Self {
        Self(Object::default().with("id", &id.into()))
    }

    /// Selects the event with this external id.
    pub fn by_external_id(id: impl Into<String>) -> Self {
        Self(Object::default().with("external_id", &id.into()))
    }

    /// Sets the calendar to create the event in. An existing event cannot be moved.
    pub fn calendar(self, calendar: impl Into<Place>) -> Self {
        self.in_calendar(calendar)
    }
}

/// Defines the methods that new and changed events share.
macro_rules! event_fields {
    ($name:ident) => {
        impl $name {
            /// Sets the title.
            pub fn title(mut self, title: impl Into<String>) -> Self {
                self.0.set("title", &title.into());
                self
            }

            /// Sets the start.
            pub fn start(mut self, time: impl Into<When>) -> Self {
                self.0.set("start_time", &time.into());
                self
            }

            /// Sets the end.
            pub fn end(mut self, time: impl Into<When>) -> Self {
                self.0.set("end_time", &time.into());
                self
            }

            fields! {
                /// Sets the time zone of the times in messages.
                time_zone(name: &str) = "time_zone";
                /// Sets the location.
                location(text: &str) = "location";
                /// Sets the description.
                content(text: &str) = "content";
                /// Sets whether the event is all-day.
                all_day(yes: bool) = "all_day";
                /// Sets the availability that the event shows.
                show_as(how: ShowAs) = "show_as";
                /// Sets the data that the application stores in the event. The data is a JSON object, which
                /// replaces the old object.
                custom_data(data: impl Serialize) = "custom_data";
            }

            /// Sets the participants, who replace the old participants.
            pub fn participants(mut self, people: impl IntoIterator<Item = NewParticipant>) -> Self {
                let people: Vec<_> = people.into_iter().map(|one| one.0).collect();
                self.0.set("participants", &people);
                self
            }

            fn in_calendar(mut self, calendar: impl Into<Place>) -> Self {
                match calendar.into() {
                    Place::Id(id) => self.0.set("calendar_id", &id),
                    Place::Named(name) => self.0.set("calendar", &name),
                }
                self
            }
        }

        impl AsRef<Object> for $name {
            fn as_ref(&self) -> &Object {
                &self.0
            }
        }
    };
}
event_fields!(NewEvent);
event_fields!(UpsertEvent);

/// A participant to add to an event.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a participant is sent only as a part of an event"]
pub struct NewParticipant(Object);

impl NewParticipant {
    /// Creates a participant with a name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Object::default().with("name", &name.into()))
    }

    fields! {
        /// Sets the phone number.
        phone(number: &str) = "phone";
        /// Sets the e-mail address.
        email(address: &str) = "email";
    }
}
