//! Events of Apple and CalDAV as iCalendar text (RFC 5545).
//!
//! An event is one object, with the occurrences of a series that differ; an occurrence by itself is what a server makes of it
//! that was asked to expand the series (RFC 4791, 9.6.5). Zones go by their names, without their definition (RFC 7809).

use super::model::{Exception, Instance};
use crate::time;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::Value;

pub(crate) fn object(instance: &Instance<'_>) -> String {
    let mut lines = vec!["BEGIN:VCALENDAR".to_owned(), "VERSION:2.0".to_owned(), PRODUCT.to_owned()];
    match &instance.event.series {
        Some(series) if instance.occurrence.is_none() => {
            let moment = Moment { all_day: instance.fields.all_day, zone: series.rule.zone.clone() };
            let mut rule = instance.recurrence_lines().unwrap_or_default();
            let removed = series.exceptions.iter().filter(|(_, one)| **one == Exception::Removed);
            rule.extend(removed.map(|(start, _)| moment.line("EXDATE", *start)));
            lines.extend(component(instance, &moment, rule));
            let changed = series.exceptions.keys().filter_map(|start| instance.event.occurrence(*start));
            for one in changed {
                let own = Moment { all_day: one.fields.all_day, zone: moment.zone.clone() };
                lines.extend(component(
                    &one,
                    &own,
                    one.occurrence.map(|start| moment.line(RECURRENCE_ID, start)),
                ));
            }
        }
        _ => {
            let own = instance.fields.own.get("timeZone").and_then(Value::as_str);
            let zone = own.filter(|_| instance.occurrence.is_none()).and_then(time::zone);
            let zone = zone.unwrap_or(TimeZone::UTC);
            let series = Moment { all_day: instance.event.fields.all_day, zone: zone.clone() };
            let own = Moment { all_day: instance.fields.all_day, zone };
            lines.extend(component(
                instance,
                &own,
                instance.occurrence.map(|start| series.line(RECURRENCE_ID, start)),
            ));
        }
    }
    lines.push("END:VCALENDAR".to_owned());
    lines.iter().map(|line| folded(line)).collect()
}

const PRODUCT: &str = "PRODID:-//connect-sandbox//EN";
const RECURRENCE_ID: &str = "RECURRENCE-ID";

/// How the times of an event are written.
struct Moment {
    all_day: bool,
    zone: TimeZone,
}

impl Moment {
    fn line(&self, name: &str, at: Timestamp) -> String {
        match self.zone.iana_name() {
            _ if self.all_day => format!("{name};VALUE=DATE:{}", time::stamp(at, true)),
            Some(zone) if self.zone != TimeZone::UTC => {
                format!("{name};TZID={zone}:{}", self.zone.to_datetime(at).strftime("%Y%m%dT%H%M%S"))
            }
            _ => format!("{name}:{}", time::stamp(at, false)),
        }
    }
}

fn component(
    instance: &Instance<'_>,
    moment: &Moment,
    recurrence: impl IntoIterator<Item = String>,
) -> Vec<String> {
    let fields = &instance.fields;
    let text =
        |name: &str, text: &Option<String>| text.as_ref().map(|text| format!("{name}:{}", escaped(text)));
    let mut lines = vec![
        "BEGIN:VEVENT".to_owned(),
        format!("UID:{}", instance.event.id),
        format!("DTSTAMP:{}", time::stamp(instance.last_modified, false)),
        moment.line("DTSTART", fields.start),
        moment.line("DTEND", fields.end),
    ];
    lines.extend(recurrence);
    lines.push(format!("SUMMARY:{}", escaped(&fields.title)));
    lines.extend(text("LOCATION", &fields.location));
    lines.extend(text("DESCRIPTION", &fields.description));
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

/// No line has more than 75 octets; what is longer goes on after a space.
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
