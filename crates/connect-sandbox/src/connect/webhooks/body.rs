//! The body of a delivery: the documented form, or the form of the test vectors of the official SDKs.

use crate::connect::events::{Style, render};
use crate::world::calendar::{Calendar, ChangeKind, Changed};
use crate::world::time;
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

pub(super) struct Content<'a> {
    pub(super) user: &'a str,
    pub(super) channel: &'a str,
    pub(super) initial: bool,
    pub(super) at: Timestamp,
    pub(super) changes: &'a [Changed],
}

pub(super) fn compose(calendar: &Calendar, content: &Content<'_>, style: Style, vector: bool) -> Bytes {
    let body = if vector { vector_form(calendar, content) } else { documented(calendar, content, style) };
    Bytes::from(body.to_string())
}

fn documented(calendar: &Calendar, content: &Content<'_>, style: Style) -> Value {
    let events: Vec<_> = content.changes.iter().filter_map(|one| event(calendar, one, style)).collect();
    json!({
        "provider": calendar.provider,
        "userId": content.user,
        "calendarId": calendar.id,
        "changeType": common_kind(content).map_or("mixed", ChangeKind::name),
        "timestamp": time::wire(content.at),
        "metadata": {
            "channelId": content.channel,
            "eventCount": events.len(),
            "isInitialSync": content.initial,
        },
        "events": events,
    })
}

/// Writes the body in the form of the test vectors.
///
/// No test vector has changes of several kinds. A delivery with several kinds is written as `updated`.
fn vector_form(calendar: &Calendar, content: &Content<'_>) -> Value {
    let brief =
        |one: &Changed| json!({ "id": one.id, "title": one.title, "lastModified": time::wire(one.at) });
    let kind = common_kind(content).unwrap_or(ChangeKind::Updated);
    json!({
        "eventType": format!("event.{}", kind.name()),
        "userId": content.user,
        "provider": calendar.provider,
        "calendarId": calendar.id,
        "events": content.changes.iter().map(brief).collect::<Vec<_>>(),
    })
}

/// Returns the kind of the changes; `None` if the changes have different kinds.
///
/// Returns `Created` if there are no changes, as in the first delivery of a calendar without events.
fn common_kind(content: &Content<'_>) -> Option<ChangeKind> {
    let first = content.changes.first().map_or(ChangeKind::Created, |one| one.kind);
    content.changes.iter().all(|one| one.kind == first).then_some(first)
}

/// Returns the event in the form of `GET /events`, or the known fields of a deleted event.
fn event(calendar: &Calendar, changed: &Changed, style: Style) -> Option<Map<String, Value>> {
    let mut event = match changed.kind {
        ChangeKind::Deleted => deleted(calendar, changed, style),
        _ => {
            let target = calendar.locate(&changed.id)?;
            calendar.show(&target, |one| render(calendar, one, style))?
        }
    };
    event.insert("changeType".to_owned(), json!(changed.kind));
    Some(event)
}

fn deleted(calendar: &Calendar, changed: &Changed, style: Style) -> Map<String, Value> {
    let known = [
        ("provider", json!(calendar.provider)),
        ("id", json!(changed.id)),
        ("calendarId", json!(calendar.id)),
        ("title", json!(changed.title)),
        ("status", json!("cancelled")),
        ("recurringEventId", json!(changed.series)),
    ];
    let hidden = |name| style.no_calendar_id && name == "calendarId";
    let shown = known.into_iter().filter(|(name, value)| !value.is_null() && !hidden(*name));
    shown.map(|(name, value)| (name.to_owned(), value)).collect()
}

/// Returns the event of a change in the form of a delivery; null if the event does not exist.
pub(super) fn changed_event(calendar: &Calendar, changed: &Changed, style: Style) -> Value {
    event(calendar, changed, style).map_or(Value::Null, Value::Object)
}
