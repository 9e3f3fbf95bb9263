//! Reads and checks the event in a request body.

use super::error::ApiError;
use super::render_options::PROPERTIES;
use super::{extensions, times};
use crate::world::calendar::{Calendar, OWN};
use crate::world::time;
use serde_json::{Map, Value, json};

/// An event, with its recurrence in Graph's format.
pub(super) type EventDraft = crate::world::calendar::Draft<Option<Value>>;

/// Fields that the sandbox checks for their type, stores, and returns unchanged.
const STORED_FIELDS: &[&str] = &[
    "allowNewTimeProposals",
    "categories",
    "hideAttendees",
    "importance",
    "isReminderOn",
    "reminderMinutesBeforeStart",
    "responseRequested",
    "transactionId",
];

/// Stored fields that are rendered under another name or in another form.
pub(super) const RENDERED_SEPARATELY: &[&str] = &[
    "timeZone",
    "endTimeZone",
    "bodyType",
    "locations",
    "showAs",
    "sensitivity",
    "attendees",
    "extensions",
    "extendedProperties",
];

/// Fields that the sandbox ignores in a request.
const READ_ONLY: &[&str] = &[
    "bodyPreview",
    "changeKey",
    "createdDateTime",
    "hasAttachments",
    "iCalUId",
    "id",
    "isCancelled",
    "isDraft",
    "isOrganizer",
    "lastModifiedDateTime",
    "onlineMeeting",
    "onlineMeetingUrl",
    "organizer",
    "originalEndTimeZone",
    "originalStart",
    "originalStartTimeZone",
    "responseStatus",
    "seriesMasterId",
    "type",
    "webLink",
];

/// Returns the writable properties of a body. An unknown property is an error.
pub(super) fn writable(sent: &Map<String, Value>) -> Result<Map<String, Value>, ApiError> {
    let beside = ["extensions", "singleValueExtendedProperties"];
    let mut writable = Map::new();
    for (name, value) in sent.iter().filter(|(name, _)| !name.contains('@')) {
        if !(PROPERTIES.contains(&name.as_str()) || beside.contains(&name.as_str())) {
            let message = format!(
                "The property '{name}' does not exist on type 'microsoft.graph.event'. Make sure to only use property \
                 names that are defined by the type."
            );
            return Err(ApiError::body(message));
        }
        if !READ_ONLY.contains(&name.as_str()) {
            writable.insert(name.clone(), value.clone());
        }
    }
    Ok(writable)
}

/// Returns the complete event after an update. If `sent` has only one of `location` and `locations`, the
/// other is removed from the event.
pub(super) fn merged(current: &Value, sent: &Map<String, Value>) -> Value {
    let mut whole = current.clone();
    if sent.contains_key("location") && !sent.contains_key("locations") {
        whole["locations"] = json!([]);
    }
    if sent.contains_key("locations") {
        whole["location"] = Value::Null;
    }
    for (name, value) in sent {
        whole[name.as_str()] = value.clone();
    }
    whole
}

pub(super) fn read(event: &Value, calendar: &Calendar, listed: bool) -> Result<EventDraft, ApiError> {
    let mut fields = read_times(event, listed)?;
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    let mut own = |name: &str, value: Value| put(&format!("{OWN}{name}"), value);
    for name in STORED_FIELDS {
        own(name, kept(event, name)?);
    }
    let (kind, content) = read_body(event)?;
    own("bodyType", kind);
    let (location, locations) = read_locations(event)?;
    own("locations", locations);
    let show_as = choice(event, "showAs", SHOW_AS)?.unwrap_or("busy");
    own("showAs", json!(Some(show_as).filter(|word| !["free", "busy", "tentative"].contains(word))));
    let sensitivity = choice(event, "sensitivity", SENSITIVITY)?.unwrap_or("normal");
    own("sensitivity", json!((sensitivity == "personal").then_some(sensitivity)));
    let (attendees, sent) = read_attendees(event, calendar)?;
    own("attendees", sent);
    let open = extensions::read_extensions(&event["extensions"])?;
    let properties = extensions::read_properties(&event["singleValueExtendedProperties"])?;
    let custom = extensions::custom_of(&open, &properties);
    own("extensions", some_list(open));
    own("extendedProperties", some_list(properties));

    put("title", json!(text(event, "subject")?.unwrap_or_default()));
    put("description", content);
    put("location", location);
    put("availability", json!((show_as == "free").then_some("free")));
    put("status", json!(status(event, show_as)));
    put("privacy", privacy(sensitivity));
    put("attendees", attendees);
    put("custom", json!(custom));
    let rule = Some(event["recurrence"].clone()).filter(|rule| !rule.is_null());
    Ok(EventDraft { fields, rule })
}

