//! Writes events as Graph JSON.

use super::original;
use super::render_options::RenderOptions;
use super::{extensions, recurrence, text, times};
use crate::world::calendar::{Attendee, Calendar, Exception, Fields, Instance, etag};
use crate::world::random::hash;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value, json};

pub(super) fn event(calendar: &Calendar, instance: &Instance<'_>, options: &RenderOptions) -> Value {
    let fields = &instance.fields;
    let mut event = defaults();
    event.extend(provider_fields(fields));
    event.extend(identity(instance));
    event.extend(times_of(instance, options));
    event.extend(content(fields, options));
    event.extend(attendees_and_organizer(calendar, fields));
    event.extend(extensions::expanded(fields, &options.expand));
    event.extend(exceptions(calendar, instance, options));
    options.remove_unselected(&mut event);
    Value::Object(event)
}

/// Returns the exceptions of a series.
///
/// `$expand` requests the changed occurrences, and `$select` the ids of the cancelled occurrences.
fn exceptions(calendar: &Calendar, instance: &Instance<'_>, options: &RenderOptions) -> Map<String, Value> {
    let mut shown = Map::new();
    let Some(series) = instance.event.series.as_ref().filter(|_| instance.occurrence.is_none()) else {
        return shown;
    };
    if options.expand.exceptions {
        let changed = series.exceptions.iter().filter(|(_, one)| matches!(one, Exception::Changed(..)));
        let changed = changed.filter_map(|(start, _)| instance.event.occurrence(*start));
        let changed: Vec<_> = changed.map(|one| event(calendar, &one, &options.nested())).collect();
        shown.insert("exceptionOccurrences".to_owned(), json!(changed));
    }
    if options.selects("cancelledOccurrences") {
        let zone = rule_zone(&instance.fields);
        let removed = series.exceptions.iter().filter(|(_, one)| matches!(one, Exception::Removed));
        let day = |start: &Timestamp| zone.to_datetime(*start).date();
        let ids = removed.map(|(start, _)| format!("OID.{}.{}", instance.id(), day(start)));
        shown.insert("cancelledOccurrences".to_owned(), json!(ids.collect::<Vec<_>>()));
    }
    shown
}

/// Removes the fields that a minimal delta response omits for an occurrence.
pub(super) fn minimal(mut event: Value) -> Value {
    let kept = ["@odata.etag", "@odata.type", "id", "type", "seriesMasterId", "start", "end"];
    if let Some(event) = event.as_object_mut() {
        event.retain(|name, _| kept.contains(&name.as_str()));
    }
    event
}

/// Returns the `changeKey` of an event, which is also part of the event's entity tag.
pub(super) fn change_key(instance: &Instance<'_>) -> String {
    let tag = etag(instance);
    format!("{}AAAAAA==", tag.trim_matches('"'))
}

pub(super) fn tag(instance: &Instance<'_>) -> String {
    format!("W/\"{}\"", change_key(instance))
}

/// Returns the default values of an event's fields.
fn defaults() -> Map<String, Value> {
    object(json!({
        "allowNewTimeProposals": true,
        "categories": [],
        "hasAttachments": false,
        "hideAttendees": false,
        "importance": "normal",
        "isDraft": false,
        "isReminderOn": true,
        "reminderMinutesBeforeStart": 15,
        "responseRequested": true,
        "transactionId": null,
        "onlineMeetingUrl": null,
    }))
}

