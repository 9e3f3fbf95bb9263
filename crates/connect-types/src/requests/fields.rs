//! What a request says, taken apart: for who sends it to a service of another form.

use alloc::string::String;
use alloc::vec::Vec;

use jiff::tz::TimeZone;

use crate::operation::Invalid;
use crate::time::Boundary;
use crate::{
    Availability, CalendarRef, ConferenceData, DeleteEvent, EventStatus, EventTime, NewEvent, Notify, Patch,
    Privacy, Provider, Raw, Recurrence, SeriesMode, SeriesStart, UpdateEvent,
};

/// What a request says about an event. In that of a [`NewEvent`] nothing is to be cleared.
///
/// ```
/// use connect_types::{NewEvent, Patch, Provider};
///
/// let day = jiff::civil::date(2026, 12, 24);
/// let event = NewEvent::all_day((Provider::Google, "work"), "Closed", day, day.tomorrow()?).location("Berlin");
/// let fields = event.fields()?;
/// assert_eq!((fields.title.as_deref(), fields.location), (Some("Closed"), Patch::Set("Berlin".into())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct EventFields {
    /// The summary.
    pub title: Option<String>,
    /// When it begins: an instant, or the first of whole days.
    pub start: Option<EventTime>,
    /// When it is over, exclusive: an instant, or the day after the last.
    pub end: Option<EventTime>,
    /// Whether it covers whole days.
    pub all_day: Option<bool>,
    /// The longer text.
    pub description: Patch<String>,
    /// Where it takes place.
    pub location: Patch<String>,
    /// The e-mail addresses of who is invited.
    pub attendees: Patch<Vec<String>>,
    /// How it repeats.
    pub recurrence: Patch<Recurrence>,
    /// The application's own fields, a JSON object.
    pub custom: Patch<Raw>,
    /// The link of a video conference.
    pub conference: Patch<String>,
    /// The conference to make.
    pub conference_data: Patch<ConferenceData>,
    /// Whether the time is blocked.
    pub availability: Option<Availability>,
    /// Who may see the details.
    pub privacy: Option<Privacy>,
    /// Whether it takes place.
    pub status: Option<EventStatus>,
    /// Which guests are to be told, where that was chosen.
    pub notify: Option<Notify>,
    /// Fields of providers' own, JSON objects.
    pub provider_fields: Vec<(Provider, Raw)>,
    /// The names of fields that are set and that only Mobiscroll Connect has.
    pub connect_only: Vec<&'static str>,
    /// The zone that the start was given in: a series counts its days there, unless the call says otherwise.
    pub start_zone: Option<TimeZone>,
}

impl EventFields {
    /// Refuses fields that only Mobiscroll Connect has: for services that are sent the same request.
    ///
    /// # Errors
    /// [`Invalid`] with the name of the first of them.
    pub fn refuse_connect_only(&self) -> Result<(), Invalid> {
        match self.connect_only.first() {
            Some(field) => Err(Invalid::new(field, "only Mobiscroll Connect has this field")),
            None => Ok(()),
        }
    }

    /// When its series begins, for [`Recurrence::rrule_from`]: in `zone`, or else in the zone that the start was given in. None
    /// where the request does not say when.
    #[must_use]
    pub fn series_start(&self, zone: Option<TimeZone>) -> Option<SeriesStart> {
        match self.start.as_ref()? {
            EventTime::Date(day) => Some(SeriesStart::Day(*day)),
            EventTime::Instant(start) => {
                let zone = zone.or_else(|| self.start_zone.clone()).unwrap_or(TimeZone::UTC);
                Some(SeriesStart::At(start.to_zoned_datetime(zone)))
            }
            _ => None,
        }
    }
}

/// Which event a request is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EventRef {
    /// The calendar that holds it.
    pub calendar: CalendarRef,
    /// Its id, or that of an occurrence.
    pub id: String,
    /// The id of the series, for an occurrence.
    pub recurring_event_id: Option<String>,
    /// Which events of the series are meant.
    pub mode: Option<SeriesMode>,
}

impl NewEvent {
    /// What it says about the event.
    ///
    /// # Errors
    /// [`Invalid`] when it could not be sent.
    pub fn fields(&self) -> Result<EventFields, Invalid> {
        self.checked()?;
        Ok(EventFields {
            title: Some(self.title.clone()),
            start: Some((&self.start).into()),
            end: Some((&self.end).into()),
            all_day: self.all_day,
            description: set(self.description.clone()),
            location: set(self.location.clone()),
            attendees: set(Some(self.attendees.clone()).filter(|attendees| !attendees.is_empty())),
            recurrence: set(self.recurrence.clone()),
            custom: set(self.custom.clone()),
            conference: set(self.conference.clone()),
            conference_data: set(self.conference_data.clone()),
            availability: self.availability.clone(),
            privacy: self.privacy.clone(),
            status: self.status.clone(),
            notify: self.beside.notify,
            provider_fields: self.beside.provider_fields.clone(),
            connect_only: self.connect_only(),
            start_zone: self.start.zone(),
        })
    }
}

impl UpdateEvent {
    /// What it says about the event.
    ///
    /// # Errors
    /// [`Invalid`] when it could not be sent.
    pub fn fields(&self) -> Result<EventFields, Invalid> {
        self.checked()?;
        Ok(EventFields {
            title: self.title.clone(),
            start: self.start.as_ref().map(Into::into),
            end: self.end.as_ref().map(Into::into),
            all_day: self.all_day,
            description: self.description.clone(),
            location: self.location.clone(),
            attendees: self.attendees.clone(),
            recurrence: self.recurrence.clone(),
            custom: self.custom.clone(),
            conference: self.conference.clone(),
            conference_data: self.conference_data.clone(),
            availability: self.availability.clone(),
            privacy: self.privacy.clone(),
            status: self.status.clone(),
            notify: self.beside.notify,
            provider_fields: self.beside.provider_fields.clone(),
            connect_only: self.connect_only(),
            start_zone: self.start.as_ref().and_then(Boundary::zone),
        })
    }

    /// Which event it changes.
    #[must_use]
    pub fn event(&self) -> EventRef {
        EventRef {
            calendar: self.target(),
            id: self.event_id.clone(),
            recurring_event_id: self.recurring_event_id.clone(),
            mode: self.update_mode,
        }
    }
}

impl DeleteEvent {
    /// Which event it deletes.
    ///
    /// # Errors
    /// [`Invalid`] when it could not be sent.
    pub fn event(&self) -> Result<EventRef, Invalid> {
        self.checked()?;
        Ok(EventRef {
            calendar: CalendarRef::new(&self.provider, &self.calendar_id),
            id: self.event_id.clone(),
            recurring_event_id: self.recurring_event_id.clone(),
            mode: self.delete_mode,
        })
    }
}

impl From<&Boundary> for EventTime {
    fn from(boundary: &Boundary) -> Self {
        match boundary {
            Boundary::At(moment) => Self::Instant(moment.timestamp()),
            Boundary::Day(day) => Self::Date(*day),
        }
    }
}

fn set<T>(value: Option<T>) -> Patch<T> {
    value.map_or(Patch::Keep, Patch::Set)
}
