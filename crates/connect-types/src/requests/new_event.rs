//! How a new event is built.

use alloc::string::String;

use jiff::SignedDuration;
use jiff::civil::Date;

use crate::calendar::CalendarRef;
use crate::operation::Invalid;
use crate::send::object;
use crate::time::{Boundary, Moment};
use crate::{ConferenceData, ListEvents, NewEvent, Raw, Recurrence};

/// Where an application notes its own id of an event.
pub(crate) const EXTERNAL_EVENT_ID: &str = "externalEventId";

impl NewEvent {
    /// An event from `start` to `end`, exclusive.
    ///
    /// Mobiscroll Connect is told instants, without the zone of a [`ZonedDateTime`](jiff::ZonedDateTime). A series that repeats over
    /// a change of the clocks may therefore be an hour off after it: a weekly 18:00 in Berlin is at 19:00 in summer where the
    /// provider counts in UTC. [`Recurrence::stretches`] tells where such a series has to be cut. Where `start` is another day in
    /// UTC, such a provider also takes other days: each Monday at 08:00 in Tokyo is at 08:00 on Tuesdays.
    /// [`Recurrence::in_utc`] returns the rule for it. Google and Outlook, called directly, count a series in the zone that
    /// `start` was given in.
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

    /// An event of whole days, from the first to the one before `end`: the 15th alone ends on the
    /// 16th.
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

    /// The calendar it is to be in.
    pub fn target(&self) -> CalendarRef {
        CalendarRef::new(&self.provider, &self.calendar_id)
    }

    /// Notes the application's own id of the event in its `custom` fields, as `externalEventId`, beside what is there. An
    /// event is found again by it: see [`Event::external_event_id`](crate::Event::external_event_id).
    pub fn external_event_id(mut self, id: &str) -> Self {
        // What is no object is refused when the request is sent.
        if let Ok(custom) = Raw::with_field(self.custom.as_ref(), EXTERNAL_EVENT_ID, id) {
            self.custom = Some(custom);
        }
        self
    }

    /// A list in which the event is, once it was created: its calendar, around its time.
    pub fn whereabouts(&self) -> ListEvents {
        let second = SignedDuration::from_secs(1);
        let list =
            ListEvents::between(self.start.about(-second), self.end.about(second)).calendar(self.target());
        if self.recurrence.is_some() { list.masters() } else { list }
    }

    /// Lets the provider make a conference; overrides any other conference.
    pub fn auto_conference(self) -> Self {
        self.conference_data(ConferenceData::auto())
    }

    pub(crate) fn check(&self) -> Result<(), Invalid> {
        Boundary::check(&self.start, &self.end)?;
        object("custom", self.custom.as_ref())?;
        self.beside.check()?;
        self.recurrence.as_ref().map_or(Ok(()), Recurrence::check)
    }
}
