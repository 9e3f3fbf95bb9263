//! Access to the fields of a request, for services other than Mobiscroll Connect.

use alloc::string::String;

use jiff::tz::TimeZone;

use crate::operation::Invalid;
use crate::time::Boundary;
use crate::{
    CalendarRef, DeleteEvent, EventFields, EventTime, NewEvent, SeriesMode, SeriesStart, UpdateEvent,
};

impl EventFields {
    /// Returns an error if a field is set that only Mobiscroll Connect supports.
    ///
    /// # Errors
    /// [`Invalid`] with the name of the first field that only Mobiscroll Connect supports.
    pub fn refuse_connect_only(&self) -> Result<(), Invalid> {
        match self.connect_only.first() {
            Some(field) => Err(Invalid::new(field, "only Mobiscroll Connect supports this field")),
            None => Ok(()),
        }
    }

    /// Returns the start of the series, for [`Recurrence::rrule_from`](crate::Recurrence::rrule_from).
    ///
    /// The returned start is in the time zone `zone`. If `zone` is `None`, the returned start is in the time
    /// zone of the event's start, or in UTC if the event's start has no time zone. Returns `None` if the
    /// request does not set the start.
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

/// The event that a request changes or deletes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct EventRef {
    /// The calendar of the event.
    pub calendar: CalendarRef,
    /// The id of the event or the occurrence.
    pub id: String,
    /// The id of the series, for an occurrence.
    pub recurring_event_id: Option<String>,
    /// Which events of the series the request changes or deletes.
    pub mode: Option<SeriesMode>,
}

impl NewEvent {
    /// Returns the event fields of the request.
    ///
    /// ```
    /// use connect_types::{NewEvent, Patch, Provider};
    ///
    /// let day = jiff::civil::date(2026, 12, 24);
    /// let calendar = (Provider::Google, "work");
    /// let event = NewEvent::all_day(calendar, "Closed", day, day.tomorrow()?).location("Berlin");
    /// let fields = event.fields()?;
    /// assert_eq!((fields.title.as_deref(), fields.location), (Some("Closed"), Patch::Set("Berlin".into())));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`Invalid`] if a field has an invalid value.
    pub fn fields(&self) -> Result<EventFields, Invalid> {
        self.check_all()?;
        Ok(EventFields { start_zone: self.start.zone(), ..self.event_fields() })
    }
}

impl UpdateEvent {
    /// Returns the event fields of the request.
    ///
    /// # Errors
    /// [`Invalid`] if a field has an invalid value.
    pub fn fields(&self) -> Result<EventFields, Invalid> {
        self.check_all()?;
        Ok(EventFields { start_zone: self.start.as_ref().and_then(Boundary::zone), ..self.event_fields() })
    }

    /// Returns the event that the request changes.
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
    /// Returns the event that the request deletes.
    ///
    /// # Errors
    /// [`Invalid`] if a field has an invalid value.
    pub fn event(&self) -> Result<EventRef, Invalid> {
        self.check_all()?;
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
