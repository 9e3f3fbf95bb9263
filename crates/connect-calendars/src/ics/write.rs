//! Writes events as an iCalendar file.

use std::collections::{BTreeMap, BTreeSet};

use connect_core::types::{
    AttendeeStatus, Availability, ContentLine, Event, EventStatus, EventTime, Privacy, Provider, Raw,
};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    CUSTOM_PROPERTY, UID_FIELD, lines,
    plan::RefusedComponent,
    text::{escape, quoted},
    times::{date_stamp, time_stamp},
    vtimezone,
};
use crate::{EventRecurrence, EventSeries as _, zones};

/// The identifier of this program in the files that it writes.
const PRODUCT: &str = "-//Mobiscroll Connect SDK for Rust//EN";

/// A written iCalendar file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct IcsFile {
    /// The file.
    pub text: String,
    /// The number of events in the file; a series with its exceptions counts as one.
    pub count: usize,
    /// The events that are not in the file, because iCalendar or the available data cannot express them.
    pub refused: Vec<RefusedComponent>,
}

/// Writes single events and series as an iCalendar file.
///
/// The exceptions of a series are the events in the list with the id of the series as
/// `recurring_event_id`. An occurrence without its series in the list is written as a single event.
/// `now` is the DTSTAMP of events without a time of their last change.
///
/// ```
/// use connect_calendars::ics;
/// use connect_core::types::{Event, Provider};
///
/// let mut event = Event::new(Provider::Google, "primary", "e1");
/// event.title = "Check-up, yearly".into();
/// event.start = Some("2027-01-04T09:00:00Z".parse()?);
/// event.end = Some("2027-01-04T09:30:00Z".parse()?);
/// let file = ics::write(&[event], "2027-01-01T00:00:00Z".parse()?);
/// assert!(file.text.contains("DTEND:20270104T093000Z\r\nSUMMARY:Check-up\\, yearly\r\n"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn write(events: &[Event], now: Timestamp) -> IcsFile {
    let mut file = IcsFile::default();
    let mut series: BTreeMap<_, Vec<&Event>> = BTreeMap::new();
    let key = |event: &Event, id: &str| (event.provider.clone(), event.calendar_id.clone(), id.to_owned());
    let masters: BTreeSet<_> = events
        .iter()
        .filter(|event| event.recurring_event_id.is_none())
        .map(|event| key(event, &event.id))
        .collect();
    let series_of = |event: &Event| {
        let key = key(event, event.recurring_event_id.as_deref()?);
        masters.contains(&key).then_some(key)
    };
    for event in events {
        if let Some(key) = series_of(event) {
            series.entry(key).or_default().push(event);
        }
    }
    let mut zones = ZonesInUse::default();
    let mut written = Vec::new();
    let mut seen = BTreeSet::new();
    for event in events.iter().filter(|event| series_of(event).is_none()) {
        let exceptions = series.remove(&key(event, &event.id)).unwrap_or_default();
        let uid = uid(event);
        let lines = if seen.insert(uid.clone()) {
            whole(event, &exceptions, &uid, now, &mut zones)
        } else {
            Err(format!("another event has the same UID {uid:?}"))
        };
        match lines {
            Ok(lines) => written.push((sort_key(event, &uid), lines)),
            Err(reason) => {
                let (uid, title) = (event.id.clone(), event.title.clone());
                file.refused.push(RefusedComponent { line: 0, uid, title, reason });
            }
        }
    }
    file.count = written.len();
    // The order of the providers differs.
    written.sort_by(|(one, _), (other, _)| one.cmp(other));
    let text = &mut file.text;
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", &format!("PRODID:{PRODUCT}"), "CALSCALE:GREGORIAN"] {
        lines::push(text, line);
    }
    for (name, (zone, first)) in &zones.0 {
        vtimezone::lines(name, zone, *first).iter().for_each(|line| lines::push(text, line));
    }
    written.iter().flat_map(|(_, lines)| lines).for_each(|line| lines::push(text, line));
    lines::push(text, "END:VCALENDAR");
    file
}

