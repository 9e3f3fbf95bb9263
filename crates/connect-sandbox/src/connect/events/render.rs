//! Writes events as JSON for responses and deliveries.

use super::{icalendar, odd, original};
use crate::google;
use crate::microsoft::graph;
use crate::world::calendar::{Calendar, Instance};
use crate::world::provider::Provider;
use crate::world::random::hash;
use crate::world::time;
use serde_json::{Map, Value, json};

/// The options for writing an event as JSON.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Writes `conference` as an object instead of a string.
    pub(crate) conference_object: bool,
    /// Writes `attendees` as e-mail addresses.
    pub(crate) plain_attendees: bool,
    /// Omits `calendarId`.
    pub(crate) no_calendar_id: bool,
    /// Writes some events with dates in an undocumented form.
    pub(crate) odd_dates: bool,
    /// Uses the format of API 1.6.0.
    pub(crate) api_1_6_0: bool,
    /// Writes only the busy time, for the scope `free-busy`.
    pub(crate) free_busy: bool,
}

pub(crate) fn render(calendar: &Calendar, instance: &Instance<'_>, style: Style) -> Map<String, Value> {
    let mut event =
        if style.free_busy { block(calendar, instance, style) } else { whole(calendar, instance, style) };
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
    event.insert("original".to_owned(), original::of(calendar, instance, style));
    if !style.api_1_6_0 {
        event.extend(conference(calendar, instance));
    }
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

/// Returns `conference` and `conferenceData` in the format of API 1.6.1 and later.
///
/// `conferenceData` includes the join URL and the conference object of the provider. For Apple and CalDAV,
/// the join URL is the value of the iCalendar property URL.
fn conference(calendar: &Calendar, instance: &Instance<'_>) -> Map<String, Value> {
    let fields = &instance.fields;
    let (original, url) = match calendar.provider {
        Provider::Google => (google::calendar::conference(fields), fields.conference.as_deref()),
        Provider::Microsoft => (graph::online_meeting(fields), fields.conference.as_deref()),
        Provider::Apple | Provider::Caldav => (Value::Null, icalendar::url(fields, true)),
    };
    let mut data = fields.conference_data.as_ref().and_then(Value::as_object).cloned().unwrap_or_default();
    // An update can contain these two fields if the caller sent an event of a response back.
    data.retain(|name, _| name != "url" && name != "original");
    let described = !(data.is_empty() && original.is_null());
    let url = url.map(|url| ("url".to_owned(), json!(url)));
    data.extend(url.clone());
    data.extend((!original.is_null()).then(|| ("original".to_owned(), original)));
    let url = url.map(|(_, url)| ("conference".to_owned(), url));
    url.into_iter().chain(described.then(|| ("conferenceData".to_owned(), Value::Object(data)))).collect()
}

/// Returns only the time and the calendar of an event, with an opaque id.
///
/// API 1.6.0 also returned the description (except for Google) and, for CalDAV, the conference.
fn block(calendar: &Calendar, instance: &Instance<'_>, style: Style) -> Map<String, Value> {
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
    let mut block = match block {
        Value::Object(block) => block,
        _ => Map::new(),
    };
    if style.api_1_6_0 {
        let description = fields.description.as_ref().filter(|_| calendar.provider != Provider::Google);
        block.extend(description.map(|text| ("description".to_owned(), json!(text))));
        let conference = fields.conference.as_ref().filter(|_| calendar.provider == Provider::Caldav);
        block.extend(conference.map(|url| ("conference".to_owned(), json!(url))));
    }
    block
}
