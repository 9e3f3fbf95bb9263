//! A validated change of the fields of an event.

use super::fields::{ATTENDEE_STATUS, AVAILABILITY, Attendee, Fields, PRIVACY, STATUS};
use crate::world::time;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// The fields to set, in JSON form. Null clears a field, and absent fields stay unchanged.
///
/// An exception is stored as a patch of the master. A later change of the master therefore also changes the
/// exception, except in the fields that the patch has.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Patch(Map<String, Value>);

impl Patch {
    pub(crate) fn new(fields: Map<String, Value>) -> Self {
        Self(fields)
    }

    pub(crate) fn set(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// Adds the fields of a later patch, which override the fields of this patch.
    pub(crate) fn extend(&mut self, later: Self) {
        self.0.extend(later.0);
    }

    pub(crate) fn time(&self, name: &str) -> Option<Timestamp> {
        self.0.get(name).and_then(Value::as_str).and_then(time::read)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn moves(&self) -> bool {
        ["start", "end", "allDay"].into_iter().any(|name| self.has(name))
    }

    pub(crate) fn without_times(mut self) -> Self {
        self.0.retain(|name, _| name != "start" && name != "end");
        self
    }

    pub(crate) fn apply(&self, fields: &mut Fields) {
        for (name, value) in &self.0 {
            apply(fields, name, value);
        }
        fields.round_to_days();
    }
}

fn apply(fields: &mut Fields, name: &str, value: &Value) {
    let text = || value.as_str().map(str::to_owned);
    match name {
        "title" => fields.title = text().unwrap_or_default(),
        "start" => fields.start = text().and_then(|text| time::read(&text)).unwrap_or(fields.start),
        "end" => fields.end = text().and_then(|text| time::read(&text)).unwrap_or(fields.end),
        "allDay" => fields.all_day = value.as_bool().unwrap_or(false),
        "description" => fields.description = text(),
        "color" => fields.color = text(),
        "location" => fields.location = text(),
        "link" => fields.link = text(),
        "attendees" => {
            fields.attendees = value.as_array().into_iter().flatten().filter_map(attendee).collect()
        }
        "custom" => fields.custom = present(value),
        "conference" => fields.conference = text(),
        "conferenceData" => fields.conference_data = present(value),
        "availability" => fields.availability = choice(value, AVAILABILITY),
        "privacy" => fields.privacy = choice(value, PRIVACY),
        "status" => fields.status = choice(value, STATUS),
        _ => {
            let Some(own) = name.strip_prefix(OWN) else { return };
            match present(value) {
                Some(value) => fields.own.insert(own.to_owned(), value),
                None => fields.own.remove(own),
            };
        }
    }
}

/// The prefix of the names of fields that only the provider's API has.
pub(crate) const OWN: &str = "own:";

/// Reads an attendee: an e-mail address, or an object with `email`.
pub(crate) fn attendee(value: &Value) -> Option<Attendee> {
    let email = value.as_str().or_else(|| value.get("email").and_then(Value::as_str))?;
    let status = value.get("status").and_then(|status| choice(status, ATTENDEE_STATUS));
    let organizer = value.get("organizer").and_then(Value::as_bool);
    Some(Attendee { email: email.to_owned(), status: status.or(Some("none")), organizer })
}

pub(crate) fn choice(value: &Value, choices: &[&'static str]) -> Option<&'static str> {
    choices.iter().copied().find(|choice| value.as_str() == Some(choice))
}

fn present(value: &Value) -> Option<Value> {
    (!value.is_null()).then(|| value.clone())
}
