//! The fields of an event, without ids and recurrence.

use crate::stored::{Word, optional_word};
use crate::world::time;
use jiff::Timestamp;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value};

/// The fields of a single event, a master or an occurrence. The JSON omits absent fields.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Fields {
    pub(crate) title: String,
    #[serde(serialize_with = "time::serialize_wire")]
    pub(crate) start: Timestamp,
    #[serde(serialize_with = "time::serialize_wire")]
    pub(crate) end: Timestamp,
    pub(crate) all_day: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) location: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) link: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) attendees: Vec<Attendee>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) custom: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conference: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) conference_data: Option<Value>,
    #[serde(default, deserialize_with = "optional_word", skip_serializing_if = "Option::is_none")]
    pub(crate) availability: Option<Word>,
    #[serde(default, deserialize_with = "optional_word", skip_serializing_if = "Option::is_none")]
    pub(crate) privacy: Option<Word>,
    #[serde(default, deserialize_with = "optional_word", skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Word>,
    /// Fields that only the provider's API has, under the provider's names. Connect does not return
    /// these fields.
    #[serde(default, skip_serializing)]
    pub(crate) own: Map<String, Value>,
}

/// An attendee or the organizer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Attendee {
    pub(crate) email: String,
    #[serde(default, deserialize_with = "optional_word", skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Word>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) organizer: Option<bool>,
}

pub(crate) const ATTENDEE_STATUS: &[&str] = &["accepted", "declined", "tentative", "none"];
pub(crate) const AVAILABILITY: &[&str] = &["busy", "free"];
pub(crate) const PRIVACY: &[&str] = &["public", "private", "confidential"];
pub(crate) const STATUS: &[&str] = &["confirmed", "tentative", "cancelled"];

/// Writes the fields for a state file: with `own`, which Connect does not return.
pub(super) fn serialize_stored<S: Serializer>(fields: &Fields, serializer: S) -> Result<S::Ok, S::Error> {
    #[derive(Serialize)]
    struct Stored<'a> {
        #[serde(flatten)]
        fields: &'a Fields,
        own: &'a Map<String, Value>,
    }
    Stored { fields, own: &fields.own }.serialize(serializer)
}

impl Fields {
    pub(crate) fn new(title: &str, start: Timestamp, end: Timestamp) -> Self {
        Self {
            title: title.to_owned(),
            start,
            end,
            all_day: false,
            description: None,
            color: None,
            location: None,
            link: None,
            attendees: Vec::new(),
            custom: None,
            conference: None,
            conference_data: None,
            availability: None,
            privacy: None,
            status: None,
            own: Map::new(),
        }
    }

    /// Returns the fields with another start and the same duration.
    pub(crate) fn moved_to(&self, start: Timestamp) -> Self {
        Self { start, end: time::shifted(self.end, self.start, start), ..self.clone() }
    }

    /// Rounds the times of an all-day event to midnight in UTC: the start down, and the end up. The end
    /// becomes the midnight after the last day.
    pub(crate) fn round_to_days(&mut self) {
        if !self.all_day {
            return;
        }
        self.start = time::floor_to_day(self.start);
        self.end = time::ceil_to_day(self.end);
        if self.end == self.start {
            self.end = time::plus_hours(self.start, 24);
        }
    }
}
