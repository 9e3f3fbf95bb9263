//! Apple and CalDAV events as iCalendar text (RFC 5545).
//!
//! A series and its changed occurrences are one iCalendar object. A single occurrence is written in UTC and
//! without the recurrence rule, as CalDAV servers expand a series (RFC 4791, 9.6.5). Time zones are written
//! as names without definitions (RFC 7809).

use crate::world::calendar::Fields;
use crate::world::calendar::{Exception, Instance};
use crate::world::time;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

/// Writes the iCalendar object. For the parameter `conference`, see [`url`].
pub(crate) fn object(instance: &Instance<'_>, conference: bool) -> String {
    let (zone, all_day) = (zone_of(instance), instance.event.fields.all_day);
    let component = |one: &Instance<'_>, mut more: Vec<String>| {
        more.extend(one.occurrence.map(|start| date_property("RECURRENCE-ID", start, all_day, &zone)));
        component(one, &zone, more, conference)
    };
    let mut lines = vec!["BEGIN:VCALENDAR".to_owned(), "VERSION:2.0".to_owned(), PRODUCT.to_owned()];
    let mut recurrence = instance.recurrence_lines().unwrap_or_default();
    let mut changed = Vec::new();
    let series = instance.event.series.as_ref().filter(|_| instance.occurrence.is_none());
    for (start, exception) in series.into_iter().flat_map(|series| &series.exceptions) {
        match exception {
            Exception::Removed => recurrence.push(date_property("EXDATE", *start, all_day, &zone)),
            Exception::Changed(..) => changed.extend(instance.event.occurrence(*start)),
        }
    }
    lines.extend(component(instance, recurrence));
    lines.extend(changed.iter().flat_map(|one| component(one, Vec::new())));
    lines.push("END:VCALENDAR".to_owned());
    lines.iter().map(|line| folded(line)).collect()
}

/// Returns the value of the URL property.
///
/// If `conference` is true (as in API 1.6.1), the URL of the event's conference, if the event has one,
/// replaces the URL that a user set in a calendar program.
pub(crate) fn url(fields: &Fields, conference: bool) -> Option<&str> {
    let own = fields.own.get("url").and_then(Value::as_str);
    fields.conference.as_deref().filter(|_| conference).or(own)
}

const PRODUCT: &str = "PRODID:-//connect-sandbox//EN";

/// Returns the time zone in which the times of the instance are written.
///
/// The times of an occurrence are written in UTC, the times of a series in the time zone of its rule.
fn zone_of(instance: &Instance<'_>) -> TimeZone {
    let own = instance.fields.own.get("timeZone").and_then(Value::as_str);
    match (&instance.event.series, instance.occurrence) {
        (_, Some(_)) => TimeZone::UTC,
        (Some(series), None) => series.rule.zone.clone(),
        (None, None) => own.and_then(time::zone).unwrap_or(TimeZone::UTC),
    }
}

fn date_property(name: &str, at: Timestamp, all_day: bool, zone: &TimeZone) -> String {
    match zone.iana_name() {
        _ if all_day => format!("{name};VALUE=DATE:{}", time::stamp(at, true)),
        Some(id) if *zone != TimeZone::UTC => {
            format!("{name};TZID={id}:{}", zone.to_datetime(at).strftime("%Y%m%dT%H%M%S"))
        }
        _ => format!("{name}:{}", time::stamp(at, false)),
    }
}

fn component(instance: &Instance<'_>, zone: &TimeZone, more: Vec<String>, conference: bool) -> Vec<String> {
    let fields = &instance.fields;
    let text =
        |name: &str, text: &Option<String>| text.as_ref().map(|text| format!("{name}:{}", escaped(text)));
    let uid = fields.own.get("uid").and_then(Value::as_str).unwrap_or(&instance.event.id);
    let mut lines = vec![
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}", escaped(uid)),
        format!("DTSTAMP:{}", time::stamp(instance.last_modified, false)),
        date_property("DTSTART", fields.start, fields.all_day, zone),
        date_property("DTEND", fields.end, fields.all_day, zone),
    ];
    lines.extend(more);
    lines.push(format!("SUMMARY:{}", escaped(&fields.title)));
    lines.extend(text("LOCATION", &fields.location));
    lines.extend(text("DESCRIPTION", &fields.description));
    lines.extend(
        url(fields, conference).map(|url| format!("URL;VALUE=URI:{}", url.replace(['\r', '\n'], ""))),
    );
    lines.extend(fields.status.map(|status| format!("STATUS:{}", status.to_uppercase())));
    lines.push("END:VEVENT".to_owned());
    lines
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\")
        .replace(';', "\\;")
        .replace(',', "\\,")
        .replace("\r\n", "\n")
        .replace('\n', "\\n")
}

/// Folds a line after 75 octets (RFC 5545, 3.1).
fn folded(line: &str) -> String {
    let mut folded = String::with_capacity(line.len() + 2);
    let mut octets = 0;
    for one in line.chars() {
        if octets + one.len_utf8() > 75 {
            folded.push_str("\r\n ");
            octets = 1;
        }
        folded.push(one);
        octets += one.len_utf8();
    }
    folded + "\r\n"
}
