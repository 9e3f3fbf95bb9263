//! Decides which events make the user busy, and when.

use connect_core::types::{AttendeeStatus, Availability, Event, EventStatus, EventTime, Raw};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use serde::Deserialize;

use super::{Interval, SERIES_RESPONSE, merge};
use crate::eventcalendar::last_day;

/// Returns the busy times of events, merged.
///
/// An event adds no busy time if it is free, `workingElsewhere` or cancelled, or if its times are
/// unreadable. An event that the owner of the calendar declined adds no busy time either: the reply
/// is read from the provider's object of the event or of its series.
///
/// Dates and local times are read in `zone`. An all-day event with dates lasts from midnight to midnight in
/// `zone`. If an all-day event begins at midnight in `zone` and ends during a day, all of that day is busy.
/// If an all-day event begins at an instant other than midnight in `zone`, its busy time ends at the exact
/// end of the event.
///
/// ```
/// use connect_core::types::{Event, EventTime};
/// use connect_calendars::busy::of_events;
/// use jiff::{SignedDuration, tz::TimeZone};
///
/// let mut event = Event::new("google", "work", "e1");
/// (event.start, event.end) = (Some(EventTime::from("2026-03-29")), Some(EventTime::from("2026-03-30")));
/// let busy = of_events(&[event], &TimeZone::get("Europe/Berlin")?);
/// assert_eq!(busy[0].length(), SignedDuration::from_hours(23)); // the clocks go forward
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn of_events<'a>(events: impl IntoIterator<Item = &'a Event>, zone: &TimeZone) -> Vec<Interval> {
    let busy = events.into_iter().filter(|event| claim(event) != Claim::Nothing);
    merge(busy.filter_map(|event| times(event, zone)))
}

/// How firmly an event claims the time of the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Claim {
    /// The event leaves the user free.
    Nothing,
    /// The event is tentative, or the user replied that they may come.
    Tentative,
    /// The event makes the user busy.
    Busy,
}

/// The fields of a provider's object that [`claim`] needs, in one pass over the object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OriginalFields {
    #[serde(rename = "showAs")]
    show_as: Option<Raw>,
    attendees: Option<Raw>,
    #[serde(rename = "responseStatus")]
    response: Option<Raw>,
}

/// Returns how firmly the event claims the time of the owner of the calendar.
pub(crate) fn claim(event: &Event) -> Claim {
    let original: OriginalFields =
        event.original.as_ref().and_then(|original| original.decode().ok()).unwrap_or_default();
    let shown = original.show_as.as_ref().and_then(Raw::text).unwrap_or_default();
    let reply = reply(event, &original);
    if is_free(event, &shown)
        || event.status == Some(EventStatus::Cancelled)
        || reply == Some(AttendeeStatus::Declined)
    {
        return Claim::Nothing;
    }
    let is_tentative = |name: &str| name.eq_ignore_ascii_case("tentative");
    let is_tentative = event.status == Some(EventStatus::Tentative)
        || reply == Some(AttendeeStatus::Tentative)
        || matches!(&event.availability, Some(Availability::Other(name)) if is_tentative(name.as_str()))
        || is_tentative(&shown);
    if is_tentative { Claim::Tentative } else { Claim::Busy }
}

/// Whether the event leaves the user free. A user who works elsewhere is free.
///
/// The `original` of a Graph event can say `workingElsewhere` (`shown`) although the `availability` of the
/// event is busy.
fn is_free(event: &Event, shown: &str) -> bool {
    let is_elsewhere = |name: &str| name.eq_ignore_ascii_case("workingElsewhere");
    match &event.availability {
        Some(Availability::Free) => true,
        Some(Availability::Other(name)) if is_elsewhere(name.as_str()) => true,
        _ => is_elsewhere(shown),
    }
}

/// Returns the reply of the owner of the calendar.
///
/// Reads the `original`, because the field `attendees` does not say which attendee is the user.
fn reply(event: &Event, original: &OriginalFields) -> Option<AttendeeStatus> {
    #[derive(Deserialize)]
    struct Myself {
        #[serde(rename = "self", default)]
        is_me: bool,
        #[serde(rename = "responseStatus")]
        status: Option<String>,
    }
    #[derive(Deserialize)]
    struct Response {
        response: Option<String>,
    }
    let me = || {
        let all = original.attendees.as_ref()?.decode::<Vec<Myself>>().ok()?;
        all.into_iter().find(|attendee| attendee.is_me)?.status
    };
    let response = || original.response.as_ref()?.decode::<Response>().ok()?.response;
    let series = || event.extra.get(SERIES_RESPONSE)?.decode::<Response>().ok()?.response;
    event.original.as_ref()?;
    let text = me().or_else(response).or_else(series)?;
    // Graph calls this reply `tentativelyAccepted`.
    Some(match AttendeeStatus::from(&*text) {
        _ if text.eq_ignore_ascii_case("tentativelyAccepted") => AttendeeStatus::Tentative,
        status => status,
    })
}

/// Returns the time of the event; `None` if it cannot be read.
pub(crate) fn times(event: &Event, zone: &TimeZone) -> Option<Interval> {
    let start = event.start.as_ref()?;
    let start_at = instant(start, zone)?;
    if let Some(last) = last_day(event) {
        return Some(Interval::new(start_at, midnight(last.tomorrow().ok()?, zone)?));
    }
    let end = event.end.as_ref().and_then(|end| instant(end, zone));
    let end = if event.all_day == Some(true) { end_of_days(start_at, end, zone) } else { end };
    Some(Interval::new(start_at, end?))
}

/// The end of an all-day event with exact times. The event lasts one day if it does not end after its start.
/// If the event begins at midnight in the zone, its end is rounded up to the next midnight.
fn end_of_days(start: Timestamp, end: Option<Timestamp>, zone: &TimeZone) -> Option<Timestamp> {
    let start = start.to_zoned_datetime(zone.clone());
    let Some(end) = end.filter(|end| *end > start.timestamp()) else {
        return Some(start.tomorrow().ok()?.timestamp());
    };
    let day = zone.to_datetime(end).date();
    let is_midnight = |at: Timestamp, day: Date| midnight(day, zone) == Some(at);
    if !is_midnight(start.timestamp(), start.date()) || is_midnight(end, day) {
        return Some(end);
    }
    midnight(day.tomorrow().ok()?, zone)
}

fn instant(time: &EventTime, zone: &TimeZone) -> Option<Timestamp> {
    match time {
        EventTime::Instant(instant) => Some(*instant),
        EventTime::Local(local) => in_zone(*local, zone),
        EventTime::Date(day) => midnight(*day, zone),
        _ => None,
    }
}

/// The first instant of a day, which is later than 00:00 if the clocks go forward at midnight.
fn midnight(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    Some(day.to_zoned_datetime(zone.clone()).ok()?.start_of_day().ok()?.timestamp())
}

/// The instant of a local time. If the clocks skip the time, the result is later by the length of the gap. If
/// the time occurs twice, the first occurrence is used.
fn in_zone(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    zone.to_ambiguous_timestamp(local).compatible().ok()
}
