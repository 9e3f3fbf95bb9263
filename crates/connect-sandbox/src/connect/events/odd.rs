//! Undocumented forms of start and end that the real service and its providers have sent.

use crate::world::calendar::Fields;
use crate::world::random::hash;
use crate::world::time;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Writes the dates of some events in an undocumented form. The event id determines the form.
///
/// All-day events keep the documented form, which is midnight in UTC.
pub(super) fn dates(event: &mut Map<String, Value>, fields: &Fields) {
    if fields.all_day {
        return;
    }
    let form = hash(6, event.get("id").and_then(Value::as_str).unwrap_or("")) % 9;
    let mut both = |write: fn(Timestamp) -> Value| {
        event.insert("start".to_owned(), write(fields.start));
        event.insert("end".to_owned(), write(fields.end));
    };
    match form {
        0 => both(|at| json!(at.strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string())),
        1 => both(|at| json!(time::local(at).date().to_string())),
        2 => both(|at| json!(at.strftime("%Y-%m-%dT%H:%MZ").to_string())),
        3 => both(|at| json!(at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())),
        4 => both(|_| Value::Null),
        5 => {
            event.insert("end".to_owned(), Value::Null);
        }
        6 => {
            event.remove("end");
        }
        7 => {
            event.remove("start");
            event.remove("end");
        }
        _ => {}
    }
}
