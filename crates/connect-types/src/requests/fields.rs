//! What a request says, taken apart: for who sends it to a service of another form.

use alloc::string::String;

use jiff::tz::TimeZone;

use crate::operation::Invalid;
use crate::time::Boundary;
use crate::{
    CalendarRef, DeleteEvent, EventFields, EventTime, NewEvent, SeriesMode, SeriesStart, UpdateEvent,
};

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

    /// When its series begins, for [`Recurrence::rrule_from`](crate::Recurrence::rrule_from): in `zone`, or else in the zone
    /// that the start was given in. `None` where the request does not say when.
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
    /// ```
    /// use connect_types::{NewEvent, Patch, Provider};
    ///
    /// let day = jiff::civil::date(2026, 12, 24);
    /// let event = NewEvent::all_day((Provider::Google, "work"), "Closed", day, day.tomorrow()?).location("Berlin");
    /// let fields = event.fields()?;
    /// assert_eq!((fields.title.as_deref(), fields.location), (Some("Closed"), Patch::Set("Berlin".into())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] when it could not be sent.
    pub fn fields(&self) -> Result<EventFields, Invalid> {
        self.checked()?;
        Ok(EventFields { start_zone: self.start.zone(), ..self.event_fields() })
    }
}

impl UpdateEvent {
    /// What it says about the event.
    ///
    /// # Errors
    /// [`Invalid`] when it could not be sent.
    pub fn fields(&self) -> Result<EventFields, Invalid> {
        self.checked()?;
        Ok(EventFields { start_zone: self.start.as_ref().and_then(Boundary::zone), ..self.event_fields() })
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
