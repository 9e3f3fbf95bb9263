//! An event as Google's API returns it.

use crate::world::calendar::{Attendee, Calendar, Fields, Instance, etag};
use crate::world::random::hash;
use crate::world::time;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) fn original(calendar: &Calendar, instance: &Instance<'_>) -> Value {
    let fields = &instance.fields;
    let moment = |at: Timestamp| {
        if fields.all_day {
            json!({ "date": time::local(at).date().to_string() })
        } else {
            json!({ "dateTime": at.to_string(), "timeZone": instance.zone_name(calendar) })
        }
    };
    let attendee = |attendee: &Attendee| {
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
        "creator": organizer(calendar, fields),
        "organizer": organizer(calendar, fields),
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
        "conferenceData": conference(fields),
        "reminders": { "useDefault": true },
        "eventType": "default",
    })
}

/// Returns the organizer, with the field `self` if the account is the organizer.
pub(super) fn organizer(calendar: &Calendar, fields: &Fields) -> Value {
    let mut organizer = json!({ "email": calendar.organizer(fields) });
    if !calendar.is_guest(fields) {
        organizer["self"] = json!(true);
    }
    organizer
}

pub(crate) fn conference(fields: &Fields) -> Value {
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
