//! Creating, changing and deleting events.

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
/// **Once only**: the account may send messages about a new event to its participants. It is [never tried
/// again](super#calls-that-reach-people); [`UpsertEvents`] with an external id may be repeated.
///
/// No limits are documented; other clients send 20 events at most at a time.
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
    /// Creates these.
    pub fn new(events: impl IntoIterator<Item = NewEvent>) -> Self {
        Self { events: events.into_iter().collect(), others: Object::default() }
    }

    /// Creates no calendar for a name that is not known.
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

/// Changes events, or creates those that are not there yet (`PUT /v1/events`). Needs [`Scope::EventsWrite`](super::Scope).
///
/// What is not set stays as it is, but `participants` and `custom_data` are replaced as a whole. An event stays in its
/// calendar, and participants who got a message already are not removed. Twice has the effect of once.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct UpsertEvents(Vec<UpsertEvent>);

impl UpsertEvents {
    /// Changes or creates these.
    pub fn new(events: impl IntoIterator<Item = UpsertEvent>) -> Self {
        Self(events.into_iter().collect())
    }
}

endpoint!(UpsertEvents: PUT "/v1/events" -> Events, EventsWrite {
    fn body(&self) -> Result<Body, Error> {
        list("events", &self.0, &Object::default())
    }
});

/// Deletes an event, by either id, and stops the messages that are pending for it (`DELETE /v1/events`). Needs
/// [`Scope::EventsWrite`](super::Scope).
///
/// The answer has the event as it is now; it is empty where an earlier try, whose answer was lost, had deleted it.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct DeleteEvent(Parameters);

impl DeleteEvent {
    /// The event with this id.
    pub fn by_id(id: impl Into<Id>) -> Self {
        Self(Parameters::default().with("id", id.into().as_str()))
    }

    /// The event that was created with this external id.
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
#[must_use = "nothing is created until it is sent"]
pub struct NewEvent(Object);

impl NewEvent {
    /// An event of this title and time in a calendar. A name for which there is no calendar makes one: see
    /// [`prevent_calendar_creation`](CreateEvents::prevent_calendar_creation).
    pub fn new(
        calendar: impl Into<Place>,
        title: impl Into<String>,
        start: impl Into<When>,
        end: impl Into<When>,
    ) -> Self {
        Self(Object::default()).in_calendar(calendar).title(title).start(start).end(end)
    }

    /// The application's own id of the event, unique in the account.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.0.set("external_id", &id.into());
        self
    }
}

/// An event to change, or to create if there is none with its external id. To create it, a calendar, a title, a start and an
/// end are needed.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is changed until it is sent"]
pub struct UpsertEvent(Object);

impl UpsertEvent {
    /// The event with this id.
    pub fn by_id(id: impl Into<Id>) -> Self {
        Self(Object::default().with("id", &id.into()))
    }

    /// The event with this external id.
    pub fn by_external_id(id: impl Into<String>) -> Self {
        Self(Object::default().with("external_id", &id.into()))
    }

    /// The calendar to create it in. An event that is there cannot be moved.
    pub fn calendar(self, calendar: impl Into<Place>) -> Self {
        self.in_calendar(calendar)
    }
}

/// What both kinds of events are made of.
macro_rules! event_fields {
    ($name:ident) => {
        impl $name {
            /// The title.
            pub fn title(mut self, title: impl Into<String>) -> Self {
                self.0.set("title", &title.into());
                self
            }

            /// When it begins.
            pub fn start(mut self, time: impl Into<When>) -> Self {
                self.0.set("start_time", &time.into());
                self
            }

            /// When it ends.
            pub fn end(mut self, time: impl Into<When>) -> Self {
                self.0.set("end_time", &time.into());
                self
            }

            fields! {
                /// The time zone whose time messages name.
                time_zone(name: &str) = "time_zone";
                /// Where it is.
                location(text: &str) = "location";
                /// Its text.
                content(text: &str) = "content";
                /// Whether it takes whole days.
                all_day(yes: bool) = "all_day";
                /// How it blocks its time.
                show_as(how: ShowAs) = "show_as";
                /// What to note with it: a JSON object. On a change it replaces all that was noted.
                custom_data(data: impl Serialize) = "custom_data";
            }

            /// Who takes part. On a change they replace those who did.
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

/// Who is to take part in an event.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "nothing is sent until its event is"]
pub struct NewParticipant(Object);

impl NewParticipant {
    /// Somebody of this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Object::default().with("name", &name.into()))
    }

    fields! {
        /// The phone number.
        phone(number: &str) = "phone";
        /// The e-mail address.
        email(address: &str) = "email";
    }
}
