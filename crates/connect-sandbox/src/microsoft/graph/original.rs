//! Renders the `original` that Connect returns for an Outlook event, in Graph's format.

use super::recurrence;
use crate::world::calendar::{Attendee, Calendar, Fields, Instance};
use crate::world::random::hash;
use crate::world::time;
use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) fn original(calendar: &Calendar, instance: &Instance<'_>) -> Value {
    let fields = &instance.fields;
    let moment =
        |at: Timestamp| json!({ "dateTime": format!("{}.0000000", time::local(at)), "timeZone": "UTC" });
    let attendee = |attendee: &Attendee| {
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
        "recurrence": recurrence::write(instance),
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

pub(crate) fn online_meeting(fields: &Fields) -> Value {
    fields.conference.as_ref().map_or(Value::Null, |url| json!({ "joinUrl": url }))
}

/// Returns Graph's `type` of an event, an occurrence or a series.
pub(super) fn kind(instance: &Instance<'_>) -> &'static str {
    match (instance.occurrence, &instance.event.series) {
        (Some(start), Some(series)) if series.exceptions.contains_key(&start) => "exception",
        (Some(_), _) => "occurrence",
        (None, Some(_)) => "seriesMaster",
        (None, None) => "singleInstance",
    }
}