fn sort_key(event: &Event, uid: &str) -> (String, String, String) {
    let start = event.start.as_ref().map(ToString::to_string).unwrap_or_default();
    (start, event.title.clone(), uid.to_owned())
}

/// The zones that the file uses, each with its earliest time.
#[derive(Default)]
struct ZonesInUse(BTreeMap<String, (TimeZone, Timestamp)>);

impl ZonesInUse {
    fn add(&mut self, name: &str, zone: &TimeZone, at: Timestamp) {
        let entry = self.0.entry(name.to_owned()).or_insert_with(|| (zone.clone(), at));
        entry.1 = entry.1.min(at);
    }
}

/// The zone in which the times of an event are written; `None` for UTC.
type WrittenZone = Option<(String, TimeZone)>;

/// Returns the lines of an event and of its exceptions.
fn whole(
    event: &Event,
    exceptions: &[&Event],
    uid: &str,
    now: Timestamp,
    zones: &mut ZonesInUse,
) -> Result<Vec<String>, String> {
    let Some(recurrence) = event.recurrence() else {
        if event.recurring_event_id.is_none() && has_unknown_recurrence(event) {
            return Err("the recurrence is in an unknown format".to_owned());
        }
        return component(event, uid, now, &None, Vec::new());
    };
    let zone = zone_of(event, &recurrence)?;
    let (mut cancelled, mut changed) = (Vec::new(), Vec::new());
    for exception in &recurrence.exceptions {
        cancelled.push(at_start_time(exception, event, &zone)?);
    }
    for exception in exceptions {
        let original = exception.original_start_in(event);
        let original = original.ok_or("the original start of a changed occurrence is unknown")?;
        match exception.status {
            Some(EventStatus::Cancelled) => cancelled.push(original),
            _ => changed.push((original, *exception)),
        }
    }
    let mut more = rules(&recurrence, &zone)?;
    cancelled.sort_by_key(sort_text);
    cancelled.dedup();
    cancelled.retain(|start| !changed.iter().any(|(changed, _)| changed == start));
    for start in &cancelled {
        more.push(time_line("EXDATE", start, &zone)?);
    }
    let mut lines = component(event, uid, now, &zone, more)?;
    changed.sort_by_key(|(original, _)| sort_text(original));
    let custom = own_custom(event);
    for (original, exception) in changed {
        let mut exception = exception.clone();
        if own_custom(&exception) == custom {
            exception.custom = None;
        }
        let id = time_line("RECURRENCE-ID", &original, &zone)?;
        lines.extend(component(&exception, uid, now, &zone, vec![id])?);
    }
    if let (Some((name, zone)), Some(EventTime::Instant(start))) = (&zone, &event.start) {
        zones.add(name, zone, *start);
    }
    Ok(lines)
}

fn has_unknown_recurrence(event: &Event) -> bool {
    let recurrence = event.original.as_ref().and_then(|original| original.field::<Raw>("recurrence"));
    recurrence.is_some_and(|raw| !matches!(raw.get(), "null" | "[]" | "\"\""))
}

fn sort_text(time: &EventTime) -> String {
    time.to_string()
}

/// Returns the zone of a series. A timed series in an unknown zone cannot be written.
fn zone_of(event: &Event, recurrence: &EventRecurrence) -> Result<WrittenZone, String> {
    if matches!(event.start, Some(EventTime::Date(_))) {
        return Ok(None);
    }
    let Some(name) = recurrence.time_zone.as_deref() else { return Ok(None) };
    let zone =
        zones::named(name).ok_or_else(|| format!("the time zone {name:?} of the series is unknown"))?;
    let name = zone.iana_name().unwrap_or(name).to_owned();
    Ok(Some((name, zone)).filter(|(name, _)| name != "UTC"))
}

