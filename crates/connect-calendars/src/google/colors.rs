//! The colours of events. An event refers to its colour by a number.

use std::collections::BTreeMap;

use connect_core::types::{Event, Raw, ResponseBody};
use serde::{Deserialize, Deserializer};

use super::{endpoint::endpoint, json::fields};

/// The event colours that Google Calendar displays; the first has the `colorId` 1.
///
/// Google may change the colours: [`ListColors`] returns the current colours.
const EVENT_COLORS: [&str; 11] = [
    "#7986cb", "#33b679", "#8e24aa", "#e67c73", "#f6bf26", "#f4511e", "#039be5", "#616161", "#3f51b5",
    "#0b8043", "#d50000",
];

/// Returns the colour of a `colorId` as `#rrggbb`, from a built-in table.
///
/// ```
/// use connect_calendars::google::{color, color_id};
///
/// assert_eq!(color("11"), Some("#d50000"));
/// assert_eq!(color_id("#D50000").as_deref(), Some("11"));
/// ```
pub fn color(id: &str) -> Option<&'static str> {
    let number = id.parse::<usize>().ok()?.checked_sub(1)?;
    EVENT_COLORS.get(number).copied()
}

/// Returns the `colorId` of a `#rrggbb` colour, or `None` if the colour is not an event colour.
pub fn color_id(color: &str) -> Option<String> {
    let index = EVENT_COLORS.iter().position(|known| known.eq_ignore_ascii_case(color))?;
    Some((index + 1).to_string())
}

/// Reads the current colours of events and calendars (`GET /colors`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[must_use = "a call does nothing until it is sent"]
pub struct ListColors;

impl ListColors {
    /// Creates the call.
    pub fn new() -> Self {
        Self
    }
}

endpoint!(ListColors: GET "/colors" -> Colors {
    fn path(&self) -> Result<std::borrow::Cow<'_, str>, connect_core::Error> {
        Ok("/colors".into())
    }
});

/// Colours as `#rrggbb`, by `colorId`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Colors {
    /// The colours of events.
    pub events: BTreeMap<String, String>,
    /// The colours of calendars.
    pub calendars: BTreeMap<String, String>,
}

impl Colors {
    /// Sets the `color` of an event from this table instead of the built-in table.
    pub fn apply(&self, event: &mut Event) {
        let id = event.original.as_ref().and_then(|original| fields(original).remove("colorId"));
        let known = id.as_ref().and_then(Raw::text).and_then(|id| self.events.get(&id));
        if let Some(color) = known {
            event.color = Some(color.clone());
        }
    }
}

impl<'de> Deserialize<'de> for Colors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut all = fields(&Raw::deserialize(deserializer)?);
        let mut table = |name: &str| {
            let table = all.remove(name).map(|raw| fields(&raw)).unwrap_or_default();
            let background = |raw: &Raw| fields(raw).remove("background").as_ref().and_then(Raw::text);
            table.iter().filter_map(|(id, raw)| Some((id.0.clone(), background(raw)?))).collect()
        };
        Ok(Self { events: table("event"), calendars: table("calendar") })
    }
}

impl ResponseBody for Colors {}
