//! Writes events as Google JSON.

use super::access::ReadAccess;
use super::accounts::Role;
use super::original;
use super::{colors, times};
use crate::world::calendar::{Calendar, Fields, Instance};
use crate::world::time;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// How to render an event for a caller.
#[derive(Clone, Debug)]
pub(super) struct RenderOptions {
    /// The time zone of rendered times. The default is the time zone of the calendar.
    pub(super) zone: Option<TimeZone>,
    pub(super) read_access: ReadAccess,
    pub(super) role: Role,
    pub(super) most_attendees: Option<usize>,
}

impl RenderOptions {
    /// Returns the options that render the complete event, to which an update applies its changes.
    pub(super) fn everything() -> Self {
        Self { zone: None, read_access: ReadAccess::Details, role: Role::Owner, most_attendees: None }
    }

    /// Returns whether the caller may see only that the time of the event is busy.
    fn hides(&self, fields: &Fields) -> bool {
        let secret = matches!(fields.privacy, Some("private" | "confidential"));
        self.read_access == ReadAccess::FreeBusy || (self.role == Role::Reader && secret)
    }
}

pub(super) fn event(calendar: &Calendar, instance: &Instance<'_>, options: &RenderOptions) -> Value {
    let fields = &instance.fields;
    let mut event = match original::original(calendar, instance) {
        Value::Object(event) => event,
        _ => Map::new(),
    };
    event.retain(|_, value| !value.is_null());
    event.extend(provider_fields(fields));
    event.extend(times_of(calendar, instance, options));
    event.extend(content(calendar, fields));
    event.insert("attendees".to_owned(), attendees(calendar, fields, options.most_attendees));
    if options.most_attendees.is_some_and(|most| fields.attendees.len() > most) {
        event.insert("attendeesOmitted".to_owned(), json!(true));
    }
    event.entry("htmlLink").or_insert_with(|| {
        json!(format!("https://calendar.google.com/calendar/event?eid={}", instance.id()))
    });
    event.entry("created").or_insert_with(|| json!(time::wire(instance.event.created)));
    if options.hides(fields) {
        event.retain(|name, _| FREE_BUSY_FIELDS.contains(&name.as_str()));
        event.insert("visibility".to_owned(), json!("private"));
    }
    event.retain(|_, value| !(value.is_null() || value == ""));
    Value::Object(event)
}