/// Returns the excluded start. Outlook names the day of a cancelled occurrence only.
fn at_start_time(time: &EventTime, event: &Event, zone: &WrittenZone) -> Result<EventTime, String> {
    match (time, &event.start) {
        (EventTime::Date(day), Some(EventTime::Instant(start))) => {
            let zone = zone.as_ref().map_or(TimeZone::UTC, |(_, zone)| zone.clone());
            let at = day.to_datetime(zone.to_datetime(*start).time());
            let at =
                zone.to_timestamp(at).map_err(|_| "the day of a cancelled occurrence is out of range")?;
            Ok(EventTime::Instant(at))
        }
        _ => Ok(time.clone()),
    }
}

/// Returns the RRULE and RDATE lines.
fn rules(recurrence: &EventRecurrence, zone: &WrittenZone) -> Result<Vec<String>, String> {
    let mut rules = Vec::new();
    for line in &recurrence.lines {
        let read = ContentLine::read(line).ok_or("a line of the recurrence is not a content line")?;
        if read.is("EXDATE") {
            continue;
        }
        if read.is("RRULE") {
            rules.push(format!("RRULE:{}", read.value().trim()));
            continue;
        }
        let zone = zone.as_ref().map(|(name, _)| name.as_str());
        if !read.is("RDATE") || read.parameter("TZID").is_some_and(|name| Some(name) != zone) {
            let name = line.split([';', ':']).next().unwrap_or_default();
            return Err(format!("the recurrence has an unsupported line {name:?}"));
        }
        rules.push(line.clone());
    }
    Ok(rules)
}

/// Returns a property with a date or time.
fn time_line(name: &str, time: &EventTime, zone: &WrittenZone) -> Result<String, String> {
    match (time, zone) {
        (EventTime::Date(day), _) => Ok(format!("{name};VALUE=DATE:{}", date_stamp(*day))),
        (EventTime::Instant(at), Some((zone_name, zone))) => {
            Ok(format!("{name};TZID={zone_name}:{}", time_stamp(zone.to_datetime(*at))))
        }
        (EventTime::Instant(at), None) => Ok(format!("{name}:{}", utc_stamp(*at))),
        (EventTime::Local(local), Some((zone_name, _))) => {
            Ok(format!("{name};TZID={zone_name}:{}", time_stamp(*local)))
        }
        (other, _) => Err(format!("{name}: the time {:?} has no known time zone", other.to_string())),
    }
}

fn utc_stamp(at: Timestamp) -> String {
    format!("{}Z", time_stamp(TimeZone::UTC.to_datetime(at)))
}

fn component(
    event: &Event,
    uid: &str,
    now: Timestamp,
    zone: &WrittenZone,
    more: Vec<String>,
) -> Result<Vec<String>, String> {
    let start = event.start.as_ref().ok_or("the event has no start")?;
    let mut lines = vec!["BEGIN:VEVENT".to_owned(), format!("UID:{}", escape(uid))];
    lines.push(format!("DTSTAMP:{}", utc_stamp(event.last_modified.unwrap_or(now))));
    lines.push(time_line("DTSTART", start, zone)?);
    if let Some(end) = &event.end {
        if matches!(start, EventTime::Date(_)) != matches!(end, EventTime::Date(_)) {
            return Err("one of the start and the end is a date, the other a time".to_owned());
        }
        lines.push(time_line("DTEND", end, zone)?);
    }
    lines.extend(more);
    let mut text = |name: &str, value: Option<&str>| {
        let value = value.filter(|value| !value.is_empty());
        lines.extend(value.map(|value| format!("{name}:{}", escape(value))));
    };
    text("SUMMARY", Some(&event.title));
    text("DESCRIPTION", event.description.as_deref());
    text("LOCATION", event.location.as_deref());
    text(
        "STATUS",
        event.status.as_ref().and_then(|status| match status {
            EventStatus::Confirmed => Some("CONFIRMED"),
            EventStatus::Tentative => Some("TENTATIVE"),
            EventStatus::Cancelled => Some("CANCELLED"),
            EventStatus::Other(_) => None,
        }),
    );
    text(
        "TRANSP",
        event.availability.as_ref().map(|availability| match availability {
            Availability::Free => "TRANSPARENT",
            _ => "OPAQUE",
        }),
    );
    text(
        "CLASS",
        event.privacy.as_ref().map(|privacy| match privacy {
            Privacy::Public => "PUBLIC",
            Privacy::Confidential => "CONFIDENTIAL",
            _ => "PRIVATE",
        }),
    );
    let custom = own_custom(event);
    text(CUSTOM_PROPERTY, custom.as_deref());
    let link = event.join_url().filter(|link| !link.contains(char::is_control));
    lines.extend(link.map(|link| format!("CONFERENCE;VALUE=URI;FEATURE=VIDEO:{link}")));
    lines.extend(guests(event));
    lines.push("END:VEVENT".to_owned());
    Ok(lines)
}

