//! Formats one event as text.

use connect_hyper::types::{Attendee, AttendeeStatus, Availability, Event, EventStatus, Privacy, Provider};

use super::rule;
use crate::{
    key,
    output::Output,
    text::{clean, clean_lines},
    when,
};

/// Returns one line per field that the event has.
pub(crate) fn details(event: &Event, out: &Output) -> String {
    let zone = &out.zone;
    let mut lines = FieldLines { text: String::new(), out };
    let text = |field: &Option<String>| field.clone().unwrap_or_default();
    lines.add("title", &event.title);
    lines.add("when", &when::span_with_zone(event, zone));
    lines.add("repeats", &rule::described(event).unwrap_or_default());
    lines.add("location", &text(&event.location));
    lines.add("description", &text(&event.description));
    for attendee in &event.attendees {
        lines.add("attendee", &guest(attendee));
    }
    lines.add(
        "conference",
        event.conference.as_ref().and_then(|conference| conference.url()).unwrap_or_default(),
    );
    lines.add("availability", event.availability.as_ref().map_or("", Availability::as_str));
    lines.add("privacy", event.privacy.as_ref().map_or("", Privacy::as_str));
    lines.add("status", event.status.as_ref().map_or("", EventStatus::as_str));
    lines.add("color", &text(&event.color));
    lines.add("link", &text(&event.link));
    lines.add("custom", event.custom.as_ref().map_or("", |custom| custom.get()));
    lines.add("changed", &event.last_modified.map(|at| when::instant(at, zone)).unwrap_or_default());
    lines.add("provider", event.provider.as_ref().map_or("", Provider::as_str));
    lines.add("calendar id", &text(&event.calendar_id));
    lines.add("series id", &text(&event.recurring_event_id));
    lines.add("id", &event.id);
    lines.add("key", &key::of_event(event));
    lines.text
}

struct FieldLines<'a> {
    text: String,
    out: &'a Output,
}

/// The columns before the value of a field.
const NAME_WIDTH: usize = 14;

impl FieldLines<'_> {
    fn add(&mut self, name: &str, value: &str) {
        let value = clean_lines(value);
        if !value.trim().is_empty() {
            let lines = self.out.wrap(&value, NAME_WIDTH);
            for (at, line) in lines.lines().enumerate() {
                let name = if at == 0 { name } else { "" };
                let line = self.out.isolate(line);
                self.text.push_str(format!("{name:<NAME_WIDTH$}{line}").trim_end());
                self.text.push('\n');
            }
        }
    }
}

fn guest(attendee: &Attendee) -> String {
    let mut text = clean(&attendee.email);
    if let Some(status) = &attendee.status {
        let status = if *status == AttendeeStatus::None { "no reply yet" } else { status.as_str() };
        text.push_str(&format!(", {status}"));
    }
    if attendee.organizer == Some(true) {
        text.push_str(", organizer");
    }
    text
}
