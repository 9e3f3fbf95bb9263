//! Events, and one of them.

use std::borrow::Cow;

use connect_core::{
    Error,
    types::{Answer, EventTime, Raw},
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
        /// Its id.
        id: Option<Id>,
        /// The calendar it is in.
        calendar_id: Option<Id>,
        /// When it begins.
        start_time: Option<EventTime>,
        /// When it ends.
        end_time: Option<EventTime>,
        /// Its title.
        title: Option<String>,
        /// Where it is.
        location: Option<String>,
        /// Its text.
        content: Option<String>,
        /// Whether it was deleted.
        is_deleted: Option<bool>,
        /// Who takes part. Where a list was asked for by phone number or e-mail address, only who matches.
        participants: Vec<Participant>,
        /// What the application noted with it: a JSON object.
        custom_data: Option<Raw>,
    }
);

answer!(
    /// Who takes part in an event.
    Participant {
        /// The id, to send a message to.
        id: Option<Id>,
        /// The name.
        name: Option<String>,
        /// The phone number as it was given.
        phone: Option<String>,
        /// The phone number in international form.
        normalized_phone: Option<String>,
        /// The e-mail address.
        email: Option<String>,
        /// What the participant answered.
        state: Option<ParticipantState>,
        /// The messages about the event, where they were asked for: a JSON array.
        conversations: Option<Raw>,
    }
);

open_enum!(
    /// What a participant answered.
    ParticipantState {
        /// Nothing yet.
        Initial = "initial",
        /// Accepted.
        Accepted = "accepted",
        /// Declined.
        Declined = "declined",
        /// Was reminded.
        Reminded = "reminded",
        /// Confirmed.
        Confirmed = "confirmed",
        /// Is not coming.
        NotComing = "not_coming",
        /// Is not coming, and wants another time.
        NotComingNeedsReschedule = "not_coming_needs_reschedule",
        /// Is not coming, and wants no other time.
        NotComingNoReschedule = "not_coming_no_reschedule",
    }
);

answer!(
    /// The events that were written or deleted.
    Events {
        /// The events.
        events: Vec<Event>,
    }
);

impl Answer for Event {}

impl Answer for Events {
    /// Also what is left of a deletion whose answer was lost.
    fn empty() -> Option<Self> {
        null().map(Self::from)
    }
}

/// One event, by either id (`GET /v1/event`). Needs [`Scope::EventsRead`](super::Scope).
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct GetEvent(Parameters);

impl GetEvent {
    /// The event with this id.
    pub fn by_id(id: impl Into<Id>) -> Self {
        Self(Parameters::default().with("id", id.into().as_str()))
    }

    /// The event that was created with this external id.
    pub fn by_external_id(id: impl Into<String>) -> Self {
        Self(Parameters::default().with("external_id", id))
    }

    /// With the messages about the event, at each participant.
    pub fn include_conversations(self) -> Self {
        self.parameter("include_conversations", "true")
    }

    /// Sets a parameter that has no method here.
    pub fn parameter(self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        Self(self.0.with(name, value))
    }
}

endpoint!(GetEvent: GET "/v1/event" -> Event, EventsRead {
    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.0.query())
    }
});