fn guests(event: &Event) -> Vec<String> {
    let has_address = |email: &str| email.contains('@') && !email.contains(char::is_control);
    let mut lines = Vec::new();
    // Outlook lists the organizer of an event without guests as well.
    if event.attendees.iter().all(|guest| guest.organizer == Some(true)) {
        return lines;
    }
    for guest in event.attendees.iter().filter(|guest| has_address(&guest.email)) {
        let name = guest.extra.get("displayName").or_else(|| guest.extra.get("name")).and_then(Raw::text);
        let name = name.map(|name| format!(";CN={}", quoted(&name))).unwrap_or_default();
        if guest.organizer == Some(true) {
            lines.push(format!("ORGANIZER{name}:mailto:{}", guest.email));
        }
        let reply = match &guest.status {
            Some(AttendeeStatus::Accepted) => ";PARTSTAT=ACCEPTED",
            Some(AttendeeStatus::Declined) => ";PARTSTAT=DECLINED",
            Some(AttendeeStatus::Tentative) => ";PARTSTAT=TENTATIVE",
            _ => "",
        };
        lines.push(format!("ATTENDEE{name}{reply}:mailto:{}", guest.email));
    }
    lines
}

/// Returns the `custom` fields as JSON, without the fields that identify an imported event.
fn own_custom(event: &Event) -> Option<String> {
    let mut fields: BTreeMap<String, Raw> = event.custom.as_ref()?.decode().ok()?;
    let uid = fields.remove(UID_FIELD).as_ref().and_then(Raw::text);
    // Mobiscroll Connect stores the key of an imported event, which is its UID, in this field.
    if uid.is_some() && event.external_event_id() == uid {
        fields.remove("externalEventId");
    }
    if fields.is_empty() { None } else { serde_json::to_string(&fields).ok() }
}

/// Returns the UID under which [`write()`] writes the event.
///
/// Compare it with [`PlannedEvent::key`](super::PlannedEvent::key) to find events of a file that are already
/// in a calendar.
pub fn uid(event: &Event) -> String {
    let original = |name: &str| event.original.as_ref().and_then(|original| original.field::<String>(name));
    let imported = event.custom.as_ref().and_then(|custom| custom.field::<String>(UID_FIELD));
    let own = imported.or_else(|| original("iCalUID")).or_else(|| original("iCalUId"));
    let uid = own.or_else(|| uid_of_object(&original("data")?)).filter(|uid| !uid.is_empty());
    let mut uid = uid.unwrap_or_else(|| {
        let provider = event.provider.as_ref().map_or("event", Provider::as_str);
        format!("{}@{provider}", event.id)
    });
    // An occurrence without its series is a separate event, but the provider gives it the UID of the series.
    if event.recurring_event_id.is_some() {
        if let Some(original) = event.original_start() {
            uid = format!("{uid}#{original}");
        }
    }
    uid
}

/// Returns the UID of an iCalendar object of Apple or CalDAV.
fn uid_of_object(text: &str) -> Option<String> {
    let calendars = lines::calendars(text.as_bytes()).ok()?;
    let event = calendars.iter().flat_map(|calendar| &calendar.parts).find(|part| part.name == "VEVENT")?;
    event.get("UID").map(|line| super::text::unescape(line.value()))
}
