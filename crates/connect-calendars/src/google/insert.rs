//! Creating events.

use std::borrow::Cow;

use connect_core::{
    AsyncCaller, Caller, Error, ErrorKind, Response,
    types::{Body, Event, EventStatus, NewEvent, Raw, Safety},
};
use http::StatusCode;

use super::{
    GetEvent,
    body::Draft,
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
/// let event = NewEvent::new((Provider::Google, "primary"), "Stand-up", start, start + jiff::SignedDuration::from_mins(15))
///     .recurrence(Recurrence::weekly())
///     .attendee("grace@example.com");
/// let call = InsertEvent::once(&event, "order-4711").time_zone("Europe/Berlin");
/// assert_eq!(call.path()?, "/calendars/primary/events");
/// assert_eq!(call.query()?, [("sendUpdates".into(), "all".to_owned())]); // Grace is told
/// # call.body()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Once
///
/// Without an id of the caller's a lost answer leaves open whether the event is there, and nothing is tried again. With one
/// ([`once`](Self::once), [`id`](Self::id)) it is: a second event of that id is refused with a 409, an error of the kind
/// [`Conflict`](ErrorKind::Conflict) whose server code is `duplicate`. [`existing`](Self::existing) is the call for the event that is
/// there, and [`create`] and [`create_async`] make one call of both.
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct InsertEvent {
    event: NewEvent,
    id: Option<String>,
    options: Options,
}

impl InsertEvent {
    /// This event, with an id that Google chooses.
    pub fn new(event: &NewEvent) -> Self {
        Self { event: event.clone(), id: None, options: Options::new() }
    }

    /// This event, once for a key of the application's: however often it is sent, from whichever process, there is one event in the
    /// calendar for the key. The event's id is the SHA-256 of the key (base32hex, in small letters). The key of an event that was
    /// deleted stays taken.
    pub fn once(event: &NewEvent, key: &str) -> Self {
        let id = id_of(key);
        Self::new(event).conference_request_id(id.clone()).id(id)
    }

    /// With this id: 5 to 1024 of the letters `a` to `v` and the digits, unique within the calendar, also among what was deleted.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The zone in which the event is at home (IANA): a series counts its days there. Without it a series is at home in the zone
    /// that its start was given in (refused where that has no name, such as a fixed offset), or in UTC, and any other event in the
    /// zone of its calendar.
    pub fn time_zone(mut self, name: impl Into<String>) -> Self {
        self.options.zone = Some(name.into());
        self
    }

    options!();

    /// The call for the event that is there, after a 409; none where the id is Google's.
    pub fn existing(&self) -> Option<GetEvent> {
        Some(GetEvent::new(self.event.target().id, self.id.as_deref()?))
    }

    /// Whether an error says that the id is taken. A 409 does whatever its reason is called: nothing else of an insert can be in
    /// conflict.
    pub(crate) fn is_duplicate(error: &Error) -> bool {
        error.status() == Some(StatusCode::CONFLICT)
    }

    /// What was found under an id that was taken. One that was called off is not there: then the conflict remains.
    pub(crate) fn living(found: Result<Event, Error>, duplicate: Error) -> Result<Event, Error> {
        let gone = match &found {
            Ok(event) => event.status == Some(EventStatus::Cancelled),
            Err(error) => matches!(error.kind(), ErrorKind::NotFound),
        };
        if gone {
            return Err(duplicate
                .with_kind(ErrorKind::Conflict)
                .with_message("the event of this id was deleted, and its id cannot be used again"));
        }
        found
    }

    fn finish(&self) -> Result<(Body, Parameters), Error> {
        check_calendar(&self.event.target())?;
        if let Some(id) = &self.id {
            check(id)?;
        }
        let fields = self.event.fields()?;
        let (zone, request_id) = (self.options.zone.as_deref(), self.options.request_id.as_str());
        let draft = Draft { fields: &fields, zone, patch: false, series: false, known: None, request_id };
        self.options.finish(&draft, self.id.as_deref())
    }
}

endpoint!(InsertEvent: POST "/calendars/{calendarId}/events" -> Event {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(events_path(&self.event.target().id)?.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        let (_, parameters) = self.finish()?;
        Ok(parameters.query().into_iter().map(|(name, value)| (name.into_owned().into(), value)).collect())
    }

    fn body(&self) -> Result<Body, Error> {
        self.finish().map(|(body, _)| body)
    }

    fn safety(&self) -> Safety {
        if self.id.is_some() { Safety::Idempotent } else { Safety::Once }
    }

    fn decode(&self, response: &Response) -> Result<Event, Error> {
        read::answer(response, connect_core::Endpoint::safety(self), &self.event.target().id)
    }
});

/// Creates an event, or fetches the one that is there under its id, as it is by now: so an event that is to be there
/// [`once`](InsertEvent::once) can be asked for again after any failure. Where the one that was there is deleted, the conflict
/// remains an error.
pub fn create(user: &impl Caller, insert: &InsertEvent) -> Result<Event, Error> {
    match user.call(insert) {
        Err(error) => match insert.existing().filter(|_| InsertEvent::is_duplicate(&error)) {
            Some(existing) => InsertEvent::living(user.call(&existing), error),
            None => Err(error),
        },
        created => created,
    }
}

/// As [`create`], over an async client.
pub async fn create_async(user: &impl AsyncCaller, insert: &InsertEvent) -> Result<Event, Error> {
    match user.call(insert).await {
        Err(error) => match insert.existing().filter(|_| InsertEvent::is_duplicate(&error)) {
            Some(existing) => InsertEvent::living(user.call(&existing).await, error),
            None => Err(error),
        },
        created => created,
    }
}

fn check(id: &str) -> Result<(), Error> {
    let fits = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'v');
    if (5..=1024).contains(&id.len()) && id.bytes().all(fits) {
        return Ok(());
    }
    Err(Error::validation("id: has to be 5 to 1024 of the letters a to v and the digits"))
}

/// Base32hex (RFC 4648 7) in small letters, without padding.
pub(crate) fn id_of(key: &str) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
    let (mut id, mut bits, mut held) = (String::new(), 0_u32, 0_u32);
    for byte in hmac_sha256::Hash::hash(key.as_bytes()) {
        bits = (bits << 8) | u32::from(byte);
        held += 8;
        while held >= 5 {
            held -= 5;
            id.push(char::from(ALPHABET[(bits >> held) as usize & 31]));
        }
        bits &= (1 << held) - 1;
    }
    if held > 0 {
        id.push(char::from(ALPHABET[(bits << (5 - held)) as usize & 31]));
    }
    id
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_key_is_the_same_everywhere() {
        // printf 'order-4711' | openssl dgst -sha256 -binary | basenc --base32hex
        assert_eq!(id_of("order-4711"), "2sugrmvv0d0p7umefjj0qfqomgb982ic54o6v6nl2biehslvc7hg");
        assert!(["", "é", "a/b"].into_iter().all(|key| check(&id_of(key)).is_ok()));
    }

    #[test]
    fn an_id_is_checked() {
        for odd in ["", "abcd", "abcdw", "ABCDE", "ab-cd", &"a".repeat(1025)] {
            assert!(check(odd).is_err(), "{odd}");
        }
        assert!(check("abcde").is_ok() && check(&"0".repeat(1024)).is_ok());
    }
}
