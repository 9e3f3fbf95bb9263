//! How a change is built.

use alloc::string::String;

use jiff::civil::Date;

use crate::calendar::CalendarRef;
use crate::operation::Invalid;
use crate::patch::Patch;
use crate::send::object;
use crate::time::{Boundary, Moment};
use crate::{ConferenceData, SeriesMode, UpdateEvent};

impl UpdateEvent {
    /// Names another calendar as the event's.
    pub fn calendar(mut self, id: impl Into<String>) -> Self {
        self.calendar_id = id.into();
        self
    }

    /// The calendar of the event.
    pub fn target(&self) -> CalendarRef {
        CalendarRef::new(&self.provider, &self.calendar_id)
    }

    /// Moves the event to these instants, `end` exclusive; an all-day event becomes a timed one.
    pub fn time(mut self, start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        self.start = Some(Boundary::At(start.into()));
        self.end = Some(Boundary::At(end.into()));
        self.all_day = Some(false);
        self
    }

    /// Moves the event to these whole days, `end` exclusive; a timed event becomes an all-day one.
    pub fn dates(mut self, first: Date, end: Date) -> Self {
        self.start = Some(Boundary::Day(first));
        self.end = Some(Boundary::Day(end));
        self.all_day = Some(true);
        self
    }

    /// Lets the provider make a conference; overrides any other conference.
    pub fn auto_conference(self) -> Self {
        self.conference_data(ConferenceData::auto())
    }

    /// Changes this occurrence only.
    pub fn this_only(mut self) -> Self {
        self.update_mode = Some(SeriesMode::This);
        self
    }

    /// Changes this occurrence and all after it. Not repeated after a lost answer.
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
            object("custom", Some(custom))?;
        }
        self.beside.check()?;
        match &self.recurrence {
            Patch::Set(recurrence) => recurrence.check(),
            _ => Ok(()),
        }
    }
}
