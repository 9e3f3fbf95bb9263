//! A new event.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{Body, Event, EventFields, NewEvent, Raw, Safety},
};
use hmac_sha256::Hash;

use super::{
    answer::read_object,
    draft::{BodyType, Draft, Over, ours},
    endpoint::{calendar_path, endpoint},
    event::event,
    preferences::{Preferences, preferences},
};

/// A new event (`POST /me/calendars/{id}/events`). The answer is the event.
///
/// ```
/// use connect_core::{Endpoint, types::{Body, NewEvent, Provider, Recurrence}};
/// use connect_calendars::outlook::{self, CreateEvent};
///
/// let (start, end) = ("2026-01-13T08:00:00Z".parse::<jiff::Timestamp>()?, "2026-01-13T08:30:00Z".parse::<jiff::Timestamp>()?);
/// let event = NewEvent::new((Provider::Microsoft, outlook::DEFAULT_CALENDAR), "Stand-up", start, end)
///     .recurrence(Recurrence::weekly());
/// let call = CreateEvent::once(&event, "order 7").time_zone("Europe/Berlin");
/// let Body::Json(body) = call.body()? else { unreachable!() };
/// assert!(body.contains(r#""start":{"dateTime":"2026-01-13T09:00:00","timeZone":"Europe/Berlin"}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// * Times are sent in UTC. A series goes by a zone: that of [`time_zone`](Self::time_zone), or else the one that its start was
///   given in, so that 09:00 stays 09:00 when the clocks change (refused where that has no name, such as a fixed offset); UTC
///   without one.
/// * Graph tells all guests: another [`Notify`](connect_core::types::Notify) is refused where there are guests.
/// * A description is sent as HTML where it looks like it, unless [`body_type`](Self::body_type) says.
/// * A tentative event is one that is shown as tentative, unless it is free. A cancelled one cannot be created.
/// * Of a conference only that there is to be one is sent ([`ConferenceData::auto`](connect_core::types::ConferenceData::auto)):
///   events of Graph have no place for a link of one's own.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct CreateEvent {
    event: Result<EventFields, Refused>,
    calendar: String,
    prefer: Preferences,
    draft: Draft,
}

/// What was wrong with a request, where it shows when it is sent.
#[derive(Clone, Debug)]
pub(super) struct Refused(pub(super) Error);

impl PartialEq for Refused {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl CreateEvent {
    /// The event. A create whose answer is lost is not repeated, as that might make a second event: see [`once`](Self::once).
    pub fn new(event: &NewEvent) -> Self {
        let target = event.target();
        let checked = ours(&target);
        let fields = checked.and_then(|()| Ok(event.fields()?)).map_err(Refused);
        Self { event: fields, calendar: target.id, prefer: Preferences::default(), draft: Draft::default() }
    }

    /// The event, once, by a key of the application's: however often it is sent, there is one event for a key in a calendar.
    pub fn once(event: &NewEvent, key: &str) -> Self {
        let call = Self::new(event);
        let id = transaction_id(&call.calendar, key);
        call.transaction_id(id)
    }

    /// Sets Graph's `transactionId`: of two creates with the same one, the second makes nothing. With it, a create whose answer
    /// is lost is repeated.
    pub fn transaction_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.draft.transaction_id = Some(id.into());
        self
    }

    /// The zone of a series, and that of the times in the answer, by its IANA or Windows name.
    pub fn time_zone(mut self, zone: impl Into<Box<str>>) -> Self {
        let zone = zone.into();
        self.prefer.time_zone = Some(zone.clone());
        self.draft.time_zone = Some(zone);
        self
    }

    /// In which form the description is.
    pub fn body_type(mut self, kind: BodyType) -> Self {
        self.draft.body_type = Some(kind);
        self
    }

    /// Fields of Graph's own, a JSON object: what the calendar integration calls `outlookEvent`. They stand over those that
    /// follow from the event.
    pub fn fields(mut self, fields: Raw) -> Self {
        self.draft.fields = Some(fields);
        self
    }
}

preferences!(CreateEvent);

endpoint!(CreateEvent: POST "/me/calendars/{id}/events" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(format!("{}/events", calendar_path(&self.calendar)?).into())
    }

    fn body(&self) -> Result<Body, Error> {
        let event = self.event.as_ref().map_err(|refused| refused.0.clone())?;
        self.draft.body(event, Over::Nothing, self.prefer.property())
    }

    fn safety(&self) -> Safety {
        if self.draft.transaction_id.is_some() { Safety::Idempotent } else { Safety::Once }
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        let raw = read_object(response, self.safety())?;
        let mut event = event(raw, &self.calendar, self.prefer.property());
        // The answer has no extended properties.
        if let (None, Ok(sent)) = (&event.custom, &self.event) {
            event.custom = set(&sent.custom);
        }
        Ok(event)
    }
});

pub(super) fn set(custom: &connect_core::types::Patch<Raw>) -> Option<Raw> {
    match custom {
        connect_core::types::Patch::Set(custom) => Some(custom.clone()),
        _ => None,
    }
}

/// A GUID that follows from the calendar and the key (RFC 9562 5.8).
pub(crate) fn transaction_id(calendar: &str, key: &str) -> String {
    let mut hash = Hash::new();
    hash.update(calendar.as_bytes());
    hash.update([0]);
    hash.update(key.as_bytes());
    let mut text = String::new();
    for (at, byte) in hash.finalize().iter().take(16).enumerate() {
        let byte = match at {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        if [4, 6, 8, 10].contains(&at) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
