//! The decision of a booker after each read.

use connect_core::{
    Error,
    types::{CalendarRef, Event, Raw},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Booking, CLOCK_TOLERANCE};
use crate::busy::{Claim, Interval, claim, times};

/// The field of `custom` with the mark of a booking.
const FIELD: &str = "booking";

/// The mark of an event that was created by a booking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) key: String,
    /// The end of the lease of a hold; `None` for a confirmed booking.
    #[serde(rename = "holdUntil", default, skip_serializing_if = "Option::is_none")]
    pub(super) hold_until: Option<Timestamp>,
}

impl Mark {
    /// Returns the mark of an event; `None` if no booking created the event.
    pub(super) fn of(event: &Event) -> Option<Self> {
        event.custom.as_ref()?.field(FIELD)
    }

    /// Returns whether the hold of another booker has lapsed.
    fn is_lapsed(&self, now: Timestamp) -> bool {
        self.hold_until.is_some_and(|until| until.duration_until(now) > CLOCK_TOLERANCE)
    }

    /// Adds the mark to the application's custom fields.
    pub(super) fn write(&self, custom: Option<&Raw>) -> Result<Raw, Error> {
        let written = Raw::with_field(custom, FIELD, self);
        written.map_err(|error| Error::validation("custom: is not a JSON object").with_source(error))
    }
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
    /// Delete this lapsed hold of another booker, and read again.
    Remove(&'a Event),
    /// Read again later.
    Wait(&'a Event),
    /// Confirm the own hold, whose lease ends at this time, and read again.
    Confirm(&'a Event, Timestamp),
    /// Add the guests to the own booking, and read again.
    Invite(&'a Event),
    /// End: the own event is booked.
    Done(&'a Event),
}

/// Decides after a read.
///
/// `existed` tells whether the booker has created or seen its own event, `is_late` whether it confirmed the
/// event after the end of the lease.
pub(super) fn decide<'a>(
    booking: &Booking,
    events: &'a [Event],
    existed: bool,
    is_late: bool,
    now: Timestamp,
) -> Decision<'a> {
    let (mut own, mut standing, mut smaller, mut lapsed, mut larger) = (None, None, None, None, false);
    for event in events {
        match Mark::of(event) {
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
        (None, ..) if existed => Decision::Taken(Conflict::Removed),
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
        (Some((own, _)), ..) if is_late => Decision::Withdraw(own, Conflict::Lapsed),
        (Some((own, _)), ..) if booking.guests.iter().all(|guest| is_invited(own, guest)) => {
            Decision::Done(own)
        }
        (Some((own, _)), ..) => Decision::Invite(own),
    }
}

fn is_invited(event: &Event, guest: &str) -> bool {
    event.attendees.iter().any(|one| one.email.eq_ignore_ascii_case(guest))
}

fn is_at(event: &Event, calendar: &CalendarRef) -> bool {
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
