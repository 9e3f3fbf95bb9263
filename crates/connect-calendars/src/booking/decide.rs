//! The decision of a booker after each read.

use std::collections::BTreeMap;

use connect_core::{
    Error,
    types::{CalendarRef, Event, Raw},
};
use jiff::Timestamp;

use super::{Booking, CLOCK_TOLERANCE};
use crate::busy::{Claim, Interval, claim, times};

/// The field of `custom` with the key of a booking.
const FIELD: &str = "connectBooking";

/// The name under which this SDK stores all custom fields at Google and Outlook, in any case.
const STORED: &str = "connectCustom";

/// The start of the mark in the description of a hold.
const HOLD: &str = "booking-hold:";

/// The mark of an event that was created by a booking.
///
/// The key is in the `custom` fields. A hold also has a mark in its description, because services show
/// descriptions to each other, but not always `custom` fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) key: String,
    /// The end of the lease of a hold; `None` for a confirmed booking.
    pub(super) hold_until: Option<Timestamp>,
}

impl Mark {
    /// Returns the mark of an event; `None` if no booking is known to have created the event.
    pub(super) fn of(event: &Event) -> Option<Self> {
        let hold = event.description.as_deref().and_then(Self::read_hold);
        hold.or_else(|| Some(Self { key: key_of(event)?, hold_until: None }))
    }

    /// Returns whether the hold of another booker has lapsed.
    fn is_lapsed(&self, now: Timestamp) -> bool {
        self.hold_until.is_some_and(|until| until.duration_until(now) > CLOCK_TOLERANCE)
    }

    /// Adds a key to the application's custom fields.
    pub(super) fn custom(key: &str, custom: Option<&Raw>) -> Result<Raw, Error> {
        let written = Raw::with_field(custom, FIELD, key);
        written.map_err(|error| Error::validation("custom: is not a JSON object").with_source(error))
    }

    /// Returns the description of a hold.
    ///
    /// The digits and letters of the mark are the same in text and in HTML.
    pub(super) fn description(key: &str, until: Timestamp) -> String {
        let key: String = key.bytes().map(|byte| format!("{byte:02x}")).collect();
        format!("This time is being booked. ({HOLD}{key}:{})", until.as_second())
    }

    /// Reads the mark of a hold from a description.
    fn read_hold(description: &str) -> Option<Self> {
        let (_, mark) = description.split_once(HOLD)?;
        let (key, rest) = mark.split_once(':')?;
        let byte = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        let key = key.as_bytes().chunks(2).map(byte).collect::<Option<Vec<_>>>()?;
        let seconds = rest.split(|one: char| !one.is_ascii_digit()).next()?;
        let until = Timestamp::from_second(seconds.parse().ok()?).ok()?;
        let key = String::from_utf8(key).ok().filter(|key| !key.is_empty())?;
        Some(Self { key, hold_until: Some(until) })
    }
}

/// Returns the key in the custom fields.
fn key_of(event: &Event) -> Option<String> {
    let fields: BTreeMap<String, Raw> = event.custom.as_ref()?.decode().ok()?;
    // Connect shows the JSON text that this SDK stores at Google or Outlook as one or more fields.
    let part = |number: usize| {
        let name = if number == 1 { STORED.to_owned() } else { format!("{STORED}.{number}") };
        fields.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name))?.1.text()
    };
    let stored = || (1..).map_while(part).collect::<String>().parse::<Raw>().ok()?.field(FIELD);
    fields.get(FIELD).and_then(Raw::text).or_else(stored)
}

/// The reason why a time is not free.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Conflict {
    /// This event claims the time.
    Event(Box<Event>),
    /// A booking with this smaller key holds the time.
    Hold(String),
    /// The own hold lapsed before it could be confirmed.
    Lapsed,
    /// Somebody deleted the own hold.
    Removed,
    /// The key was used by a booking whose event was deleted.
    KeyUsed,
}

