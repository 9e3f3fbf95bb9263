//! Start and end in the forms that answers of the real service and of its providers were seen in.

use crate::world::calendar::Fields;
use crate::world::random::hash;
use crate::world::time;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

/// Gives the event one of the odd forms, or leaves it as documented: the same event always has the same one.
///
/// All-day events stay, since their documented form is midnight in UTC.
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
