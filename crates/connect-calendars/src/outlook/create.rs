//! The call that creates an event.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{Body, Event, EventFields, NewEvent, Raw, Safety},
};
use hmac_sha256::Hash;

use super::{
    body::{BodyBuilder, BodyType, WriteKind, check_provider},
    endpoint::{calendar_path, endpoint},
    event::event,
    preferences::{Preferences, preferences},
    response::read_object,
};

/// Creates an event and returns it (`POST /me/calendars/{id}/events`).
///
/// ```
/// use connect_core::{Endpoint, types::{Body, NewEvent, Provider, Recurrence}};
/// use connect_calendars::outlook::{self, CreateEvent};
///
/// let start: jiff::Timestamp = "2026-01-13T08:00:00Z".parse()?;
/// let end: jiff::Timestamp = "2026-01-13T08:30:00Z".parse()?;
/// let event = NewEvent::new((Provider::Microsoft, outlook::DEFAULT_CALENDAR), "Stand-up", start, end)
///     .recurrence(Recurrence::weekly());
/// let call = CreateEvent::once(&event, "order 7").time_zone("Europe/Berlin");
/// let Body::Json(body) = call.body()? else { unreachable!() };
/// assert!(body.contains(r#""start":{"dateTime":"2026-01-13T09:00:00","timeZone":"Europe/Berlin"}"#));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// * The times of a single event are sent in UTC. The times of a series are sent in the zone that
///   [`time_zone`](Self::time_zone) sets; the default is the zone of the start. A series at 09:00
///   in its zone therefore stays at 09:00 when the clocks change. Without `time_zone`, a series is
///   refused if its start has a zone without a name, for example a fixed offset.
/// * Graph notifies all guests. If the event has guests, any [`Notify`](connect_core::types::Notify) except
///   `All` is refused.
/// * Unless [`body_type`](Self::body_type) is set, a description with HTML tags is sent as HTML, and any
///   other description as plain text.
/// * A tentative event is shown as tentative, or as free if its availability is free. A cancelled event is
///   refused.
/// * Conference data can only request a new online meeting
///   ([`ConferenceData::auto`](connect_core::types::ConferenceData::auto)): Graph cannot store a link to
///   another conference.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct CreateEvent {
    event: Result<EventFields, DeferredError>,
    calendar: String,
    prefer: Preferences,
    builder: BodyBuilder,
}

/// An error in a request, returned when the request is sent.
#[derive(Clone, Debug)]
pub(super) struct DeferredError(pub(super) Error);

impl PartialEq for DeferredError {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_string() == other.0.to_string()
    }
}

impl CreateEvent {
    /// Creates the call for a new event.
    ///
    /// The call is not retried after a lost response, because a retry might create a second event: see
    /// [`once`](Self::once).
    pub fn new(event: &NewEvent) -> Self {
        let target = event.target();
        let checked = check_provider(&target);
        let fields = checked.and_then(|()| Ok(event.fields()?)).map_err(DeferredError);
        Self {
            event: fields,
            calendar: target.id,
            prefer: Preferences::default(),
            builder: BodyBuilder::default(),
        }
    }

    /// Creates the call for a new event with an idempotency key.
    ///
    /// All calls with the same key together create one event in a calendar.
    pub fn once(event: &NewEvent, key: &str) -> Self {
        let call = Self::new(event);
        let id = transaction_id(&call.calendar, key);
        call.transaction_id(id)
    }

    /// Sets Graph's `transactionId`: only the first of several calls with the same id creates an event.
    ///
    /// A call with a `transactionId` is retried after a lost response.
    pub fn transaction_id(mut self, id: impl Into<Box<str>>) -> Self {
        self.builder.transaction_id = Some(id.into());
        self
    }

    /// Sets the time zone of a series and of times in the response (IANA or Windows name).
    pub fn time_zone(mut self, zone: impl Into<Box<str>>) -> Self {
        let zone = zone.into();
        self.prefer.time_zone = Some(zone.clone());
        self.builder.time_zone = Some(zone);
        self
    }

    /// Sets the format of the description; the default depends on its text.
    pub fn body_type(mut self, kind: BodyType) -> Self {
        self.builder.body_type = Some(kind);
        self
    }

    /// Sets a JSON object of Graph fields, which override the fields of the event.
    ///
    /// Mobiscroll's calendar integration calls these fields `outlookEvent`.
    pub fn fields(mut self, fields: Raw) -> Self {
        self.builder.fields = Some(fields);
        self
    }
}

preferences!(CreateEvent);

endpoint!(CreateEvent: POST "/me/calendars/{id}/events" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(format!("{}/events", calendar_path(&self.calendar)?).into())
    }

    fn body(&self) -> Result<Body, Error> {
        let event = self.event.as_ref().map_err(|error| error.0.clone())?;
        self.builder.body(event, WriteKind::Create, self.prefer.property())
    }

    fn safety(&self) -> Safety {
        if self.builder.transaction_id.is_some() { Safety::Idempotent } else { Safety::Once }
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        let raw = read_object(response, self.safety())?;
        let mut event = event(raw, &self.calendar, self.prefer.property());
        // Graph's response contains no extended properties.
        if let (None, Ok(sent)) = (&event.custom, &self.event) {
            event.custom = sent_custom(&sent.custom);
        }
        Ok(event)
    }
});

/// Returns the `custom` fields that a request sends.
pub(super) fn sent_custom(custom: &connect_core::types::Patch<Raw>) -> Option<Raw> {
    match custom {
        connect_core::types::Patch::Set(custom) => Some(custom.clone()),
        _ => None,
    }
}

/// Returns a UUID for a calendar and a key (version 8, RFC 9562 section 5.8).
pub(crate) fn transaction_id(calendar: &str, key: &str) -> String {
    let mut hash = Hash::new();
    hash.update(calendar.as_bytes());
    hash.update([0]);
    hash.update(key.as_bytes());
    let mut text = String::new();
    for (index, byte) in hash.finalize().iter().take(16).enumerate() {
        let byte = match index {
            6 => byte & 0x0f | 0x80,
            8 => byte & 0x3f | 0x80,
            _ => *byte,
        };
        if [4, 6, 8, 10].contains(&index) {
            text.push('-');
        }
        text.push_str(&format!("{byte:02x}"));
    }
    text
}
