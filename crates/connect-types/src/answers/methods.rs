//! Methods of response types, and checks that depend on several fields.

use alloc::format;
use alloc::string::String;

use crate::icalendar;
use crate::operation::{Invalid, ResponseBody};
use crate::requests::EXTERNAL_EVENT_ID;
use crate::{
    Conference, DeleteEvent, ErrorBody, Event, EventPage, Provider, Raw, Scope, SeriesMode, TokenResponse,
    UpdateEvent,
};

impl ResponseBody for Event {}

impl Event {
    /// Returns the id that the application gave the event: `externalEventId` in its `custom` fields.
    ///
    /// [`NewEvent::external_event_id`](crate::NewEvent::external_event_id) sets it.
    #[must_use]
    pub fn external_event_id(&self) -> Option<String> {
        self.custom.as_ref()?.field(EXTERNAL_EVENT_ID)
    }

    /// Returns the link to join the conference.
    ///
    /// The link is `url` of `conferenceData` (since API 1.6.1). If `url` is missing, the link is
    /// the URL in `conference`.
    #[must_use]
    pub fn join_url(&self) -> Option<String> {
        let url = self.conference_data.as_ref().and_then(|data| data.field("url"));
        url.or_else(|| self.conference.as_ref()?.url().map(String::from))
    }

    /// Sets the id of the event's calendar, which some responses do not contain.
    #[must_use]
    pub fn calendar(mut self, id: impl Into<String>) -> Self {
        self.calendar_id = Some(id.into());
        self
    }

    /// Creates an update of this event, without any changes yet.
    ///
    /// The update of an occurrence contains the id of its series, and by default changes no other occurrence.
    ///
    /// # Errors
    /// [`Invalid`] if the provider, the calendar id or the event id is missing, or if the event is a series:
    /// see [`change_series`](Self::change_series).
    pub fn change(&self) -> Result<UpdateEvent, Invalid> {
        self.refuse_series("change_series")?;
        self.update()
    }

    /// Creates an update of the whole series of this event or occurrence, without any changes yet.
    ///
    /// # Errors
    /// [`Invalid`] if the provider, the calendar id or the event id is missing.
    pub fn change_series(&self) -> Result<UpdateEvent, Invalid> {
        Ok(self.update()?.whole_series())
    }

    fn update(&self) -> Result<UpdateEvent, Invalid> {
        let (provider, calendar_id) = self.ids()?;
        let mut update = UpdateEvent::new(provider, calendar_id, &self.id);
        update.recurring_event_id.clone_from(&self.recurring_event_id);
        update.update_mode = self.recurring_event_id.is_some().then_some(SeriesMode::This);
        Ok(update)
    }

    /// Creates a deletion of this event.
    ///
    /// The deletion of an occurrence contains the id of its series, and by default deletes no other
    /// occurrence.
    ///
    /// # Errors
    /// [`Invalid`] if the provider, the calendar id or the event id is missing, or if the event is a series:
    /// see [`delete_series`](Self::delete_series).
    pub fn delete(&self) -> Result<DeleteEvent, Invalid> {
        self.refuse_series("delete_series")?;
        self.deletion()
    }

    /// Creates a deletion of the whole series of this event or occurrence.
    ///
    /// # Errors
    /// [`Invalid`] if the provider, the calendar id or the event id is missing.
    pub fn delete_series(&self) -> Result<DeleteEvent, Invalid> {
        Ok(self.deletion()?.whole_series())
    }

    /// Returns an error for a series, because a call with the id of a series applies to every occurrence.
    ///
    /// A series is only detected if the response contains a recurrence.
    fn refuse_series(&self, instead: &str) -> Result<(), Invalid> {
        if self.recurring_event_id.is_some() || !self.repeats() {
            return Ok(());
        }
        Err(Invalid::new("eventId", format!("the event is a series; call `{instead}` for all of its events")))
    }

