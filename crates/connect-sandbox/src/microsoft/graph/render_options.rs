//! The options for rendering events: time zone, properties and body format.

use super::error::ApiError;
use super::prefer::Preferences;
use super::query::option;
use super::zones::Zone;
use crate::call::Call;
use serde_json::{Map, Value};

#[derive(Clone, Debug)]
pub(super) struct RenderOptions {
    pub(super) zone: Zone,
    /// Whether to return bodies as text (true), as HTML (false), or as stored (`None`).
    pub(super) text: Option<bool>,
    pub(super) expand: Expand,
    select: Option<Vec<String>>,
    /// Whether the list is a calendar view. In a calendar view, `$select` cannot select `createdDateTime`
    /// and `lastModifiedDateTime`.
    view: bool,
}

/// The parts of an event that `$expand` requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expand {
    pub(super) extensions: bool,
    /// Whether to return the changed occurrences of a series.
    pub(super) exceptions: bool,
    /// The ids of the extended properties to return.
    pub(super) properties: Option<Vec<String>>,
}

/// The properties of an event.
pub(super) const PROPERTIES: &[&str] = &[
    "allowNewTimeProposals",
    "attendees",
    "body",
    "bodyPreview",
    "cancelledOccurrences",
    "categories",
    "changeKey",
    "createdDateTime",
    "end",
    "exceptionOccurrences",
    "hasAttachments",
    "hideAttendees",
    "iCalUId",
    "id",
    "importance",
    "isAllDay",
    "isCancelled",
    "isDraft",
    "isOnlineMeeting",
    "isOrganizer",
    "isReminderOn",
    "lastModifiedDateTime",
    "location",
    "locations",
    "onlineMeeting",
    "onlineMeetingProvider",
    "onlineMeetingUrl",
    "organizer",
    "originalEndTimeZone",
    "originalStart",
    "originalStartTimeZone",
    "recurrence",
    "reminderMinutesBeforeStart",
    "responseRequested",
    "responseStatus",
    "sensitivity",
    "seriesMasterId",
    "showAs",
    "start",
    "subject",
    "transactionId",
    "type",
    "webLink",
];

impl RenderOptions {
    /// Returns the options that render the complete event in UTC. An update applies its changes to
    /// the complete event.
    pub(super) fn everything() -> Self {
        let expand = Expand { extensions: true, ..Expand::default() };
        Self { zone: Zone::utc(), text: None, expand, select: None, view: false }
    }

    pub(super) fn read(call: &Call, preferences: &Preferences, view: bool) -> Result<Self, ApiError> {
        Ok(Self {
            zone: preferences.zone(),
            text: preferences.text,
            expand: option(call, "$expand").map(Expand::read).transpose()?.unwrap_or_default(),
            select: option(call, "$select").map(selected).transpose()?,
            view,
        })
    }

    /// Returns whether `$select` names the property.
    pub(super) fn selects(&self, name: &str) -> bool {
        self.select.as_ref().is_some_and(|select| select.iter().any(|selected| selected == name))
    }

    /// Returns the options for an event inside another event.
    pub(super) fn nested(&self) -> Self {
        Self { expand: Expand::default(), select: None, ..self.clone() }
    }

    /// Removes the properties that are not selected. The entity tag, the id and the expanded properties
    /// always remain.
    pub(super) fn remove_unselected(&self, event: &mut Map<String, Value>) {
        let Some(select) = &self.select else { return };
        let expanded = ["exceptionOccurrences", "extensions", "singleValueExtendedProperties"];
        event.retain(|name, _| {
            let ignored = self.view && ["createdDateTime", "lastModifiedDateTime"].contains(&name.as_str());
            let always = name.starts_with('@') || name == "id" || expanded.contains(&name.as_str());
            always || (select.contains(name) && !ignored)
        });
    }
}

impl Expand {
    fn read(text: &str) -> Result<Self, ApiError> {
        let mut expand = Self::default();
        let (mut depth, mut quoted) = (0_i32, false);
        let parts = text.split(|c| {
            quoted ^= c == '\'';
            depth += i32::from(c == '(' && !quoted) - i32::from(c == ')' && !quoted);
            c == ',' && depth == 0 && !quoted
        });
        for part in parts.map(str::trim) {
            match part.split_once('(').map_or((part, ""), |(name, rest)| (name.trim(), rest)) {
                ("extensions", _) => expand.extensions = true,
                ("exceptionOccurrences", _) => expand.exceptions = true,
                ("singleValueExtendedProperties", filter) => {
                    // The filter has the form `id eq '...' or id eq '...'`.
                    let ids: Vec<_> = filter.split('\'').skip(1).step_by(2).map(str::to_owned).collect();
                    if ids.is_empty() {
                        return Err(ApiError::option("singleValueExtendedProperties needs a filter by id."));
                    }
                    expand.properties = Some(ids);
                }
                _ => {
                    return Err(ApiError::option(format!(
                        "'{part}' cannot be expanded (expected exceptionOccurrences, extensions or singleValueExtendedProperties)."
                    )));
                }
            }
        }
        Ok(expand)
    }
}

fn selected(text: &str) -> Result<Vec<String>, ApiError> {
    let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
    let known = |name: &str| {
        let known = PROPERTIES.iter().find(|known| known.eq_ignore_ascii_case(name));
        let message = format!("Could not find a property named '{name}' on type 'microsoft.graph.event'.");
        known.map(|known| (*known).to_owned()).ok_or_else(|| ApiError::new(400, "BadRequest", message))
    };
    names.map(known).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expand_option_is_read_and_checked() {
        let expand = Expand::read(
            "extensions, singleValueExtendedProperties($filter=id eq 'String {a,b} Name c' or id eq 'd')",
        );
        let expand = expand.unwrap();
        assert!(expand.extensions && !expand.exceptions);
        assert!(Expand::read("exceptionOccurrences").unwrap().exceptions);
        assert_eq!(expand.properties.unwrap(), ["String {a,b} Name c", "d"]);
        for wrong in ["attachments", "singleValueExtendedProperties"] {
            assert!(Expand::read(wrong).is_err(), "{wrong}");
        }
    }
}
