//! Events as the service shows them.

use super::model::{Calendar, Instance};
use super::{odd, original};
use crate::random::hash;
use crate::time;
use serde_json::{Map, Value, json};

/// How an event is shown.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// `conference` as an object in place of a text.
    pub(crate) conference_object: bool,
    /// `attendees` as bare addresses.
    pub(crate) plain_attendees: bool,
    /// Without `calendarId`.
    pub(crate) no_calendar_id: bool,
    /// Some with start and end in the odd forms.
    pub(crate) odd_dates: bool,
    /// Only when someone is busy, as the scope `free-busy` has it.
    pub(crate) free_busy: bool,
}

pub(crate) fn render(calendar: &Calendar, instance: &Instance<'_>, style: Style) -> Map<String, Value> {
    let mut event =
        if style.free_busy { block(calendar, instance) } else { whole(calendar, instance, style) };
    if style.no_calendar_id {
        event.remove("calendarId");
    }
    if style.odd_dates {
        odd::dates(&mut event, &instance.fields);
    }
    event
}

fn whole(calendar: &Calendar, instance: &Instance<'_>, style: Style) -> Map<String, Value> {
    let mut event = match json!(instance.fields.as_ref()) {
        Value::Object(event) => event,
        _ => Map::new(),
    };
    event.insert("provider".to_owned(), json!(calendar.provider));
    event.insert("id".to_owned(), json!(instance.id()));
    event.insert("calendarId".to_owned(), json!(calendar.id));
    event.insert("lastModified".to_owned(), json!(time::wire(instance.last_modified)));
    event.insert("original".to_owned(), original::of(calendar, instance));
    if let Some(series) = instance.series_id() {
        event.insert("recurringEventId".to_owned(), json!(series));
    }
    if let (true, Some(attendees)) = (style.plain_attendees, event.get_mut("attendees")) {
        *attendees = instance.fields.attendees.iter().map(|attendee| json!(attendee.email)).collect();
    }
    if style.conference_object {
        let provider =
            instance.fields.conference_data.as_ref().and_then(|data| data.get("provider")).cloned();
        if let Some(url) = event.remove("conference") {
            event.insert("conference".to_owned(), json!({ "url": url, "provider": provider }));
        }
    }
    event
}

/// A block of time that says nothing but when and where; its id says nothing either.
fn block(calendar: &Calendar, instance: &Instance<'_>) -> Map<String, Value> {
    let fields = &instance.fields;
    let id = format!("busy_{:016x}", hash(hash(0, &calendar.id), &instance.id()));
    let block = json!({
        "provider": calendar.provider,
        "id": id,
        "calendarId": calendar.id,
        "start": time::wire(fields.start),
        "end": time::wire(fields.end),
        "allDay": fields.all_day,
        "availability": "busy",
    });
    match block {
        Value::Object(block) => block,
        _ => Map::new(),
    }
}