/// Returns the stored Graph fields, except for the fields that are rendered separately.
fn provider_fields(fields: &Fields) -> Map<String, Value> {
    let apart = |name: &str| super::body::RENDERED_SEPARATELY.contains(&name);
    let own = fields.own.iter().filter(|(name, _)| !apart(name));
    own.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn identity(instance: &Instance<'_>) -> Map<String, Value> {
    let (event, id) = (instance.event, instance.id());
    let link = || format!("https://outlook.live.com/owa/?itemid={id}&exvsurl=1&path=/calendar/item");
    let key = change_key(instance);
    object(json!({
        "@odata.etag": format!("W/\"{key}\""),
        "changeKey": key,
        "id": id,
        "iCalUId": format!("040000008200E00074C5B7101A82E008{:016X}{:016X}", hash(21, &id), hash(22, &event.id)),
        "type": original::kind(instance),
        "recurrence": recurrence::write(instance),
        "seriesMasterId": instance.series_id(),
        "originalStart": instance.occurrence.map(times::exact),
        "createdDateTime": times::exact(event.created),
        "lastModifiedDateTime": times::exact(instance.last_modified),
        "webLink": instance.fields.link.clone().unwrap_or_else(link),
    }))
}

fn times_of(instance: &Instance<'_>, options: &RenderOptions) -> Map<String, Value> {
    let fields = &instance.fields;
    let moment = |at| times::write(at, fields.all_day, &options.zone);
    let zone = zone_name(fields);
    let end_zone = fields.own.get("endTimeZone").and_then(Value::as_str).unwrap_or(zone);
    object(json!({
        "start": moment(fields.start),
        "end": moment(fields.end),
        "isAllDay": fields.all_day,
        "originalStartTimeZone": zone,
        "originalEndTimeZone": end_zone,
    }))
}

/// Returns the name of the event's own time zone.
pub(super) fn zone_name(fields: &Fields) -> &str {
    fields.own.get("timeZone").and_then(Value::as_str).unwrap_or("UTC")
}

/// Returns the time zone in which a series is expanded.
pub(super) fn rule_zone(fields: &Fields) -> TimeZone {
    let zone = super::zones::Zone::find(zone_name(fields), false);
    if fields.all_day { TimeZone::UTC } else { zone.map_or(TimeZone::UTC, |zone| zone.zone) }
}

fn content(fields: &Fields, options: &RenderOptions) -> Map<String, Value> {
    let html = fields.own.get("bodyType").and_then(Value::as_str) != Some("text");
    let stored = fields.description.clone().unwrap_or_default();
    let (kind, body) = match options.text {
        Some(true) if html => ("text", text::of_html(&stored)),
        Some(false) if !html => ("html", text::to_html(&stored)),
        _ => (if html { "html" } else { "text" }, stored.clone()),
    };
    let preview = if html { text::of_html(&stored) } else { stored };
    let (location, locations) = locations(fields);
    object(json!({
        "subject": fields.title,
        "body": { "contentType": kind, "content": body },
        "bodyPreview": text::preview(&preview),
        "location": location,
        "locations": locations,
        "showAs": show_as(fields),
        "sensitivity": sensitivity(fields),
        "isCancelled": fields.status == Some("cancelled"),
        "isOnlineMeeting": fields.conference.is_some(),
        "onlineMeeting": original::online_meeting(fields),
        "onlineMeetingProvider": if fields.conference.is_some() { "teamsForBusiness" } else { "unknown" },
    }))
}

/// Returns the locations that the caller sent. If Connect changed the location after the caller
/// sent the event, returns only the new location.
fn locations(fields: &Fields) -> (Value, Value) {
    let name = fields.location.as_deref().unwrap_or("");
    let sent = fields.own.get("locations").filter(|sent| sent[0]["displayName"] == name);
    let plain = json!({ "displayName": name, "locationType": "default", "uniqueIdType": "unknown" });
    match sent {
        Some(sent) => (sent[0].clone(), sent.clone()),
        None if name.is_empty() => (plain, json!([])),
        None => (plain.clone(), json!([plain])),
    }
}

/// Returns the `showAs` that the caller sent. If Connect changed the availability or the status
/// after the caller sent the event, computes `showAs` from the availability and the status.
pub(super) fn show_as(fields: &Fields) -> &str {
    let (free, tentative) = (fields.availability == Some("free"), fields.status == Some("tentative"));
    let sent = fields.own.get("showAs").and_then(Value::as_str);
    let says = |word: &&str| (*word == "free", *word == "tentative") == (free, tentative);
    let known = if free { "free" } else { "busy" };
    sent.filter(says).unwrap_or(if tentative && !free { "tentative" } else { known })
}

/// Returns `sensitivity`. Connect shows `personal` as `private`.
fn sensitivity(fields: &Fields) -> &'static str {
    let personal = fields.own.get("sensitivity").and_then(Value::as_str) == Some("personal");
    match fields.privacy {
        Some("private") if personal => "personal",
        Some("private") => "private",
        Some("confidential") => "confidential",
        _ => "normal",
    }
}

/// Renders the attendees and organizer. Graph's attendees do not include the organizer.
fn attendees_and_organizer(calendar: &Calendar, fields: &Fields) -> Map<String, Value> {
    let organizer = calendar.organizer(fields);
    let sent = fields.own.get("attendees").and_then(Value::as_array);
    let guests = fields.attendees.iter().filter(|one| one.organizer != Some(true));
    let guests: Vec<_> = guests.map(|guest| attendee(guest, sent)).collect();
    let mine = calendar.own_entry(fields);
    let own = !calendar.is_guest(fields);
    let response = if own { "organizer" } else { response(mine.and_then(|one| one.status)) };
    object(json!({
        "attendees": guests,
        "organizer": { "emailAddress": { "name": organizer, "address": organizer } },
        "isOrganizer": own,
        "responseStatus": { "response": response, "time": NEVER },
    }))
}

const NEVER: &str = "0001-01-01T00:00:00Z";

fn attendee(guest: &Attendee, sent: Option<&Vec<Value>>) -> Value {
    let mut all = sent.into_iter().flatten();
    let known = all.find(|one| one["emailAddress"]["address"] == guest.email.as_str()).cloned();
    let plain = || {
        let address = json!({ "name": guest.email, "address": guest.email });
        json!({ "type": "required", "emailAddress": address })
    };
    let mut attendee = known.unwrap_or_else(plain);
    attendee["status"] = json!({ "response": response(guest.status), "time": NEVER });
    attendee
}

fn response(status: Option<&str>) -> &'static str {
    match status {
        Some("accepted") => "accepted",
        Some("declined") => "declined",
        Some("tentative") => "tentativelyAccepted",
        _ => "none",
    }
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(object) => object,
        _ => Map::new(),
    }
}
