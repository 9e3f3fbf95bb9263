//! The call that creates an event.

use std::borrow::Cow;

use connect_core::{
    AsyncCaller, Caller, Error, ErrorKind, Response,
    types::{Body, Event, EventStatus, NewEvent, Raw, Safety},
};
use http::StatusCode;

use super::{
    GetEvent,
    body::BodyBuilder,
    endpoint::{Parameters, check_calendar, endpoint, events_path},
    options::{Options, options},
    read,
};

/// Creates an event (`POST /calendars/{id}/events`).
///
/// ```
/// use connect_core::{Endpoint, types::{NewEvent, Provider, Recurrence}};
/// use connect_calendars::google::InsertEvent;
///
/// let start: jiff::Timestamp = "2026-11-23T09:00:00Z".parse()?;
/// let end = start + jiff::SignedDuration::from_mins(15);
/// let event = NewEvent::new((Provider::Google, "primary"), "Stand-up", start, end)
///     .recurrence(Recurrence::weekly())
///     .attendee("grace@example.com");
/// let call = InsertEvent::once(&event, "order-4711").time_zone("Europe/Berlin");
/// assert_eq!(call.path()?, "/calendars/primary/events");
/// assert_eq!(call.query()?, [("sendUpdates".into(), "all".to_owned())]); // notifies Grace
/// # call.body()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Retries
///
/// If Google chooses the id, the call is not retried after a lost response, because Google may have created
/// the event. If the caller sets an id ([`once`](Self::once), [`id`](Self::id)), the call is retried:
/// Google refuses a second event with that id. For a second event, the error is a
/// [`Conflict`](ErrorKind::Conflict) with the status 409 and the server code `duplicate`. To read
/// the existing event, send the call that [`existing`](Self::existing) returns. The functions
/// [`create`] and [`create_async`] send the insert and, after a conflict, the call that reads the
/// event.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct InsertEvent {
    event: NewEvent,
    id: Option<String>,
    options: Options,
}

impl InsertEvent {
    /// Creates the call for a new event, with an id that Google chooses.
    pub fn new(event: &NewEvent) -> Self {
        Self { event: event.clone(), id: None, options: Options::new() }
    }

    /// Creates the call for a new event with an idempotency key.
    ///
    /// All calls with the same key together create one event in a calendar. The event's id is the
    /// SHA-256 of the key (base32hex, lower case). The key of a deleted event cannot be reused.
    pub fn once(event: &NewEvent, key: &str) -> Self {
        let id = id_of(key);
        Self::new(event).conference_request_id(id.clone()).id(id)
    }

    /// Sets the event's id: 5 to 1024 letters from `a` to `v` and digits, unique in the calendar.
    ///
    /// The id of a deleted event cannot be reused.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// Sets the event's time zone (IANA name), which determines the days of a series.
    ///
    /// The default for a series is the zone of its start, or UTC if the start has no zone. If the zone of the
    /// start has no name (a fixed offset, for example), a series requires this method. The default for single
    /// events is the zone of the calendar.
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.options.zone = Some(name.into());
        self
    }

    options!();

    /// Returns the call that reads the existing event after a 409; `None` if Google chooses the id.
    pub fn existing(&self) -> Option<GetEvent> {
        Some(GetEvent::new(self.event.target().id, self.id.as_deref()?))
    }

    /// Whether the error means that an event has the id already: a 409 to an insert has no other cause.
    pub(crate) fn is_duplicate(error: &Error) -> bool {
        error.status() == Some(StatusCode::CONFLICT)
    }

    /// Returns the existing event with the id, or the conflict error if that event was deleted.
    pub(crate) fn existing_or_conflict(
        found: Result<Event, Error>,
        duplicate: Error,
    ) -> Result<Event, Error> {
        let gone = match &found {
            Ok(event) => event.status == Some(EventStatus::Cancelled),
            Err(error) => matches!(error.kind(), ErrorKind::NotFound),
        };
        if gone {
            return Err(duplicate
                .with_kind(ErrorKind::Conflict)
                .with_message("the event with this id was deleted, and the id cannot be used again"));
        }
        found
    }

    fn body_and_parameters(&self) -> Result<(Body, Parameters), Error> {
        check_calendar(&self.event.target())?;
        if let Some(id) = &self.id {
            check_id(id)?;
        }
        let fields = self.event.fields()?;
        let (zone, request_id) = (self.options.zone.as_deref(), self.options.request_id.as_str());
        let builder =
            BodyBuilder { fields: &fields, zone, patch: false, series: false, known: None, request_id };
        self.options.body_and_parameters(&builder, self.id.as_deref())
    }
}

