//! An event of Graph as the event of all providers.

use std::collections::BTreeMap;

use connect_core::types::{
    Attendee, AttendeeStatus, Availability, Conference, Event, EventStatus, Privacy, Provider, Raw,
};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    answer::{filled, list, object, text},
    time,
};
use crate::busy::SERIES_RESPONSE;

/// Which state an event of Graph is in: for [`UpdateEvent::if_match`](super::UpdateEvent::if_match).
pub fn etag(event: &Event) -> Option<String> {
    event.original.as_ref()?.field("@odata.etag")
}

macro_rules! item {
    ($($field:ident,)+) => {
        /// The fields of an event, each as text.
        #[derive(Clone, Default, Deserialize)]
        #[serde(rename_all = "camelCase", default)]
        pub(super) struct Item<'a> {
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

        impl<'a> Item<'a> {
            /// With what an occurrence has of its series, where it does not say itself.
            fn of_series(self, series: &Item<'a>) -> Self {
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

impl<'a> Item<'a> {
    pub(super) fn of(raw: &'a Raw) -> Self {
        raw.decode().unwrap_or_default()
    }

    /// Whether it is an occurrence that says little more than when it is.
    pub(super) fn is_bare(&self) -> bool {
        self.series().is_some() && self.subject.is_none() && self.is_all_day.is_none()
    }

    pub(super) fn is_master(&self) -> bool {
        text(self.kind).is_some_and(|kind| kind.eq_ignore_ascii_case("seriesMaster"))
    }

    /// The id of the series that it is an occurrence of.
    pub(super) fn series(&self) -> Option<String> {
        let kind = text(self.kind).unwrap_or_else(|| "occurrence".to_owned());
        let occurs = ["occurrence", "exception"].iter().any(|known| kind.eq_ignore_ascii_case(known));
        filled(self.series_master_id).filter(|_| occurs)
    }
}

/// The event of a calendar.
pub(super) fn event(raw: Raw, calendar: &str, property: &str) -> Event {
    let mut event = convert(&Item::of(&raw), calendar, property);
    event.original = Some(raw);
    event
}

/// A bare occurrence, with what it does not say from its series.
pub(super) fn occurrence(raw: Raw, series: &Raw, calendar: &str, property: &str) -> Event {
    let (own, series) = (Item::of(&raw), Item::of(series));
    let mut event = convert(&own.clone().of_series(&series), calendar, property);
    let response = series.response_status.filter(|_| own.response_status.is_none());
    if let Some(response) = response.and_then(|response| response.get().parse().ok()) {
        event.extra.insert(SERIES_RESPONSE, response);
    }
    event.original = Some(raw);
    event
}

fn convert(item: &Item<'_>, calendar: &str, property: &str) -> Event {
    let all_day: Option<bool> = item.is_all_day.and_then(|raw| serde_json::from_str(raw.get()).ok());
    let mut event = Event::new(Provider::Microsoft, calendar, text(item.id).unwrap_or_default());
    event.recurring_event_id = item.series();
    event.title = text(item.subject).unwrap_or_default();
    event.description = description(item);
    event.start = time::read(item.start, all_day == Some(true));
    event.end = time::read(item.end, all_day == Some(true));
    event.all_day = all_day;
    event.location = location(item);
    event.link = filled(item.web_link);
    event.attendees = attendees(item);
    event.conference = conference(item);
    let show_as = text(item.show_as);
    event.availability = show_as.as_deref().map(|show_as| match show_as {
        // Who works elsewhere can be booked.
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
    event.last_modified = filled(item.last_modified_date_time)
        .filter(|text| text.starts_with(|first: char| first.is_ascii_digit()))
        .and_then(|text| text.parse().ok());
    event
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Named<'a> {
    #[serde(borrow)]
    content: Option<&'a RawValue>,
    #[serde(borrow)]
    display_name: Option<&'a RawValue>,
    #[serde(borrow)]
    join_url: Option<&'a RawValue>,
    #[serde(borrow)]
    response: Option<&'a RawValue>,
}

fn description(item: &Item<'_>) -> Option<String> {
    filled(object::<Named<'_>>(item.body).content).or_else(|| filled(item.body_preview))
}

fn location(item: &Item<'_>) -> Option<String> {
    let name = |raw| filled(object::<Named<'_>>(raw).display_name);
    name(item.location).or_else(|| list(item.locations).into_iter().find_map(|raw| name(Some(raw))))
}

fn conference(item: &Item<'_>) -> Option<Conference> {
    let meeting: Named<'_> = object(item.online_meeting);
    let mut conference = Conference::default();
    conference.url = Some(filled(meeting.join_url).or_else(|| filled(item.online_meeting_url))?);
    conference.provider = filled(item.online_meeting_provider).filter(|provider| provider != "unknown");
    Some(conference)
}

fn status(item: &Item<'_>, show_as: Option<&str>) -> Option<EventStatus> {
    let cancelled = item.is_cancelled.is_some_and(|raw| raw.get() == "true");
    let response = text(object::<Named<'_>>(item.response_status).response);
    if cancelled {
        Some(EventStatus::Cancelled)
    } else if show_as == Some("tentative") || response.as_deref() == Some("tentativelyAccepted") {
        Some(EventStatus::Tentative)
    } else {
        // What says nothing of it is no answer to whether it takes place.
        (item.is_cancelled.is_some() || show_as.is_some()).then_some(EventStatus::Confirmed)
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Person<'a> {
    #[serde(borrow)]
    email_address: Option<&'a RawValue>,
    #[serde(borrow)]
    status: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Address<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    address: Option<&'a RawValue>,
}

/// The guests, and who invites them: Graph has the organizer beside the guests, Connect among them.
fn attendees(item: &Item<'_>) -> Vec<Attendee> {
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
    let person: Person<'_> = object(raw);
    let address: Address<'_> = object(person.email_address);
    let mut attendee = Attendee::default();
    attendee.email = filled(address.address)?;
    match text(object::<Named<'_>>(person.status).response).as_deref() {
        Some("accepted") => attendee.status = Some(AttendeeStatus::Accepted),
        Some("declined") => attendee.status = Some(AttendeeStatus::Declined),
        Some("tentativelyAccepted") => attendee.status = Some(AttendeeStatus::Tentative),
        Some("none" | "notResponded") => attendee.status = Some(AttendeeStatus::None),
        // Nobody asks the organizer.
        Some("organizer") => attendee.organizer = Some(true),
        Some(other) => attendee.status = Some(AttendeeStatus::from(other)),
        None => {}
    }
    if let Some(name) = filled(address.name).filter(|name| *name != attendee.email) {
        if let Ok(name) = Raw::from_value(&name) {
            attendee.extra.insert("name", name);
        }
    }
    Some(attendee)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Property<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    value: Option<&'a RawValue>,
}

/// The application's own fields: the property's text, else what open extensions there are.
fn custom(item: &Item<'_>, property: &str) -> Option<Raw> {
    let own = list(item.single_value_extended_properties).into_iter().find_map(|raw| {
        let read: Property<'_> = object(Some(raw));
        // The id comes back with its GUID in another case.
        text(read.id).filter(|id| id.eq_ignore_ascii_case(property))?;
        text(read.value)?.parse().ok().filter(|raw: &Raw| raw.get().starts_with('{'))
    });
    own.or_else(|| extensions(item))
}

fn extensions(item: &Item<'_>) -> Option<Raw> {
    let mut fields: BTreeMap<String, Raw> = BTreeMap::new();
    for extension in list(item.extensions) {
        let read: BTreeMap<String, Raw> = object(Some(extension));
        let own = |name: &str| name != "id" && name != "extensionName" && !name.contains('@');
        fields.extend(read.into_iter().filter(|(name, _)| own(name)));
    }
    if fields.is_empty() { None } else { Raw::from_value(&fields).ok() }
}
