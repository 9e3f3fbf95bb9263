//! Reads and checks the event in a request body.

use super::error::ApiError;
use super::resource::{custom_of, strings};
use super::{colors, times};
use crate::world::calendar::{Calendar, OWN};
use crate::world::time;
use serde_json::{Map, Value, json};

/// How an update treats fields that the body omits: `Patch` keeps them, `Replace` clears them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum UpdateMode {
    Patch,
    Replace,
}

/// An event with its recurrence lines.
pub(super) type EventDraft = crate::world::calendar::Draft<Vec<String>>;

/// Fields that the sandbox stores and returns unchanged, without checking them.
const STORED_FIELDS: &[&str] = &[
    "anyoneCanAddSelf",
    "attachments",
    "birthdayProperties",
    "eventType",
    "focusTimeProperties",
    "guestsCanInviteOthers",
    "guestsCanModify",
    "guestsCanSeeOtherGuests",
    "outOfOfficeProperties",
    "reminders",
    "source",
    "workingLocationProperties",
];

impl UpdateMode {
    /// Returns the complete event after the update.
    pub(super) fn whole(self, current: &Value, sent: &Value) -> Value {
        let mut whole = current.clone();
        match self {
            Self::Patch => merge(&mut whole, sent),
            Self::Replace => {
                whole = sent.clone();
                // The type of an existing event cannot change.
                whole["eventType"] = current["eventType"].clone();
            }
        }
        whole["organizer"] = current["organizer"].clone();
        // A guest can change only the own entry. With `attendeesOmitted`, the organizer does so as well.
        if current["organizer"]["self"] != true || whole["attendeesOmitted"] == true {
            whole["attendees"] = own_entry_changed(&current["attendees"], &whole["attendees"]);
        }
        whole
    }
}

/// Merges a patch (RFC 7396). Null removes a member, objects are merged, other values replace the old value.
fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *into = patch.clone();
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (name, value) in patch {
        match into.as_object_mut() {
            Some(into) if value.is_null() => drop(into.remove(name)),
            _ => merge(&mut into[name.as_str()], value),
        }
    }
}

/// Returns the attendees after a guest's change, which can only set fields of the own entry.
fn own_entry_changed(current: &Value, sent: &Value) -> Value {
    let mut attendees = current.clone();
    let own = attendees.as_array_mut().into_iter().flatten().find(|one| one["self"] == true);
    let Some(own) = own else { return attendees };
    let sent = sent.as_array().into_iter().flatten().find(|one| one["email"] == own["email"]);
    for name in ["responseStatus", "comment", "additionalGuests"] {
        if let Some(value) = sent.and_then(|sent| sent.get(name)) {
            own[name] = value.clone();
        }
    }
    attendees
}

pub(super) fn read(event: &Value, calendar: &Calendar) -> Result<EventDraft, ApiError> {
    let lines = lines(event)?;
    let mut fields = times(event, !lines.is_empty())?;
    let mut put = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    put("title", json!(text(event, "summary")?.unwrap_or_default()));
    put("description", json!(text(event, "description")?));
    put("location", json!(text(event, "location")?));
    put("status", choice(event, "status", STATUS)?.unwrap_or_else(|| json!("confirmed")));
    put("availability", choice(event, "transparency", TRANSPARENCY)?.unwrap_or_default());
    put("privacy", choice(event, "visibility", VISIBILITY)?.unwrap_or_default());
    put("color", color(event)?);
    let properties = properties(event)?;
    put("custom", json!(custom_of(&properties)));
    put(&format!("{OWN}extendedProperties"), properties);
    let (attendees, sent) = attendees(event, calendar)?;
    put("attendees", attendees);
    put(&format!("{OWN}attendees"), sent);
    for name in STORED_FIELDS {
        put(&format!("{OWN}{name}"), event.get(*name).cloned().unwrap_or_default());
    }
    put(&format!("{OWN}recurrence"), if lines.is_empty() { Value::Null } else { json!(lines) });
    Ok(EventDraft { fields, rule: lines })
}

fn times(event: &Value, repeats: bool) -> Result<Map<String, Value>, ApiError> {
    let read = |name: &str| times::read(name, event.get(name).unwrap_or(&Value::Null));
    let (start, end) = (read("start")?, read("end")?);
    if start.all_day != end.all_day {
        let message = "Start and end times must either both be date or both be dateTime.";
        return Err(ApiError::new(400, "invalid", message));
    }
    if end.at < start.at || (end.all_day && end.at == start.at) {
        return Err(ApiError::empty_range());
    }
    for (name, moment) in [("start", &start), ("end", &end)] {
        if repeats && !moment.all_day && moment.zone.is_none() {
            return Err(ApiError::required(&format!("Missing time zone definition for {name} time.")));
        }
    }
    let other_end = end.zone.filter(|zone| Some(zone) != start.zone.as_ref());
    let fields = [
        ("start".to_owned(), json!(time::wire(start.at))),
        ("end".to_owned(), json!(time::wire(end.at))),
        ("allDay".to_owned(), json!(start.all_day)),
        (format!("{OWN}timeZone"), json!(start.zone)),
        (format!("{OWN}endTimeZone"), json!(other_end)),
    ];
    Ok(fields.into_iter().collect())
}