/// Reads the start and the end. An all-day event must start and end at midnight in the same time zone, and
/// last at least a day.
fn read_times(event: &Value, listed: bool) -> Result<Map<String, Value>, ApiError> {
    let (start, end) =
        (times::read("start", &event["start"], listed)?, times::read("end", &event["end"], listed)?);
    let all_day = flag(event, "isAllDay")?.unwrap_or(false);
    let (mut from, mut to) = (start.at, end.at);
    if all_day {
        for (name, moment) in [("Start", &start), ("End", &end)] {
            if !times::is_midnight(moment) {
                let message =
                    format!("The Event.{name} property for an all-day event needs to be set to midnight.");
                return Err(ApiError::invalid(message));
            }
        }
        if start.zone.name != end.zone.name {
            return Err(ApiError::invalid(
                "The start and the end of an all-day event must have the same time zone.",
            ));
        }
        if end.local <= start.local {
            let message = "The duration of an event marked as All day must be at least 24 hours: the end must be midnight of a later day than the start.";
            return Err(ApiError::invalid(message));
        }
        let day = |moment: &times::EventTime| time::instant(moment.local);
        (from, to) = (day(&start).unwrap_or(from), day(&end).unwrap_or(to));
    }
    if to < from {
        return Err(ApiError::property("end", "the event ends before it starts"));
    }
    let other_end = Some(&end.zone.name).filter(|zone| **zone != start.zone.name);
    let fields = [
        ("start".to_owned(), json!(time::wire(from))),
        ("end".to_owned(), json!(time::wire(to))),
        ("allDay".to_owned(), json!(all_day)),
        (format!("{OWN}timeZone"), json!(start.zone.name)),
        (format!("{OWN}endTimeZone"), json!(other_end)),
    ];
    Ok(fields.into_iter().collect())
}

/// Returns the content type and the content of the body. The content type is `text`, or null if the content
/// is HTML or missing.
fn read_body(event: &Value) -> Result<(Value, Value), ApiError> {
    let body = &event["body"];
    if body.is_null() {
        return Ok((Value::Null, Value::Null));
    }
    let kind = choice(body, "contentType", &["html", "text", "HTML", "Text"])?.unwrap_or("text");
    let content = text(body, "content")?.filter(|content| !content.is_empty());
    let kind = (kind.eq_ignore_ascii_case("text") && content.is_some()).then_some("text");
    Ok((json!(kind), json!(content)))
}

/// Returns the name of the first location. If the locations contain more than this name, returns all
/// locations as well.
fn read_locations(event: &Value) -> Result<(Value, Value), ApiError> {
    let mut all = match &event["locations"] {
        Value::Null => Vec::new(),
        Value::Array(all) => all.clone(),
        _ => return Err(ApiError::property("locations", "expected a list")),
    };
    let mut wrong = ApiError::property("locations", "expected a list of objects");
    if all.is_empty() && !event["location"].is_null() {
        all.push(event["location"].clone());
        wrong = ApiError::property("location", "expected an object");
    }
    for one in &mut all {
        text(one, "displayName")?;
        let Some(one) = one.as_object_mut() else { return Err(wrong) };
        one.entry("locationType").or_insert_with(|| json!("default"));
        one.entry("uniqueIdType").or_insert_with(|| json!("unknown"));
    }
    let first = all.first().and_then(|one| text(one, "displayName").ok().flatten());
    let first = first.filter(|name| !name.is_empty());
    let more = all.len() > 1 || all.iter().any(|one| one.as_object().is_some_and(|one| one.len() > 3));
    Ok((json!(first), if more && first.is_some() { json!(all) } else { Value::Null }))
}

