//! `original`: the event as its provider would have it.

use super::fields::Fields;
use super::icalendar;
use super::model::{Calendar, Instance};
use super::render::Style;
use crate::graph::written_recurrence;
use crate::provider::Provider;
use crate::random::hash;
use crate::time;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) fn of(calendar: &Calendar, instance: &Instance<'_>, style: Style) -> Value {
    let mut original = match calendar.provider {
        Provider::Google => google(calendar, instance),
        Provider::Microsoft => microsoft(calendar, instance),
        Provider::Apple | Provider::Caldav => caldav(calendar, instance, style),
    };
    if let Some(object) = original.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    original
}

/// A version of the event as an entity tag: two that differ in anything have different ones.
pub(crate) fn etag(instance: &Instance<'_>) -> String {
    let rule = instance.occurrence.is_none().then(|| instance.event.series.as_ref().map(|one| &one.rule));
    let fields = (&instance.fields, &instance.fields.own, instance.last_modified.as_nanosecond().to_string());
    let content = json!(fields).to_string();
    format!("\"{}\"", hash(hash(8, &content), &format!("{}{rule:?}", instance.id())) >> 12)
}

pub(crate) fn google(calendar: &Calendar, instance: &Instance<'_>) -> Value {
    let fields = &instance.fields;
    let moment = |at: Timestamp| {
        if fields.all_day {
            json!({ "date": time::local(at).date().to_string() })
        } else {
            json!({ "dateTime": at.to_string(), "timeZone": instance.zone_name(calendar) })
        }
    };
    let attendee = |attendee: &super::Attendee| {
        let response = match attendee.status {
            Some("none") | None => "needsAction",
            Some(status) => status,
        };
        json!({ "email": attendee.email, "responseStatus": response, "organizer": attendee.organizer })
    };
    let attendees: Vec<_> = fields.attendees.iter().map(attendee).collect();
    json!({
        "kind": "calendar#event",
        "etag": etag(instance),
        "id": instance.id(),
        "status": fields.status.unwrap_or("confirmed"),
        "htmlLink": fields.link,
        "updated": time::wire(instance.last_modified),
        "summary": fields.title,
        "description": fields.description,
        "location": fields.location,
        "creator": { "email": calendar.account, "self": true },
        "organizer": { "email": calendar.account, "self": true },
        "start": moment(fields.start),
        "end": moment(fields.end),
        "recurrence": instance.recurrence_lines(),
        "recurringEventId": instance.series_id(),
        "originalStartTime": instance.occurrence.map(moment),
        "transparency": (fields.availability == Some("free")).then_some("transparent"),
        "visibility": fields.privacy,
        "iCalUID": format!("{}@google.com", instance.event.id),
        "sequence": hash(1, &instance.event.id) % 4,
        "attendees": (!attendees.is_empty()).then_some(attendees),
        "hangoutLink": fields.conference,
        "conferenceData": google_conference(fields),
        "reminders": { "useDefault": true },
        "eventType": "default",
    })
}

pub(crate) fn microsoft(calendar: &Calendar, instance: &Instance<'_>) -> Value {
    let fields = &instance.fields;
    let moment =
        |at: Timestamp| json!({ "dateTime": format!("{}.0000000", time::local(at)), "timeZone": "UTC" });
    let attendee = |attendee: &super::Attendee| {
        json!({
            "type": "required",
            "status": { "response": attendee.status.unwrap_or("none"), "time": "0001-01-01T00:00:00Z" },
            "emailAddress": { "name": attendee.email, "address": attendee.email },
        })
    };
    json!({
        "@odata.etag": format!("W/\"{:016x}\"", hash(2, &instance.id())),
        "id": instance.id(),
        "lastModifiedDateTime": instance.last_modified.to_string(),
        "subject": fields.title,
        "bodyPreview": fields.description,
        "body": { "contentType": "html", "content": fields.description.as_deref().unwrap_or("") },
        "isAllDay": fields.all_day,
        "isCancelled": fields.status == Some("cancelled"),
        "showAs": fields.availability.unwrap_or("busy"),
        "sensitivity": if fields.privacy == Some("public") { Some("normal") } else { fields.privacy },
        "type": kind(instance),
        "recurrence": written_recurrence(instance),
        "seriesMasterId": instance.series_id(),
        "originalStart": instance.occurrence.map(|start| start.to_string()),
        "webLink": fields.link,
        "start": moment(fields.start),
        "end": moment(fields.end),
        "location": { "displayName": fields.location.as_deref().unwrap_or(""), "locationType": "default" },
        "attendees": fields.attendees.iter().map(attendee).collect::<Vec<_>>(),
        "organizer": { "emailAddress": { "name": calendar.account, "address": calendar.account } },
        "isOnlineMeeting": fields.conference.is_some(),
        "onlineMeeting": online_meeting(fields),
    })
}

/// Graph's `onlineMeeting`.
pub(crate) fn online_meeting(fields: &Fields) -> Value {
    fields.conference.as_ref().map_or(Value::Null, |url| json!({ "joinUrl": url }))
}

/// Google's `conferenceData`.
pub(crate) fn google_conference(fields: &Fields) -> Value {
    let Some(uri) = &fields.conference else { return Value::Null };
    let id = fields.conference_data.as_ref().and_then(|data| data.get("conferenceId"));
    let label = uri.split_once("://").map_or(uri.as_str(), |(_, rest)| rest);
    let mut data = json!({
        "entryPoints": [{ "entryPointType": "video", "uri": uri, "label": label }],
        "conferenceSolution": { "key": { "type": "hangoutsMeet" }, "name": "Google Meet" },
    });
    if let Some(id) = id {
        data["conferenceId"] = id.clone();
    }
    data
}

/// What Graph calls an event, an occurrence or a series.
pub(crate) fn kind(instance: &Instance<'_>) -> &'static str {
    match (instance.occurrence, &instance.event.series) {
        (Some(start), Some(series)) if series.exceptions.contains_key(&start) => "exception",
        (Some(_), _) => "occurrence",
        (None, Some(_)) => "seriesMaster",
        (None, None) => "singleInstance",
    }
}

/// Apple and CalDAV: the iCalendar text, and a version number that does not fit a float.
fn caldav(calendar: &Calendar, instance: &Instance<'_>, style: Style) -> Value {
    let id = instance.id();
    json!({
        "url": format!("{}{}.ics", calendar.id, instance.event.id),
        "etag": format!("\"{:x}\"", hash(3, &id)),
        "version": (1_u64 << 53) + hash(4, &id) % 1_000_000,
        "data": icalendar::object(instance, !style.api_1_6_0),
    })
}