fn lines(event: &Value) -> Result<Vec<String>, ApiError> {
    let Some(value) = event.get("recurrence").filter(|value| !value.is_null()) else { return Ok(Vec::new()) };
    let lines = strings(value);
    if value.as_array().is_some_and(|all| all.len() == lines.len()) {
        Ok(lines)
    } else {
        Err(invalid_field("recurrence"))
    }
}

/// Returns a text field. An empty text counts as absent.
fn text(event: &Value, name: &str) -> Result<Option<String>, ApiError> {
    match event.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty())),
        Some(_) => Err(invalid_field(name)),
    }
}

type Choices = &'static [(&'static str, Option<&'static str>)];

const STATUS: Choices =
    &[("confirmed", Some("confirmed")), ("tentative", Some("tentative")), ("cancelled", Some("cancelled"))];
const TRANSPARENCY: Choices = &[("opaque", None), ("transparent", Some("free"))];
const VISIBILITY: Choices = &[
    ("default", None),
    ("public", Some("public")),
    ("private", Some("private")),
    ("confidential", Some("confidential")),
];
const RESPONSES: Choices = &[
    ("needsAction", Some("none")),
    ("accepted", Some("accepted")),
    ("declined", Some("declined")),
    ("tentative", Some("tentative")),
];

/// Translates an enumeration value from Google's name to the world's name.
fn choice(event: &Value, name: &str, choices: Choices) -> Result<Option<Value>, ApiError> {
    let Some(text) = text(event, name)? else { return Ok(None) };
    let found = choices.iter().find(|(known, _)| *known == text).ok_or_else(|| invalid_field(name))?;
    Ok(Some(json!(found.1)))
}

fn color(event: &Value) -> Result<Value, ApiError> {
    let Some(number) = text(event, "colorId")? else { return Ok(Value::Null) };
    colors::of_number(&number).map(|color| json!(color)).ok_or_else(|| invalid_field("colorId"))
}

/// Reads `extendedProperties`, whose `private` and `shared` members map names to texts.
fn properties(event: &Value) -> Result<Value, ApiError> {
    let Some(properties) = event.get("extendedProperties").filter(|value| !value.is_null()) else {
        return Ok(Value::Null);
    };
    for name in ["private", "shared"] {
        let fits = |value: &Value| value.as_object().is_some_and(|all| all.values().all(Value::is_string));
        if properties.get(name).is_some_and(|value| !value.is_null() && !fits(value)) {
            return Err(invalid_field("extendedProperties"));
        }
    }
    if properties.is_object() { Ok(properties.clone()) } else { Err(invalid_field("extendedProperties")) }
}

/// Returns the attendees in the format of the world, and the attendees that the caller sent. The
/// sent attendees are returned without `responseStatus`, `organizer` and `self`.
fn attendees(event: &Value, calendar: &Calendar) -> Result<(Value, Value), ApiError> {
    let list = match event.get("attendees") {
        None | Some(Value::Null) => return Ok((Value::Null, Value::Null)),
        Some(list) => list.as_array().ok_or_else(|| invalid_field("attendees"))?,
    };
    let marked = event["organizer"]["email"].as_str().unwrap_or(&calendar.account);
    let mut attendees = Vec::new();
    let mut all_sent = Vec::new();
    for one in list {
        let email = text(one, "email")?.filter(|email| email.contains('@'));
        let email = email.ok_or_else(|| ApiError::required("Missing attendee email."))?;
        let status = choice(one, "responseStatus", RESPONSES)?.unwrap_or_else(|| json!("none"));
        let organizer = email.eq_ignore_ascii_case(marked).then_some(true);
        attendees.push(json!({ "email": email, "status": status, "organizer": organizer }));
        let mut sent = one.clone();
        if let Some(sent) = sent.as_object_mut() {
            sent.retain(|name, _| !["responseStatus", "organizer", "self"].contains(&name.as_str()));
        }
        all_sent.push(sent);
    }
    if attendees.is_empty() {
        Ok((Value::Null, Value::Null))
    } else {
        Ok((json!(attendees), json!(all_sent)))
    }
}

fn invalid_field(name: &str) -> ApiError {
    ApiError::new(400, "invalid", format!("Invalid value for: {name}"))
}