/// Renders a deleted event: its id, its status and, for an occurrence, its series.
pub(super) fn cancelled(calendar: &Calendar, id: &str, of: Option<(&Instance<'_>, Timestamp)>) -> Value {
    let mut event = json!({ "kind": "calendar#event", "id": id, "status": "cancelled" });
    event["etag"] = json!(format!("\"{}\"", crate::world::random::hash(11, id) >> 12));
    if let Some((series, start)) = of {
        let shown = zone_of(calendar);
        let zone = series.zone_name(calendar);
        event["recurringEventId"] = json!(series.event.id);
        event["originalStartTime"] = times::write(start, series.fields.all_day, &shown, zone);
    }
    event
}

/// The fields of an event that a caller with free/busy access sees.
const FREE_BUSY_FIELDS: &[&str] = &[
    "kind",
    "etag",
    "id",
    "status",
    "start",
    "end",
    "recurringEventId",
    "originalStartTime",
    "recurrence",
    "transparency",
    "eventType",
    "iCalUID",
    "updated",
];

/// Returns the stored Google fields, except for the fields that are rendered separately.
fn provider_fields(fields: &Fields) -> Map<String, Value> {
    let apart = ["timeZone", "endTimeZone", "recurrence", "attendees", "extendedProperties"];
    let own = fields.own.iter().filter(|(name, _)| !apart.contains(&name.as_str()));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn times_of(calendar: &Calendar, instance: &Instance<'_>, options: &RenderOptions) -> Map<String, Value> {
    let fields = &instance.fields;
    let shown = options.zone.clone().unwrap_or_else(|| zone_of(calendar));
    let zone = instance.zone_name(calendar);
    let end_zone = fields.own.get("endTimeZone").and_then(Value::as_str).unwrap_or(zone);
    let mut times = Map::new();
    let mut put = |name: &str, at, zone| {
        times.insert(name.to_owned(), times::write(at, fields.all_day, &shown, zone));
    };
    put("start", fields.start, zone);
    put("end", fields.end, end_zone);
    if let Some(start) = instance.occurrence {
        // The original start is a date if the series is all-day, even if the exception has a time of day.
        let all_day = instance.event.fields.all_day;
        times.insert("originalStartTime".to_owned(), times::write(start, all_day, &shown, zone));
    }
    times
}

/// Returns the color, the extended properties and the organizer. An absent field is null.
fn content(calendar: &Calendar, fields: &Fields) -> Map<String, Value> {
    let mut content = Map::new();
    let mut put = |name: &str, value| content.insert(name.to_owned(), value);
    put("colorId", json!(fields.color.as_deref().and_then(colors::number)));
    put("extendedProperties", extended_properties(fields));
    put("organizer", original::organizer(calendar, fields));
    content
}

/// Returns the extended properties that the client sent. If Connect changed the custom fields after
/// the client sent the event, returns the custom fields as private properties.
pub(super) fn extended_properties(fields: &Fields) -> Value {
    let sent = fields.own.get("extendedProperties");
    match (sent, &fields.custom) {
        (Some(sent), custom) if custom_of(sent) == *custom => sent.clone(),
        (_, Some(Value::Object(custom))) => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let private: Map<_, _> =
                custom.iter().map(|(name, value)| (name.clone(), json!(text(value)))).collect();
            json!({ "private": private })
        }
        _ => Value::Null,
    }
}

/// Returns the extended properties that Connect shows as custom fields.
pub(super) fn custom_of(properties: &Value) -> Option<Value> {
    let both = ["shared", "private"].map(|name| properties.get(name).and_then(Value::as_object));
    let all: Map<_, _> =
        both.into_iter().flatten().flatten().map(|(name, value)| (name.clone(), value.clone())).collect();
    (!all.is_empty()).then_some(Value::Object(all))
}

/// Renders the stored attendees, with the further fields that callers sent for each attendee.
fn attendees(calendar: &Calendar, fields: &Fields, most: Option<usize>) -> Value {
    let sent = fields.own.get("attendees").and_then(Value::as_array);
    let known = |email: &str| {
        let mut sent = sent.into_iter().flatten();
        sent.find(|one| one.get("email").and_then(Value::as_str) == Some(email)).cloned()
    };
    let attendee = |one: &crate::world::calendar::Attendee| {
        let mut attendee = known(&one.email).unwrap_or_else(|| json!({ "email": one.email }));
        let response = one.status.filter(|status| *status != "none").unwrap_or("needsAction");
        attendee["responseStatus"] = json!(response);
        if one.organizer == Some(true) {
            attendee["organizer"] = json!(true);
        }
        if calendar.is_me(&one.email) {
            attendee["self"] = json!(true);
        }
        attendee
    };
    let shown = fields.attendees.iter().take(most.unwrap_or(usize::MAX));
    if fields.attendees.is_empty() { Value::Null } else { shown.map(attendee).collect() }
}

pub(super) fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Returns the time zone in which a series is expanded.
pub(super) fn rule_zone(calendar: &Calendar, fields: &Fields) -> TimeZone {
    if fields.all_day {
        return TimeZone::UTC;
    }
    let own = fields.own.get("timeZone").and_then(Value::as_str);
    times::zone(own.unwrap_or(&calendar.time_zone)).unwrap_or(TimeZone::UTC)
}

pub(super) fn zone_of(calendar: &Calendar) -> TimeZone {
    times::zone(&calendar.time_zone).unwrap_or(TimeZone::UTC)
}