endpoint!(InsertEvent: POST "/calendars/{calendarId}/events" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(events_path(&self.event.target().id)?.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        let (_, parameters) = self.body_and_parameters()?;
        Ok(parameters.query().into_iter().map(|(name, value)| (name.into_owned().into(), value)).collect())
    }

    fn body(&self) -> Result<Body, Error> {
        self.body_and_parameters().map(|(body, _)| body)
    }

    fn safety(&self) -> Safety {
        if self.id.is_some() { Safety::Idempotent } else { Safety::Once }
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        read::read_event(response, connect_core::Endpoint::safety(self), &self.event.target().id)
    }
});

/// Creates an event; if an event with this id exists, returns that event in its current state.
///
/// A call with [`InsertEvent::once`] can therefore be repeated after any failure.
///
/// # Errors
/// A [`Conflict`](ErrorKind::Conflict) if the existing event was deleted.
pub fn create(user: &impl Caller, insert: &InsertEvent) -> Result<Event, Error> {
    match user.call(insert) {
        Err(error) => match insert.existing().filter(|_| InsertEvent::is_duplicate(&error)) {
            Some(existing) => InsertEvent::existing_or_conflict(user.call(&existing), error),
            None => Err(error),
        },
        created => created,
    }
}

/// Does the same as [`create`], with an async client.
pub async fn create_async(user: &impl AsyncCaller, insert: &InsertEvent) -> Result<Event, Error> {
    match user.call(insert).await {
        Err(error) => match insert.existing().filter(|_| InsertEvent::is_duplicate(&error)) {
            Some(existing) => InsertEvent::existing_or_conflict(user.call(&existing).await, error),
            None => Err(error),
        },
        created => created,
    }
}

fn check_id(id: &str) -> Result<(), Error> {
    let fits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'v');
    if (5..=1024).contains(&id.len()) && id.bytes().all(fits) {
        return Ok(());
    }
    Err(Error::validation(
        "id: is not a valid event id (expected 5 to 1024 characters, each a letter from a to v or a digit)",
    ))
}

/// Returns the SHA-256 of a key in base32hex (RFC 4648 section 7), lower case and without padding.
pub(crate) fn id_of(key: &str) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let (mut id, mut bits, mut bit_count) = (String::new(), 0_u32, 0_u32);
    for byte in hmac_sha256::Hash::hash(key.as_bytes()) {
        bits = (bits << 8) | u32::from(byte);
        bit_count += 8;
        while bit_count >= 5 {
            bit_count -= 5;
            id.push(char::from(ALPHABET[(bits >> bit_count) as usize & 31]));
        }
        bits &= (1 << bit_count) - 1;
    }
    if bit_count > 0 {
        id.push(char::from(ALPHABET[(bits << (5 - bit_count)) as usize & 31]));
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_of_key_is_its_sha256_in_base32hex() {
        // printf 'order-4711' | openssl dgst -sha256 -binary | basenc --base32hex
        assert_eq!(id_of("order-4711"), "2sugrmvv0d0p7umefjj0qfqomgb982ic54o6v6nl2biehslvc7hg");
        assert!(["", "é", "a/b"].into_iter().all(|key| check_id(&id_of(key)).is_ok()));
    }

    #[test]
    fn invalid_id_is_refused() {
        for odd in ["", "abcd", "abcdw", "ABCDE", "ab-cd", &"a".repeat(1025)] {
            assert!(check_id(odd).is_err(), "{odd}");
        }
        assert!(check_id("abcde").is_ok() && check_id(&"0".repeat(1024)).is_ok());
    }
}
