//! Events, and the call that reads one.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{EventTime, Raw, ResponseBody},
};

use super::{
    Id,
    answer::{answer, null},
    endpoint::endpoint,
    object::Parameters,
    open::open_enum,
};

answer!(
    /// An event (Apptoto's API page `/v1/events`).
    Event {
        /// The id that Apptoto assigned.
        id: Option<Id>,
        /// The calendar of the event.
        calendar_id: Option<Id>,
        /// The start.
        start_time: Option<EventTime>,
        /// The end.
        end_time: Option<EventTime>,
        /// The title.
        title: Option<String>,
        /// The location.
        location: Option<String>,
        /// The description.
        content: Option<String>,
        /// Whether the event was deleted.
        is_deleted: Option<bool>,
        /// The participants. If the call lists events by phone number or e-mail address, only matching
        /// participants are included.
        participants: Vec<Participant>,
        /// Data stored by the application: a JSON object.
        custom_data: Option<Raw>,
    }
);

answer!(
    /// A participant of an event.
    Participant {
        /// The id. [`SendMessage`](super::SendMessage) can send a message to the participant with this id.
        id: Option<Id>,
        /// The name.
        name: Option<String>,
        /// The phone number as entered.
        phone: Option<String>,
        /// The phone number in international format.
        normalized_phone: Option<String>,
        /// The e-mail address.
        email: Option<String>,
        /// The participant's state, which contains the reply.
        state: Option<ParticipantState>,
        /// The messages about the event, if the call requested them: a JSON array.
        conversations: Option<Raw>,
    }
);

open_enum!(
    /// The state of a participant: the reply, or whether a reminder was sent.
    ParticipantState {
        /// The participant has not replied yet.
        Initial = "initial",
        /// Accepted.
        Accepted = "accepted",
        /// Declined.
        Declined = "declined",
        /// The participant got a reminder.
        Reminded = "reminded",
        /// Confirmed.
        Confirmed = "confirmed",
        /// The participant is not coming.
        NotComing = "not_coming",
        /// The participant is not coming and wants another time.
        NotComingNeedsReschedule = "not_coming_needs_reschedule",
        /// The participant is not coming and does not want another time.
        NotComingNoReschedule = "not_coming_no_reschedule",
    }
);

answer!(
    /// The events that a call created, changed or deleted.
    Events {
        /// The events.
        events: Vec<Event>,
    }
);

impl ResponseBody for Event {}

impl ResponseBody for Events {
    /// Apptoto responds with an empty body to a retried deletion whose first response was lost.
    fn empty() -> Option<Self> {
        null().map(Self::from)
    }
}

/// Reads an event by its id or external id (`GET /v1/event`). Needs [`Scope::EventsRead`](super::Scope).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct GetEvent(Parameters);

impl GetEvent {
    /// Creates the call for the event with this id.
    pub fn by_id(id: impl Into<Id>) -> Self {
        Self(Parameters::default().with("id", id.into().as_str()))
    }

    /// Creates the call for the event with this external id.
    pub fn by_external_id(id: impl Into<String>) -> Self {
        Self(Parameters::default().with("external_id", id))
    }

    /// Requests the messages about the event for each participant.
    pub fn include_conversations(self) -> Self {
        self.parameter("include_conversations", "true")
    }

    /// Sets any query parameter, even if this type has no method for it.
    pub fn parameter(self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self(self.0.with(name, value))
    }
}

endpoint!(GetEvent: GET "/v1/event" -> Event, EventsRead {
    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.0.query())
    }
});
