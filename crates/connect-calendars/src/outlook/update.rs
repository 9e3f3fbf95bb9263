//! The call that changes an event.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{self, Body, Event, EventFields, EventRef, Raw, Safety, SeriesMode},
};

use super::{
    body::{BodyBuilder, BodyType, WriteKind, check_provider},
    create::{DeferredError, sent_custom},
    endpoint::{endpoint, event_path},
    event::{EventJson, event},
    preferences::{Preferences, preferences},
    response::read_object,
};

/// Changes an event and returns it (`PATCH /me/calendars/{id}/events/{id}`).
///
/// Fields that are not set stay unchanged.
///
/// ```
/// use connect_core::{Endpoint, types::{Event, Provider}};
/// use connect_calendars::outlook::{DEFAULT_CALENDAR, UpdateEvent};
///
/// // In an application, `GetEvent` reads the series by the `recurring_event_id` of an occurrence.
/// let series = Event::new(Provider::Microsoft, DEFAULT_CALENDAR, "AAMkSeries");
/// let start: jiff::Timestamp = "2026-01-13T09:00:00Z".parse()?;
/// let end: jiff::Timestamp = "2026-01-13T09:30:00Z".parse()?;
/// let change = series.change()?.whole_series().time(start, end);
/// assert!(UpdateEvent::new(&change).body().is_err());
/// assert!(UpdateEvent::new(&change).time_zone("Europe/Berlin").body().is_ok());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// * The call changes one event or occurrence; with `whole_series`, it changes the series of the occurrence.
///   A change of an occurrence and all later ones (`this_and_following`) is refused.
/// * With `whole_series`, new times of an occurrence are refused: the series would start at these times and
///   lose its earlier occurrences. To move a series, read the series with [`GetEvent`](super::GetEvent) by
///   the id in `recurring_event_id`, and change its times.
/// * New times of a series need a time zone, from [`time_zone`](Self::time_zone) or from the new start. In
///   UTC, the occurrences would move by an hour when the clocks change. An id does not show that an event is
///   a series: for a series, set `whole_series` or call [`knowing`](Self::knowing). If neither
///   `whole_series` nor `knowing` is used, the new times are sent in UTC.
/// * Graph notifies all guests. Any [`Notify`](connect_core::types::Notify) except `All` is refused.
/// * A new list of guests replaces the existing list. Guests who are missing in the new list lose their
///   invitation. All listed guests become required guests, even rooms, optional guests and the
///   organizer. To preserve the types of the guests, pass the event to [`knowing`](Self::knowing).
/// * Graph has one field for status and availability, and a confirmed event may be free, busy or out of
///   office. Therefore `status(Confirmed)` alone changes nothing. `availability(Busy)` makes a tentative
///   event busy.
/// * A new location replaces the whole old location, including its address and all further locations.
/// * If an event has an online meeting, a new description must contain the invitation from the old
///   description. Without the invitation, Graph disables the meeting.
/// * A new recurrence needs the start of the series: set it with `.time(start, end)`.
/// * Cleared fields become empty; cleared `custom` fields are read as `None`.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct UpdateEvent {
    event: Result<EventFields, DeferredError>,
    target: Target,
    prefer: Preferences,
    builder: BodyBuilder,
}

impl UpdateEvent {
    /// Creates the call for a change.
    pub fn new(update: &types::UpdateEvent) -> Self {
        let (target, checked) = Target::of(update.event());
        let event = checked.and_then(|()| Ok(update.fields()?)).map_err(DeferredError);
        Self { event, target, prefer: Preferences::default(), builder: BodyBuilder::default() }
    }

    /// Changes the event only if it still has this [`etag`](super::etag).
    ///
    /// If the tag differs, the call fails with [`Conflict`](connect_core::ErrorKind::Conflict).
    pub fn if_match(mut self, etag: impl Into<Box<str>>) -> Self {
        self.prefer.if_match = Some(etag.into());
        self
    }

    /// Passes the event, as read from Graph, to the call.
    ///
    /// With the event, the call preserves the type and response of remaining guests, does not make
    /// the organizer a guest, and recognizes a series. An occurrence from a change feed may lack
    /// its guests: first read the occurrence with [`GetEvent`](super::GetEvent).
    pub fn knowing(mut self, event: &Event) -> Self {
        self.builder.known = Some(Box::new(event.clone()));
        self
    }

    /// Sets the time zone of a series and of times in the response (IANA or Windows name).
    pub fn time_zone(mut self, zone: impl Into<Box<str>>) -> Self {
        let zone = zone.into();
        self.prefer.time_zone = Some(zone.clone());
        self.builder.time_zone = Some(zone);
        self
    }

    /// Sets the format of the description. Default: HTML if the description has HTML tags, otherwise text.
    pub fn body_type(mut self, kind: BodyType) -> Self {
        self.builder.body_type = Some(kind);
        self
    }

    /// Sets a JSON object of Graph fields, which override the fields of the update.
    pub fn fields(mut self, fields: Raw) -> Self {
        self.builder.fields = Some(fields);
        self
    }
}

impl UpdateEvent {
    fn is_known_series(&self) -> bool {
        let known = self.builder.known.as_ref().filter(|known| known.id == self.target.id);
        known.and_then(|known| known.original.as_ref()).is_some_and(|raw| EventJson::of(raw).is_master())
    }
}

preferences!(UpdateEvent);

endpoint!(UpdateEvent: PATCH "/me/calendars/{id}/events/{id}" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(self.target.path()?.into())
    }

    fn body(&self) -> Result<Body, Error> {
        let event = self.event.as_ref().map_err(|error| error.0.clone())?;
        if self.target.of_occurrence && (event.start.is_some() || event.end.is_some()) {
            return Err(Error::validation(
                "start: the times of an occurrence cannot be set on the whole series: read the series by its id and change its times",
            ));
        }
        let series = self.target.series || self.is_known_series();
        let kind = if series { WriteKind::UpdateSeries } else { WriteKind::Update };
        self.builder.body(event, kind, self.prefer.property())
    }

    /// A retry with `If-Match` would fail, because the first attempt changes the entity tag.
    fn safety(&self) -> Safety {
        if self.prefer.if_match.is_some() { Safety::Once } else { Safety::Idempotent }
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        let raw = read_object(response, self.safety())?;
        let mut event = event(raw, &self.target.calendar, self.prefer.property());
        if let (None, Ok(sent)) = (&event.custom, &self.event) {
            event.custom = sent_custom(&sent.custom);
        }
        Ok(event)
    }
});

/// The event that a request changes or deletes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) calendar: String,
    pub(super) id: String,
    /// Whether the event is a whole series.
    pub(super) series: bool,
    /// Whether the caller selected the series by one of its occurrences.
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
        check_provider(&event.calendar)?;
        if event.mode == Some(SeriesMode::Following) {
            return Err(Error::validation(
                "mode: Graph cannot change or delete an occurrence and all following ones: end the series by changing its recurrence and, for a change, create a new series",
            ));
        }
        Ok(())
    }
}
