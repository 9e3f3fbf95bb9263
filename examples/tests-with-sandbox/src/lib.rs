//! Code of an application, which `tests/calendar.rs` tests with a sandbox.

use connect_blocking::{
    CreateOutcome, Error, User,
    types::{CalendarRef, ListEvents, NewEvent},
};
use jiff::{SignedDuration, Timestamp};

/// Books an hour for a customer, unless an event is in the way. Returns whether the hour is booked.
///
/// The order number makes a repeated booking harmless.
pub fn book(user: &User, calendar: &CalendarRef, order: &str, start: Timestamp) -> Result<bool, Error> {
    let end = start + SignedDuration::from_hours(1);
    let visit = NewEvent::new(calendar.clone(), "Visit", start, end);
    if user.events().find_once(order, &visit)?.is_some() {
        return Ok(true);
    }
    if let Some(event) = user.events().list(ListEvents::between(start, end)).items().next() {
        event?;
        return Ok(false);
    }
    match user.events().create_once(order, visit)? {
        CreateOutcome::Created(_) | CreateOutcome::Found(_) => Ok(true),
        CreateOutcome::Absent(error) | CreateOutcome::Unknown(error) => Err(error),
    }
}