    /// Returns whether the event or the provider's original object has a recurrence.
    ///
    /// A recurrence in an unknown format also counts, so that no series is changed by mistake.
    fn repeats(&self) -> bool {
        let original = |name| self.original.as_ref().and_then(|original| original.field::<Raw>(name));
        self.extra.get("recurrence").is_some_and(is_filled)
            || original("recurrence").is_some_and(|recurrence| is_filled(&recurrence))
            || original("data").and_then(|data| data.text()).is_some_and(|text| icalendar::has_series(&text))
    }

    fn deletion(&self) -> Result<DeleteEvent, Invalid> {
        let (provider, calendar_id) = self.ids()?;
        let mut delete = DeleteEvent::new(provider, calendar_id, &self.id);
        delete.recurring_event_id.clone_from(&self.recurring_event_id);
        Ok(delete)
    }

    /// Converts the midnights of an all-day event to dates, and removes a blank `recurring_event_id`.
    pub(crate) fn normalize(&mut self) -> Result<(), &'static str> {
        self.recurring_event_id = self.recurring_event_id.take().filter(|id| !id.trim().is_empty());
        if self.all_day == Some(true) {
            self.start.iter_mut().chain(&mut self.end).for_each(crate::EventTime::whole_day);
        }
        Ok(())
    }

    /// Returns the provider and the calendar id of the event.
    ///
    /// If the provider, the calendar id or the event id is missing, the error names the missing value.
    fn ids(&self) -> Result<(&Provider, &str), Invalid> {
        let is_filled = |text: &str| !text.trim().is_empty();
        if !is_filled(&self.id) {
            return Err(Invalid::new("eventId", "the event has no id"));
        }
        let provider = self
            .provider
            .as_ref()
            .filter(|provider| is_filled(provider.as_str()))
            .ok_or_else(|| Invalid::new("provider", "the event has no provider; set `event.provider`"))?;
        let calendar = self.calendar_id.as_deref().filter(|id| is_filled(id)).ok_or_else(|| {
            Invalid::new("calendarId", "the event has no calendar id; set it with `.calendar(id)`")
        })?;
        Ok((provider, calendar))
    }
}

/// Returns false for `null`, for an empty string and for an empty list, else true.
fn is_filled(value: &Raw) -> bool {
    let text: String = value.get().split_whitespace().collect();
    !matches!(&*text, "null" | "\"\"" | "[]")
}

impl EventPage {
    /// Removes an empty page token.
    pub(crate) fn normalize(&mut self) -> Result<(), &'static str> {
        self.next_page_token = self.next_page_token.take().filter(|token| !token.is_empty());
        Ok(())
    }
}

impl TokenResponse {
    pub(crate) fn normalize(&mut self) -> Result<(), &'static str> {
        if self.access_token.is_empty() { Err("missing field `access_token`") } else { Ok(()) }
    }
}

impl Conference {
    /// Returns the link to join the conference.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

impl ErrorBody {
    /// Returns the reason for the error, as text for humans.
    ///
    /// The text is the first non-empty field of `message`, `error_description` and `error`.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        [&self.message, &self.error_description, &self.error]
            .into_iter()
            .filter_map(|text| text.as_deref())
            .find(|text| !text.is_empty())
    }
}

impl Scope {
    /// Returns whether this scope includes `other`.
    ///
    /// Also returns true if either scope is unknown, so that the call is sent and the service
    /// checks the scope.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        fn rank(scope: &Scope) -> Option<u8> {
            match scope {
                Scope::FreeBusy => Some(0),
                Scope::Read => Some(1),
                Scope::ReadWrite => Some(2),
                Scope::Other(_) => None,
            }
        }
        rank(self).zip(rank(other)).is_none_or(|(mine, theirs)| mine >= theirs)
    }
}

// A delivery is decoded like a response.
impl crate::ResponseBody for crate::Delivery {
    fn decode(body: &[u8]) -> Result<Self, serde_json::Error> {
        super::decode_typed(body)
    }
}
