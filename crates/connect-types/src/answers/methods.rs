//! What answers mean as a whole.

use alloc::format;
use alloc::string::String;

use crate::icalendar;
use crate::operation::{Answer, Invalid};
use crate::requests::EXTERNAL_EVENT_ID;
use crate::{
    Conference, DeleteEvent, ErrorBody, Event, EventPage, Provider, Raw, Scope, SeriesMode, TokenAnswer,
    UpdateEvent,
};

impl Answer for Event {}

impl Event {
    /// The application's own id of the event, if it was created with one: `externalEventId` of its `custom` fields.
    #[must_use]
    pub fn external_event_id(&self) -> Option<String> {
        self.custom.as_ref()?.field(EXTERNAL_EVENT_ID)
    }

    /// The link to join: `url` of `conferenceData` (since API 1.6.1), else that of `conference`.
    #[must_use]
    pub fn join_url(&self) -> Option<String> {
        let told = self.conference_data.as_ref().and_then(|data| data.field("url"));
        told.or_else(|| self.conference.as_ref()?.url().map(String::from))
    }

    /// The same event in a calendar of that id: for events that came without one.
    #[must_use]
    pub fn calendar(mut self, id: impl Into<String>) -> Self {
        self.calendar_id = Some(id.into());
        self
    }

    /// An update of this event that changes nothing yet. For an occurrence it carries the series'
    /// id and touches this occurrence only, until told otherwise.
    ///
    /// # Errors
    /// [`Invalid`] when the provider, the calendar's id or the event's id is not known, and for a series as a whole: see
    /// [`change_series`](Self::change_series).
    pub fn change(&self) -> Result<UpdateEvent, Invalid> {
        self.is_no_series("change_series")?;
        self.update()
    }

    /// An update of the whole series that this event is, or is an occurrence of. It changes nothing yet.
    ///
    /// # Errors
    /// [`Invalid`] when the provider, the calendar's id or the event's id is not known.
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

    /// A deletion of this event. For an occurrence it carries the series' id and deletes this
    /// occurrence only, until told otherwise.
    ///
    /// # Errors
    /// [`Invalid`] when the provider, the calendar's id or the event's id is not known, and for a series as a whole: see
    /// [`delete_series`](Self::delete_series).
    pub fn delete(&self) -> Result<DeleteEvent, Invalid> {
        self.is_no_series("delete_series")?;
        self.deletion()
    }

    /// A deletion of the whole series that this event is, or is an occurrence of.
    ///
    /// # Errors
    /// [`Invalid`] when the provider, the calendar's id or the event's id is not known.
    pub fn delete_series(&self) -> Result<DeleteEvent, Invalid> {
        Ok(self.deletion()?.whole_series())
    }

    /// Services take a call for the id of a series as one for all of its events. Not every event tells that it is a series.
    fn is_no_series(&self, instead: &str) -> Result<(), Invalid> {
        if self.recurring_event_id.is_some() || !self.repeats() {
            return Ok(());
        }
        Err(Invalid::new("eventId", format!("the event is a series: `{instead}` is for all of its events")))
    }

    /// Whether the event or its provider's object has a recurrence. One in an unknown form counts, so that no series is changed by
    /// mistake.
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

    /// Turns midnights of an all-day event into days, and drops a blank id of a series.
    pub(crate) fn settled(&mut self) -> Result<(), &'static str> {
        self.recurring_event_id = self.recurring_event_id.take().filter(|id| !id.trim().is_empty());
        if self.all_day == Some(true) {
            self.start.iter_mut().chain(&mut self.end).for_each(crate::EventTime::whole_day);
        }
        Ok(())
    }

    /// What is blank is not known: a request would refuse it, without saying where it came from.
    fn ids(&self) -> Result<(&Provider, &str), Invalid> {
        let says = |text: &str| !text.trim().is_empty();
        if !says(&self.id) {
            return Err(Invalid::new("eventId", "the event has no id"));
        }
        let provider =
            self.provider.as_ref().filter(|provider| says(provider.as_str())).ok_or_else(|| {
                Invalid::new("provider", "the event does not name its provider; set `event.provider`")
            })?;
        let calendar = self.calendar_id.as_deref().filter(|id| says(id)).ok_or_else(|| {
            Invalid::new("calendarId", "the event does not name its calendar; name it with `.calendar(id)`")
        })?;
        Ok((provider, calendar))
    }
}

/// Whether a value is more than `null`, an empty text or an empty list.
fn is_filled(value: &Raw) -> bool {
    let text: String = value.get().split_whitespace().collect();
    !matches!(&*text, "null" | "\"\"" | "[]")
}

impl EventPage {
    /// An empty token is none.
    pub(crate) fn settled(&mut self) -> Result<(), &'static str> {
        self.next_page_token = self.next_page_token.take().filter(|token| !token.is_empty());
        Ok(())
    }
}

impl TokenAnswer {
    pub(crate) fn settled(&mut self) -> Result<(), &'static str> {
        if self.access_token.is_empty() { Err("missing field `access_token`") } else { Ok(()) }
    }
}

impl Conference {
    /// The link to join, whichever shape the conference came in.
    #[must_use]
    pub fn url(&self) -> Option<&str> {
        self.url.as_deref()
    }
}

impl ErrorBody {
    /// The reason in words: the first of `message`, `error_description` and `error` that says
    /// something.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        [&self.message, &self.error_description, &self.error]
            .into_iter()
            .filter_map(|text| text.as_deref())
            .find(|text| !text.is_empty())
    }
}

impl Scope {
    /// Whether this scope allows what the other allows. True when either is unknown: who cannot
    /// tell lets the service decide.
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