/// What a booker does next. Events are those of the last read.
#[derive(Debug, PartialEq)]
pub(super) enum Decision<'a> {
    /// End: no event of the booking exists.
    Taken(Conflict),
    /// Create the hold.
    Hold,
    /// Delete the own event, and end.
    Withdraw(&'a Event, Conflict),
    /// Delete this lapsed hold of another booker, or the own placeholder, and read again.
    Remove(&'a Event),
    /// Read again later.
    Wait(&'a Event),
    /// Confirm the own hold, whose lease ends at this time, and read again.
    Confirm(&'a Event, Timestamp),
    /// Add the guests to the own booking, and read again.
    Invite(&'a Event),
    /// End: the own event is booked.
    Done(&'a Event),
    /// Change the existing event, with or without a placeholder, and read again.
    Change(Option<&'a Event>),
    /// End: the existing event has its new time, and no placeholder exists.
    Changed,
}

/// What a booker knows from its earlier steps.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Progress {
    /// Whether the booker has created or seen its own event.
    pub(super) existed: bool,
    /// Whether the response to the confirmation arrived after the end of the lease.
    pub(super) is_late: bool,
    /// Whether the existing event has its new time.
    pub(super) is_changed: bool,
}

/// Decides after a read.
pub(super) fn decide<'a>(
    booking: &Booking,
    events: &'a [Event],
    progress: Progress,
    now: Timestamp,
) -> Decision<'a> {
    let (mut own, mut standing, mut smaller, mut lapsed) = (None, None, None, None);
    let (mut larger, mut has_new_time) = (false, false);
    for event in events {
        match Mark::of(event) {
            _ if booking.reschedules(event) => has_new_time |= booking.gives_time(event),
            Some(mark) if mark.key == booking.key && is_at(event, &booking.event.target()) => {
                own = own.or(Some((event, mark)));
            }
            _ if !claims(booking, event) => {}
            Some(mark) if mark.is_lapsed(now) => lapsed = Some(event),
            Some(Mark { key, hold_until: Some(_) }) if key < booking.key => smaller = Some(key),
            Some(Mark { hold_until: Some(_), .. }) => larger = true,
            // A confirmed booking, or an event that somebody else created.
            _ => standing = standing.or(Some(event)),
        }
    }
    let conflict =
        standing.map(|event| Conflict::Event(Box::new(event.clone()))).or(smaller.map(Conflict::Hold));
    match (own, conflict, lapsed) {
        (None, ..) if progress.is_changed => Decision::Changed,
        (None, ..) if progress.existed => Decision::Taken(Conflict::Removed),
        (None, ..) if has_new_time => Decision::Change(None),
        (None, Some(conflict), _) => Decision::Taken(conflict),
        (Some((own, Mark { hold_until: Some(_), .. })), Some(conflict), _) => {
            Decision::Withdraw(own, conflict)
        }
        (Some((own, Mark { hold_until: Some(until), .. })), ..) if until <= now => {
            Decision::Withdraw(own, Conflict::Lapsed)
        }
        (None | Some((_, Mark { hold_until: Some(_), .. })), None, Some(event)) => Decision::Remove(event),
        (None, None, None) => Decision::Hold,
        (Some((own, Mark { hold_until: Some(_), .. })), ..) if larger => Decision::Wait(own),
        (Some((own, Mark { hold_until: Some(until), .. })), ..) => Decision::Confirm(own, until),
        (Some((own, _)), ..) if progress.is_late => Decision::Withdraw(own, Conflict::Lapsed),
        (Some((own, _)), ..) if progress.is_changed => Decision::Remove(own),
        (Some((own, _)), ..) if booking.change.is_some() => Decision::Change(Some(own)),
        (Some((own, _)), ..) if booking.guests.iter().all(|guest| is_invited(own, guest)) => {
            Decision::Done(own)
        }
        (Some((own, _)), ..) => Decision::Invite(own),
    }
}

fn is_invited(event: &Event, guest: &str) -> bool {
    event.attendees.iter().any(|one| one.email.eq_ignore_ascii_case(guest))
}

pub(super) fn is_at(event: &Event, calendar: &CalendarRef) -> bool {
    event.calendar_id.as_ref().is_none_or(|id| *id == calendar.id)
        && event.provider.as_ref().is_none_or(|provider| *provider == calendar.provider)
}

/// Returns whether the event claims a part of the time. An event without a readable time claims all of it.
fn claims(booking: &Booking, event: &Event) -> bool {
    if claim(event) == Claim::Nothing {
        return false;
    }
    let Some(time) = times(event, &booking.zone) else { return true };
    let overlaps = |one: &Interval| one.start < time.end && time.start < one.end;
    booking.times.iter().any(overlaps)
}
