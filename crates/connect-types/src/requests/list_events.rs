//! Which events to list.

use alloc::string::String;

use jiff::{SignedDuration, Timestamp, ToSpan, ZonedDateTime};

use crate::ListEvents;
use crate::calendar::CalendarRef;
use crate::operation::Invalid;
use crate::time::Moment;

impl ListEvents {
    /// The events from `start` to `end`, both as instants with milliseconds.
    ///
    /// Whether an event that begins exactly at `end` belongs to the list is not documented.
    pub fn between(start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        Self::required(start, end)
    }

    /// The events of the month that `day` is in, in its zone: from the month's first instant to its
    /// last, the millisecond before the next month.
    pub fn month_of(day: &ZonedDateTime) -> Self {
        let first = day.first_of_month().and_then(|day| day.start_of_day());
        let next =
            first.as_ref().ok().and_then(|first| first.checked_add(1.month()).ok()?.start_of_day().ok());
        let last = next.and_then(|next| next.timestamp().checked_sub(SignedDuration::from_millis(1)).ok());
        let start = first.map_or(Timestamp::MIN, |first| first.timestamp());
        Self::required(start, last.unwrap_or(Timestamp::MAX))
    }

    /// Only the events of this calendar, and of others that are named.
    pub fn calendar(mut self, calendar: impl Into<CalendarRef>) -> Self {
        self.calendar_ids.get_or_insert_default().add(calendar.into());
        self
    }

    /// Only the events of these calendars, and of others that are named. None at all means every
    /// calendar.
    pub fn calendars<C: Into<CalendarRef>>(self, calendars: impl IntoIterator<Item = C>) -> Self {
        calendars.into_iter().fold(self, Self::calendar)
    }

    /// Lists series as their masters, instead of their occurrences.
    pub fn masters(mut self) -> Self {
        self.single_events = Some(false);
        self
    }

    /// The same list from the page of that token on.
    pub fn with_page_token(&self, token: impl Into<String>) -> Self {
        self.clone().page_token(token)
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        if self.end < self.start {
            return Err(Invalid::new("end", "is before the start"));
        }
        self.calendar_ids.as_ref().map_or(Ok(()), crate::calendar::CalendarSelection::check)
    }
}
