//! Converts Graph's events to the types of [`connect_core::types`].

use std::collections::BTreeMap;

use connect_core::types::{
    Attendee, AttendeeStatus, Availability, Conference, Event, EventStatus, Privacy, Provider, Raw,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    response::{list, non_empty_text, object, text},
    time,
};
use crate::busy::SERIES_RESPONSE;

/// Returns the entity tag of an event, from its `original`.
///
/// Pass the tag to [`UpdateEvent::if_match`](super::UpdateEvent::if_match).
pub fn etag(event: &Event) -> Option<String> {
    event.original.as_ref()?.field("@odata.etag")
}

macro_rules! item {
    ($($field:ident,)+) => {
        /// The fields of a Graph event, each as undecoded JSON.
        #[derive(Clone, Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub(super) struct EventJson<'a> {
            #[serde(borrow)]
            pub(super) id: Option<&'a RawValue>,
            #[serde(borrow, rename = "type")]
            pub(super) kind: Option<&'a RawValue>,
            #[serde(borrow)]
            pub(super) series_master_id: Option<&'a RawValue>,
            #[serde(borrow)]
            pub(super) start: Option<&'a RawValue>,
            #[serde(borrow)]
            pub(super) end: Option<&'a RawValue>,
            #[serde(borrow, rename = "@removed")]
            pub(super) removed: Option<&'a RawValue>,
            $(#[serde(borrow)] pub(super) $field: Option<&'a RawValue>,)+
        }

        impl<'a> EventJson<'a> {
            /// Fills the missing fields of an occurrence with the fields of its series.
            fn or_from_series(self, series: &EventJson<'a>) -> Self {
                Self { $($field: self.$field.or(series.$field),)+ ..self }
            }
        }
    };
}

item!(
    subject,
    body,
    body_preview,
    is_all_day,
    location,
    locations,
    web_link,
    attendees,
    organizer,
    online_meeting,
    online_meeting_url,
    online_meeting_provider,
    show_as,
    sensitivity,
    is_cancelled,
    response_status,
    last_modified_date_time,
    single_value_extended_properties,
    extensions,
);

impl<'a> EventJson<'a> {
    pub(super) fn of(raw: &'a Raw) -> Self {
        raw.decode().unwrap_or_default()
    }

    /// Whether the event is an occurrence with little more than its times, as in a change feed.
    pub(super) fn is_bare(&self) -> bool {
        self.series_id().is_some() && self.subject.is_none() && self.is_all_day.is_none()
    }

    pub(super) fn is_master(&self) -> bool {
        text(self.kind).is_some_and(|kind| kind.eq_ignore_ascii_case("seriesMaster"))
    }

    /// Returns the id of the series if the event is an occurrence.
    pub(super) fn series_id(&self) -> Option<String> {
        let kind = text(self.kind).unwrap_or_else(|| "occurrence".to_owned());
        let occurs = ["occurrence", "exception"].iter().any(|known| kind.eq_ignore_ascii_case(known));
        non_empty_text(self.series_master_id).filter(|_| occurs)
    }
}

pub(super) fn event(raw: Raw, calendar: &str, property: &str) -> Event {
    let mut event = convert(&EventJson::of(&raw), calendar, property);
    event.original = Some(raw);
    event
}

/// Converts an occurrence with little more than its times. Copies the missing fields from the
/// series.
pub(super) fn occurrence(raw: Raw, series: &Raw, calendar: &str, property: &str) -> Event {
    let (own, series) = (EventJson::of(&raw), EventJson::of(series));
    let mut event = convert(&own.clone().or_from_series(&series), calendar, property);
    let response = series.response_status.filter(|_| own.response_status.is_none());
    if let Some(response) = response.and_then(|response| response.get().parse().ok()) {
        event.extra.insert(SERIES_RESPONSE, response);
    }
    event.original = Some(raw);
    event
}

fn convert(item: &EventJson<'_>, calendar: &str, property: &str) -> Event {
    let all_day: Option<bool> = item.is_all_day.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let mut event = Event::new(Provider::Microsoft, calendar, text(item.id).unwrap_or_default());
    event.recurring_event_id = item.series_id();
    event.title = text(item.subject).unwrap_or_default();
    event.description = description(item);
    event.start = time::read(item.start, all_day == Some(true));
    event.end = time::read(item.end, all_day == Some(true));
    event.all_day = all_day;
    event.location = location(item);
    event.link = non_empty_text(item.web_link);
    event.attendees = attendees(item);
    event.conference = conference(item);
    let show_as = text(item.show_as);
    event.availability = show_as.as_deref().map(|show_as| match show_as {
        // People who work elsewhere can be booked.
        "free" | "workingElsewhere" => Availability::Free,
        _ => Availability::Busy,
    });
    event.privacy = text(item.sensitivity).map(|sensitivity| match &*sensitivity {
        "normal" => Privacy::Public,
        "personal" | "private" => Privacy::Private,
        other => Privacy::from(other),
    });
    event.status = status(item, show_as.as_deref());
    event.custom = custom(item, property);
    event.last_modified = non_empty_text(item.last_modified_date_time)
        .filter(|text| text.starts_with(|first: char| first.is_ascii_digit()))
        .and_then(|text| text.parse().ok());
    event
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct NestedJson<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    display_name: Option<&'a RawValue>,
    #[serde(borrow)]
    join_url: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
}

