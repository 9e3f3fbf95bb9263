//! Constructors and setters of a new event.

use alloc::string::String;
use alloc::vec::Vec;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::calendar::CalendarRef;
use crate::operation::Invalid;
use crate::send::check_json_object;
use crate::time::{Boundary, Moment};
use crate::{ConferenceData, ListEvents, NewEvent, Raw, Recurrence};

/// The field of `custom` with the application's own id of the event.
pub(crate) const EXTERNAL_EVENT_ID: &str = "externalEventId";

impl NewEvent {
    /// Creates an event from `start` to `end`, exclusive.
    ///
    /// Mobiscroll Connect receives instants, without the time zone of a
    /// [`ZonedDateTime`](jiff::ZonedDateTime). If the provider then applies the rule of a series in UTC,
    /// occurrences after a clock change are an hour off. For example, a weekly event at 18:00 in Berlin that
    /// begins in winter is at 19:00 in summer. [`Recurrence::stretches`] splits a series at the clock
    /// changes.
    ///
    /// If the date of `start` differs from its date in UTC, a provider that applies the rule in UTC also
    /// chooses other days. For example, a series each Monday at 08:00 in Tokyo is then on Tuesdays at 08:00.
    /// [`Recurrence::in_utc`] converts the rule for such a provider. If called directly, Google and Outlook
    /// apply the rule in the time zone of `start`.
    ///
    /// ```
    /// use connect_types::{NewEvent, Provider, Recurrence, Weekday};
    /// use jiff::Timestamp;
    ///
    /// let (start, end): (Timestamp, Timestamp) =
    ///     ("2027-01-04T09:00:00Z".parse()?, "2027-01-04T09:30:00Z".parse()?);
    /// let stand_up = NewEvent::new((Provider::Google, "calendar-id"), "Stand-up", start, end)
    ///     .attendee("grace@example.com")
    ///     .recurrence(Recurrence::weekly().on([Weekday::Monday]).count(10));
    /// # let _ = stand_up;
    /// # Ok::<(), jiff::Error>(())
    /// ```
    pub fn new(
        calendar: impl Into<CalendarRef>,
        title: impl Into<String>,
        start: impl Into<Moment>,
        end: impl Into<Moment>,
    ) -> Self {
        let calendar = calendar.into();
        let (start, end) = (Boundary::At(start.into()), Boundary::At(end.into()));
        Self::required(calendar.provider, calendar.id, title, start, end)
    }

    /// Creates an all-day event from `first` to the day before `end`.
    ///
    /// The `end` of an event on the 15th is the 16th.
    pub fn all_day(
        calendar: impl Into<CalendarRef>,
        title: impl Into<String>,
        first: Date,
        end: Date,
    ) -> Self {
        let calendar = calendar.into();
        let days = (Boundary::Day(first), Boundary::Day(end));
        let mut event = Self::required(calendar.provider, calendar.id, title, days.0, days.1);
        event.all_day = Some(true);
        event
    }

    /// Returns the calendar of the new event.
    pub fn target(&self) -> CalendarRef {
        CalendarRef::new(&self.provider, &self.calendar_id)
    }

    /// Returns the start and end of each of the first `limit` occurrences, up to `horizon`, inclusive.
    ///
    /// The days of an all-day event, and of a rule whose start has no time zone, are days in `zone`. A single
    /// event is its only occurrence.
    pub fn occurrences(&self, zone: &TimeZone, horizon: Date, limit: usize) -> Vec<(Timestamp, Timestamp)> {
        let (Some(start), Some(end)) = (self.start.zoned(zone), self.end.zoned(zone)) else {
            return Vec::new();
        };
        let Some(rule) = &self.recurrence else {
            return alloc::vec![(start.timestamp(), end.timestamp())];
        };
        // In civil time, so that an occurrence across a change of the clocks ends at its local end.
        let length = start.datetime().duration_until(end.datetime());
        let times = rule.occurrences(&start, horizon).take(limit).filter_map(|first| {
            let last = first.datetime().checked_add(length).ok()?;
            let last = last.to_zoned_datetime(first.time_zone().clone()).ok()?;
            Some((first.timestamp(), last.timestamp()))
        });
        times.collect()
    }

    /// Removes the guests from the event, and returns them.
    pub fn take_attendees(&mut self) -> Vec<String> {
        core::mem::take(&mut self.attendees)
    }

    /// Returns the application's custom fields.
    pub fn custom_fields(&self) -> Option<&Raw> {
        self.custom.as_ref()
    }

    /// Sets the application's own id of the event, as `externalEventId` in the `custom` fields.
    ///
    /// [`Event::external_event_id`](crate::Event::external_event_id) returns the id.
    pub fn external_event_id(mut self, id: &str) -> Self {
        // If `custom` is not an object, `check` returns the error later.
        if let Ok(custom) = Raw::with_field(self.custom.as_ref(), EXTERNAL_EVENT_ID, id) {
            self.custom = Some(custom);
        }
        self
    }

    /// Returns a request that lists the calendar's events around the time of the new event.
    ///
    /// Use the request to find the created event. The request for a series covers its first four periods,
    /// because the first occurrences may have been deleted.
    pub fn whereabouts(&self) -> ListEvents {
        let second = SignedDuration::from_secs(1);
        let Some(series) = &self.recurrence else {
            let (start, end) = (self.start.about(-second), self.end.about(second));
            return ListEvents::between(start, end).calendar(self.target());
        };
        let periods = SignedDuration::from_hours(24 * 4 * series.days_per_period());
        let end = self.end.about(second);
        let end = end.checked_add(periods).unwrap_or(end);
        ListEvents::between(self.start.about(-second), end).calendar(self.target()).masters()
    }

    /// Asks the provider to create a conference.
    ///
    /// The provider then ignores any other conference in the request.
    pub fn auto_conference(self) -> Self {
        self.conference_data(ConferenceData::auto())
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        Boundary::check(&self.start, &self.end)?;
        check_json_object("custom", self.custom.as_ref())?;
        self.foreign_options.check()?;
        self.recurrence.as_ref().map_or(Ok(()), Recurrence::check)
    }
}
