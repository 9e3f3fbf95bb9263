//! The colors of calendars and events, which the API identifies by number.

use crate::reply::{Reply, ok};
use serde_json::{Map, Value, json};

/// The event colors, numbered from 1.
const EVENTS: [&str; 11] = [
    "#7986cb", "#33b679", "#8e24aa", "#e67c73", "#f6bf26", "#f4511e", "#039be5", "#616161", "#3f51b5",
    "#0b8043", "#d50000",
];

/// The calendar colors, numbered from 1.
const CALENDARS: [&str; 24] = [
    "#ac725e", "#d06b64", "#f83a22", "#fa573c", "#ff7537", "#ffad46", "#42d692", "#16a765", "#7bd148",
    "#b3dc6c", "#fbe983", "#fad165", "#92e1c0", "#9fe1e7", "#9fc6e7", "#4986e7", "#9a9cff", "#b99aff",
    "#c2c2c2", "#cabdbf", "#cca6ac", "#f691b2", "#cd74e6", "#a47ae2",
];

/// The text color on every background color.
pub(super) const FOREGROUND: &str = "#1d1d1d";

pub(super) fn reply() -> Reply {
    ok(&json!({
        "kind": "calendar#colors",
        "updated": "2012-02-14T00:00:00.000Z",
        "calendar": table(&CALENDARS),
        "event": table(&EVENTS),
    }))
}

fn table(colors: &[&str]) -> Value {
    let entry = |(at, color): (usize, &&str)| {
        ((at + 1).to_string(), json!({ "background": color, "foreground": FOREGROUND }))
    };
    Value::Object(colors.iter().enumerate().map(entry).collect::<Map<_, _>>())
}

/// Returns the number of an event color, if the palette contains it.
pub(super) fn number(color: &str) -> Option<String> {
    EVENTS.iter().position(|known| known.eq_ignore_ascii_case(color)).map(|at| (at + 1).to_string())
}

/// Returns the event color with this number.
pub(super) fn of_number(number: &str) -> Option<&'static str> {
    let at = number.parse::<usize>().ok()?.checked_sub(1)?;
    EVENTS.get(at).copied()
}

/// Returns the number of a calendar color, and the color. A color outside the palette gets number 14. A
/// calendar without a color gets the color of number 14, light blue.
pub(super) fn number_of_calendar(color: Option<&str>) -> (String, &str) {
    let known = |color: &str| CALENDARS.iter().position(|known| known.eq_ignore_ascii_case(color));
    let at = color.and_then(known).unwrap_or(13);
    ((at + 1).to_string(), color.unwrap_or("#9fe1e7"))
}
