use connect_calendars::booking::{BookOutcome, Booking, book};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use connect_blocking::types::NewEvent;
let zone = TimeZone::UTC;
let start: Timestamp = "2031-02-08T02:00:00Z".parse()?;
let hour = SignedDuration::from_hours(1);
let calendar = calendars.calendars()?.remove(0);
// snippet