fn description(item: &EventJson<'_>) -> Option<String> {
    non_empty_text(object::<NestedJson<'_>>(item.body).content).or_else(|| non_empty_text(item.body_preview))
}

fn location(item: &EventJson<'_>) -> Option<String> {
    let name = |raw| non_empty_text(object::<NestedJson<'_>>(raw).display_name);
    name(item.location).or_else(|| list(item.locations).into_iter().find_map(|raw| name(Some(raw))))
}

fn conference(item: &EventJson<'_>) -> Option<Conference> {
    let meeting: NestedJson<'_> = object(item.online_meeting);
    let mut conference = Conference::default();
    conference.url =
        Some(non_empty_text(meeting.join_url).or_else(|| non_empty_text(item.online_meeting_url))?);
    conference.provider =
        non_empty_text(item.online_meeting_provider).filter(|provider| provider != "unknown");
    Some(conference)
}

fn status(item: &EventJson<'_>, show_as: Option<&str>) -> Option<EventStatus> {
    let cancelled = item.is_cancelled.is_some_and(|raw| raw.get() == "true");
    let response = text(object::<NestedJson<'_>>(item.response_status).response);
    if cancelled {
        Some(EventStatus::Cancelled)
    } else if show_as == Some("tentative") || response.as_deref() == Some("tentativelyAccepted") {
        Some(EventStatus::Tentative)
    } else {
        // Without `isCancelled` and `showAs`, the status is unknown.
        (item.is_cancelled.is_some() || show_as.is_some()).then_some(EventStatus::Confirmed)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct PersonJson<'a> {
    #[serde(borrow)]
    email_address: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct AddressJson<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    address: Option<&'a RawValue>,
}

/// Returns the guests and the organizer. Graph has a separate field for the organizer.
fn attendees(item: &EventJson<'_>) -> Vec<Attendee> {
    let mut guests: Vec<_> = list(item.attendees).into_iter().filter_map(|raw| attendee(Some(raw))).collect();
    let Some(mut organizer) = attendee(item.organizer) else { return guests };
    organizer.organizer = Some(true);
    match guests.iter_mut().find(|guest| guest.email.eq_ignore_ascii_case(&organizer.email)) {
        Some(guest) => guest.organizer = Some(true),
        None => guests.push(organizer),
    }
    guests
}

fn attendee(raw: Option<&RawValue>) -> Option<Attendee> {
    let person: PersonJson<'_> = object(raw);
    let address: AddressJson<'_> = object(person.email_address);
    let mut attendee = Attendee::default();
    attendee.email = non_empty_text(address.address)?;
    match text(object::<NestedJson<'_>>(person.status).response).as_deref() {
        Some("accepted") => attendee.status = Some(AttendeeStatus::Accepted),
        Some("declined") => attendee.status = Some(AttendeeStatus::Declined),
        Some("tentativelyAccepted") => attendee.status = Some(AttendeeStatus::Tentative),
        Some("none" | "notResponded") => attendee.status = Some(AttendeeStatus::None),
        // Graph sets this value for the organizer, who sends no response.
        Some("organizer") => attendee.organizer = Some(true),
        Some(other) => attendee.status = Some(AttendeeStatus::from(other)),
        None => {}
    }
    if let Some(name) = non_empty_text(address.name).filter(|name| *name != attendee.email) {
        if let Ok(name) = Raw::from_value(&name) {
            attendee.extra.insert("name", name);
        }
    }
    Some(attendee)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PropertyJson<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

/// Reads the `custom` fields from the extended property. If the property is missing, reads the open
/// extensions.
fn custom(item: &EventJson<'_>, property: &str) -> Option<Raw> {
    let own = list(item.single_value_extended_properties).into_iter().find_map(|raw| {
        let read: PropertyJson<'_> = object(Some(raw));
        // Graph may change upper and lower case of the GUID in the id.
        text(read.id).filter(|id| id.eq_ignore_ascii_case(property))?;
        text(read.value)?.parse().ok().filter(|raw: &Raw| raw.get().starts_with('{'))
    });
    own.or_else(|| extensions(item))
}

fn extensions(item: &EventJson<'_>) -> Option<Raw> {
    let mut fields: BTreeMap<String, Raw> = BTreeMap::new();
    for extension in list(item.extensions) {
        let read: BTreeMap<String, Raw> = object(Some(extension));
        let own = |name: &str| name != "id" && name != "extensionName" && !name.contains('@');
        fields.extend(read.into_iter().filter(|(name, _)| own(name)));
    }
    if fields.is_empty() { None } else { Raw::from_value(&fields).ok() }
}
