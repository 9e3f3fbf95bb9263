//! The field `original`: the event in the format of its provider.

use super::icalendar;
use super::render::Style;
use crate::google;
use crate::microsoft::graph;
use crate::world::calendar::{Calendar, Instance};
use crate::world::provider::Provider;
use crate::world::random::hash;
use serde_json::{Value, json};

pub(crate) fn of(calendar: &Calendar, instance: &Instance<'_>, style: Style) -> Value {
    let mut original = match calendar.provider {
        Provider::Google => google::calendar::original(calendar, instance),
        Provider::Microsoft => graph::original(calendar, instance),
        Provider::Apple | Provider::Caldav => caldav(calendar, instance, style),
    };
    if let Some(object) = original.as_object_mut() {
        object.retain(|_, value| !value.is_null());
    }
    original
}

/// Returns the original of Apple or CalDAV.
///
/// The field `data` is iCalendar text. The field `version` is a number of 2^53 or more, to reveal clients
/// that read numbers as 64-bit floats.
fn caldav(calendar: &Calendar, instance: &Instance<'_>, style: Style) -> Value {
    let id = instance.id();
    json!({
        "url": format!("{}{}.ics", calendar.id, instance.event.id),
        "etag": format!("\"{:x}\"", hash(3, &id)),
        "version": (1_u64 << 53) + hash(4, &id) % 1_000_000,
        "data": icalendar::object(instance, !style.api_1_6_0),
    })
}
