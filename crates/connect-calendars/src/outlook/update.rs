//! A change to an event.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{self, Body, Event, EventFields, EventRef, Raw, Safety, SeriesMode},
};

use super::{
    answer::read_object,
    create::{Refused, set},
    draft::{BodyType, Draft, Over, ours},
    endpoint::{endpoint, event_path},
    event::{Item, event},
    preferences::{Preferences, preferences},
};

/// A change to an event (`PATCH /me/calendars/{id}/events/{id}`). What the update leaves alone stays as it is. The answer is the
/// event.
///
/// ```
/// use connect_core::{Endpoint, types::{Event, Provider}};
/// use connect_calendars::outlook::{DEFAULT_CALENDAR, UpdateEvent};
///
/// // As `GetEvent` read it, by the `recurring_event_id` of an occurrence.
/// let series = Event::new(Provider::Microsoft, DEFAULT_CALENDAR, "AAMkSeries");
/// let (start, end) = ("2026-01-13T09:00:00Z".parse::<jiff::Timestamp>()?, "2026-01-13T09:30:00Z".parse::<jiff::Timestamp>()?);
/// let change = series.change()?.whole_series().time(start, end);
/// assert!(UpdateEvent::new(&change).body().is_err());
/// assert!(UpdateEvent::new(&change).time_zone("Europe/Berlin").body().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// * An occurrence is changed by its own id, unless the update is of the whole series: then by the series' id. One of "this and
///   following" is refused.
/// * New times of a whole series are those of its first occurrence, and of another occurrence they are refused: they would cut
///   off what was before it. Read the series ([`GetEvent`](super::GetEvent) of its id), and change that. They need
///   [`time_zone`](Self::time_zone) as well, without which they are refused: in UTC the occurrences would move by an hour when
///   the clocks change. Where nothing says that an event is a series (neither `whole_series` nor [`knowing`](Self::knowing)),
///   its times are sent in UTC.
/// * Graph tells all guests: another [`Notify`](connect_core::types::Notify) is refused.
/// * Guests who are not in a list of guests are uninvited. Who is in it becomes a required guest, rooms and optional guests too,
///   and so does the organizer, whom a read lists among the guests: unless the event is known ([`knowing`](Self::knowing)).
/// * `status(Confirmed)` alone changes nothing, as an event that takes place may be one that is shown as free or out of office.
///   One that is shown as tentative becomes busy with `availability(Busy)`.
/// * A new location replaces all that Graph knows of the old one, its address and the other places of the event among it.
/// * A new description of an event with an online meeting takes the place of the invitation in it, and with that of the meeting:
///   read, change, write.
/// * A new recurrence needs the start of the series beside it: `.time(start, end)`.
/// * What is cleared becomes empty; the application's own fields become none.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct UpdateEvent {
    event: Result<EventFields, Refused>,
    target: Target,
    prefer: Preferences,
    draft: Draft,
}

impl UpdateEvent {
    /// The change.
    pub fn new(update: &types::UpdateEvent) -> Self {
        let (target, checked) = Target::of(update.event());
        let event = checked.and_then(|()| Ok(update.fields()?)).map_err(Refused);
        Self { event, target, prefer: Preferences::default(), draft: Draft::default() }
    }

    /// Only if the event is still in the state of that [`etag`](super::etag); a conflict otherwise.
    pub fn if_match(mut self, etag: impl Into<Box<str>>) -> Self {
        self.prefer.if_match = Some(etag.into());
        self
    }

    /// With what is known of the event as it is in Graph: guests who are there stay what they are, with their answers, and the
    /// organizer does not become one. A series is known as one. An occurrence from the feed of changes tells too little of its
    /// guests: read it first.
    pub fn knowing(mut self, event: &Event) -> Self {
        self.draft.known = Some(Box::new(event.clone()));
        self
    }

    /// The zone of a series, and that of the times in the answer, by its IANA or Windows name.
    pub fn time_zone(mut self, zone: impl Into<Box<str>>) -> Self {
        let zone = zone.into();
        self.prefer.time_zone = Some(zone.clone());
        self.draft.time_zone = Some(zone);
        self
    }

    /// In which form the description is; otherwise as it looks.
    pub fn body_type(mut self, kind: BodyType) -> Self {
        self.draft.body_type = Some(kind);
        self
    }

    /// Fields of Graph's own, a JSON object. They stand over those that follow from the update.
    pub fn fields(mut self, fields: Raw) -> Self {
        self.draft.fields = Some(fields);
        self
    }
}

impl UpdateEvent {
    fn knows_series(&self) -> bool {
        let known = self.draft.known.as_ref().filter(|known| known.id == self.target.id);
        known.and_then(|known| known.original.as_ref()).is_some_and(|raw| Item::of(raw).is_master())
    }
}

preferences!(UpdateEvent);

endpoint!(UpdateEvent: PATCH "/me/calendars/{id}/events/{id}" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(self.target.path()?.into())
    }

    fn body(&self) -> Result<Body, Error> {
        let event = self.event.as_ref().map_err(|refused| refused.0.clone())?;
        if self.target.of_occurrence && (event.start.is_some() || event.end.is_some()) {
            return Err(Error::validation(
                "start: an occurrence does not tell when its series begins: read the series by its id, and change that",
            ));
        }
        let over = if self.target.series || self.knows_series() { Over::Series } else { Over::Event };
        self.draft.body(event, over, self.prefer.property())
    }

    /// The same change twice is the same as once; with a condition, the second would fail.
    fn safety(&self) -> Safety {
        if self.prefer.if_match.is_some() { Safety::Once } else { Safety::Idempotent }
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        let raw = read_object(response, self.safety())?;
        let mut event = event(raw, &self.target.calendar, self.prefer.property());
        if let (None, Ok(sent)) = (&event.custom, &self.event) {
            event.custom = set(&sent.custom);
        }
        Ok(event)
    }
});

/// Which event a write is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) calendar: String,
    pub(super) id: String,
    /// Whether it is a whole series.
    pub(super) series: bool,
    /// Whether that is known by one of its occurrences only.
    of_occurrence: bool,
}

impl Target {
    pub(super) fn of(event: EventRef) -> (Self, Result<(), Error>) {
        let checked = Self::check(&event);
        let series = event.mode == Some(SeriesMode::All);
        let id = event.recurring_event_id.filter(|_| series).unwrap_or_else(|| event.id.clone());
        let of_occurrence = id != event.id;
        (Self { calendar: event.calendar.id, id, series, of_occurrence }, checked)
    }

    pub(super) fn path(&self) -> Result<String, Error> {
        let field = if self.of_occurrence { "recurringEventId" } else { "eventId" };
        event_path(&self.calendar, field, &self.id)
    }

    fn check(event: &EventRef) -> Result<(), Error> {
        ours(&event.calendar)?;
        if event.mode == Some(SeriesMode::Following) {
            return Err(Error::validation(
                "Graph cannot split a series: end it with an update of its recurrence, and create another one",
            ));
        }
        Ok(())
    }
}
