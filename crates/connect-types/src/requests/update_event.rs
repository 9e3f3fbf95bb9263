//! Setters of an event update.

use alloc::string::String;

use jiff::civil::Date;

use crate::calendar::CalendarRef;
use crate::operation::Invalid;
use crate::patch::Patch;
use crate::send::check_json_object;
use crate::time::{Boundary, Moment};
use crate::{ConferenceData, SeriesMode, UpdateEvent};

impl UpdateEvent {
    /// Sets the calendar id of the event to update.
    ///
    /// ```
    /// use connect_types::Event;
    ///
    /// let event: Event = connect_types::decode(br#"{"provider":"google","id":"e1","title":"Lunch"}"#)?;
    /// // The response does not say which calendar the event is in.
    /// let change = event.calendar("calendar-id").change()?.location("Room 5").clear_description();
    /// # let _ = change;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn calendar(mut self, id: impl Into<String>) -> Self {
        self.calendar_id = id.into();
        self
    }

    /// Returns the calendar of the event.
    pub fn target(&self) -> CalendarRef {
        CalendarRef::new(&self.provider, &self.calendar_id)
    }

    /// Moves the event to these times, `end` exclusive. An all-day event becomes a timed event.
    pub fn time(mut self, start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        self.start = Some(Boundary::At(start.into()));
        self.end = Some(Boundary::At(end.into()));
        self.all_day = Some(false);
        self
    }

    /// Moves the event to these days, `end` exclusive. A timed event becomes an all-day event.
    pub fn dates(mut self, first: Date, end: Date) -> Self {
        self.start = Some(Boundary::Day(first));
        self.end = Some(Boundary::Day(end));
        self.all_day = Some(true);
        self
    }

    /// Asks the provider to create a conference.
    ///
    /// The provider then ignores any other conference in the request.
    pub fn auto_conference(self) -> Self {
        self.conference_data(ConferenceData::auto())
    }

    /// Changes this occurrence only.
    pub fn this_only(mut self) -> Self {
        self.update_mode = Some(SeriesMode::This);
        self
    }

    /// Changes this occurrence and all later ones. The call is not retried after a lost response.
    pub fn this_and_following(mut self) -> Self {
        self.update_mode = Some(SeriesMode::Following);
        self
    }

    /// Changes the whole series.
    pub fn whole_series(mut self) -> Self {
        self.update_mode = Some(SeriesMode::All);
        self
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if let (Some(start), Some(end)) = (&self.start, &self.end) {
            Boundary::check(start, end)?;
        }
        if let Patch::Set(custom) = &self.custom {
            check_json_object("custom", Some(custom))?;
        }
        self.foreign_options.check()?;
        match &self.recurrence {
            Patch::Set(recurrence) => recurrence.check(),
            _ => Ok(()),
        }
    }
}
