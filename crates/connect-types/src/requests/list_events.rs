//! Constructors and filters of an event list.

use alloc::string::String;

use jiff::{SignedDuration, Timestamp, ToSpan, ZonedDateTime};

use crate::ListEvents;
use crate::calendar::CalendarRef;
use crate::operation::Invalid;
use crate::time::Moment;

impl ListEvents {
    /// Lists the events from `start` to `end`, both rounded down to milliseconds.
    ///
    /// It is not documented whether the list includes an event that begins exactly at `end`.
    pub fn between(start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        Self::required(start, end)
    }

    /// Lists the events of the month that contains `day`, in the time zone of `day`.
    pub fn month_of(day: &ZonedDateTime) -> Self {
        let first = day.first_of_month().and_then(|day| day.start_of_day());
        let next =
            first.as_ref().ok().and_then(|first| first.checked_add(1.month()).ok()?.start_of_day().ok());
        let last = next.and_then(|next| next.timestamp().checked_sub(SignedDuration::from_millis(1)).ok());
        let start = first.map_or(Timestamp::MIN, |first| first.timestamp());
        Self::required(start, last.unwrap_or(Timestamp::MAX))
    }

    /// Adds a calendar whose events are listed. By default, the events of all calendars are listed.
    pub fn calendar(mut self, calendar: impl Into<CalendarRef>) -> Self {
        self.calendar_ids.get_or_insert_default().add(calendar.into());
        self
    }

    /// Adds calendars whose events are listed. By default, the events of all calendars are listed.
    pub fn calendars<C: Into<CalendarRef>>(self, calendars: impl IntoIterator<Item = C>) -> Self {
        calendars.into_iter().fold(self, Self::calendar)
    }

    /// Lists each series as one event, instead of its occurrences.
    pub fn masters(mut self) -> Self {
        self.single_events = Some(false);
        self
    }

    /// Returns this request with a page token, which requests a later page.
    pub fn with_page_token(&self, token: impl Into<String>) -> Self {
        self.clone().page_token(token)
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if self.end < self.start {
            return Err(Invalid::new("end", "the date range ends before it starts"));
        }
        self.calendar_ids.as_ref().map_or(Ok(()), crate::calendar::CalendarSelection::check)
    }
}