const SHOW_AS: &[&str] = &["free", "tentative", "busy", "oof", "workingElsewhere", "unknown"];
const SENSITIVITY: &[&str] = &["normal", "personal", "private", "confidential"];
const IMPORTANCE: &[&str] = &["low", "normal", "high"];
const RESPONSES: &[&str] =
    &["none", "organizer", "tentativelyAccepted", "accepted", "declined", "notResponded"];
const TYPES: &[&str] = &["required", "optional", "resource"];

fn status(event: &Value, show_as: &str) -> &'static str {
    match show_as {
        _ if event["isCancelled"] == true => "cancelled",
        "tentative" => "tentative",
        _ => "confirmed",
    }
}

fn privacy(sensitivity: &str) -> Value {
    match sensitivity {
        "normal" => Value::Null,
        "confidential" => json!("confidential"),
        _ => json!("private"),
    }
}

/// Returns the attendees and organizer as the world stores them, and the attendees that were sent.
fn read_attendees(event: &Value, calendar: &Calendar) -> Result<(Value, Value), ApiError> {
    let list = match &event["attendees"] {
        Value::Null => return Ok((Value::Null, Value::Null)),
        Value::Array(list) if list.is_empty() => return Ok((Value::Null, Value::Null)),
        Value::Array(list) => list,
        _ => return Err(ApiError::property("attendees", "expected a list")),
    };
    let mut attendees = Vec::new();
    for one in list {
        let email = one["emailAddress"]["address"].as_str().filter(|email| email.contains('@'));
        let message = "At least one recipient isn't valid.";
        let email = email.ok_or_else(|| ApiError::new(400, "ErrorInvalidRecipients", message))?;
        choice(one, "type", TYPES)?;
        let status = choice(&one["status"], "response", RESPONSES)?;
        let status = match status {
            Some(status @ ("accepted" | "declined")) => status,
            Some("tentativelyAccepted") => "tentative",
            _ => "none",
        };
        attendees.push(json!({ "email": email, "status": status }));
    }
    let organizer = event["organizer"]["emailAddress"]["address"].as_str().unwrap_or(&calendar.account);
    attendees.push(json!({ "email": organizer, "status": "accepted", "organizer": true }));
    let sent: Vec<_> = list.iter().map(without_status).collect();
    Ok((json!(attendees), json!(sent)))
}

fn without_status(attendee: &Value) -> Value {
    let mut attendee = attendee.clone();
    if let Some(attendee) = attendee.as_object_mut() {
        attendee.remove("status");
        attendee.entry("type").or_insert_with(|| json!("required"));
    }
    attendee
}

fn kept(event: &Value, name: &str) -> Result<Value, ApiError> {
    let value = &event[name];
    let fits = match name {
        "allowNewTimeProposals" | "hideAttendees" | "isReminderOn" | "responseRequested" => {
            value.is_boolean()
        }
        "reminderMinutesBeforeStart" => value.is_i64(),
        "categories" => value.as_array().is_some_and(|all| all.iter().all(Value::is_string)),
        "importance" => value.as_str().is_some_and(|word| IMPORTANCE.contains(&word)),
        _ => value.is_string(),
    };
    if value.is_null() || fits { Ok(value.clone()) } else { Err(wrong(name)) }
}

fn text(event: &Value, name: &str) -> Result<Option<String>, ApiError> {
    match &event[name] {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(wrong(name)),
    }
}

pub(super) fn flag(event: &Value, name: &str) -> Result<Option<bool>, ApiError> {
    match &event[name] {
        Value::Null => Ok(None),
        Value::Bool(flag) => Ok(Some(*flag)),
        _ => Err(wrong(name)),
    }
}

fn choice(event: &Value, name: &str, choices: &[&'static str]) -> Result<Option<&'static str>, ApiError> {
    let Some(text) = text(event, name)? else { return Ok(None) };
    let found = choices.iter().copied().find(|choice| *choice == text);
    found.map(Some).ok_or_else(|| wrong(name))
}

fn wrong(name: &str) -> ApiError {
    ApiError::body(format!("Cannot convert the value of '{name}' to the type of this property."))
}

fn some_list(list: Vec<Value>) -> Value {
    if list.is_empty() { Value::Null } else { json!(list) }
}
