//! Converts Google's events to the types of [`connect_core::types`].

use connect_core::{
    Error, Response,
    types::{
        Attendee, AttendeeStatus, Availability, Conference, Event, EventStatus, EventTime, Extra, Privacy,
        Provider, Raw, Recurrence, Safety,
    },
};
use jiff::Timestamp;

use super::{
    colors::color,
    custom::custom,
    endpoint::read,
    json::{fields, list, text_or_number},
};

pub(super) fn read_event(response: &Response, safety: Safety, calendar: &str) -> Result<Event, Error> {
    // If the body is not an object, the error of this line contains the position.
    read::<Event>(response, safety)?;
    let raw: Raw = read(response, safety)?;
    let event = event(raw);
    Ok(event.unwrap_or_default().calendar(calendar))
}

/// Converts an event, without its calendar; `None` if the value is not an object.
pub(super) fn event(raw: Raw) -> Option<Event> {
    // `Event` decodes the fields that have the same names at Connect and Google. All other fields are in
    // `extra`.
    let read: Event = raw.decode().ok()?;
    let extra = &read.extra;
    let field = |name: &str| extra.get(name).and_then(Raw::text);
    let mut event = Event::new(Provider::Google, "", id(&read));
    event.calendar_id = None;
    event.recurring_event_id = read.recurring_event_id.filter(|id| !id.is_empty());
    event.title = field("summary").unwrap_or_default();
    let start = extra.get("start").map(time).unwrap_or_default();
    event.all_day = start.as_ref().map(|start| start.all_day);
    event.start = start.map(|start| start.time);
    event.end = extra.get("end").and_then(time).map(|end| end.time);
    event.description = read.description;
    event.location = read.location;
    event.color = field("colorId").and_then(|id| color(&id)).map(str::to_owned);
    event.link = field("htmlLink");
    event.attendees = read.attendees.into_iter().map(attendee).collect();
    event.conference = conference(field("hangoutLink"), read.conference_data.as_ref());
    event.conference_data = read.conference_data;
    event.status = read.status;
    // A deleted event may have no fields except its id.
    if event.start.is_some() {
        let free = field("transparency").as_deref() == Some("transparent");
        event.availability = Some(if free { Availability::Free } else { Availability::Busy });
        event.status = event.status.or(Some(EventStatus::Confirmed));
    }
    event.privacy = field("visibility").filter(|text| text != "default").map(Privacy::from);
    event.custom = custom(&raw);
    event.last_modified = extra.get("updated").and_then(timestamp);
    event.original = Some(raw);
    Some(event)
}

/// Returns the recurrence lines of a series, such as `RRULE:FREQ=DAILY` and `EXDATE:..`.
///
/// The lines are read from `original`. If the event is not a series, the list is empty.
pub fn recurrence_lines(event: &Event) -> Vec<String> {
    let lines = event.original.as_ref().and_then(|original| fields(original).remove("recurrence"));
    lines.map(|lines| list(&lines).iter().filter_map(Raw::text).collect()).unwrap_or_default()
}

/// Returns the rule of a series that has exactly one rule, if [`Recurrence`] can represent the rule.
///
/// [`recurrence_lines`] returns excluded and added dates as well.
pub fn recurrence(event: &Event) -> Option<Recurrence> {
    let lines = recurrence_lines(event);
    let mut rules =
        lines.iter().filter(|line| line.get(..6).is_some_and(|name| name.eq_ignore_ascii_case("RRULE:")));
    let rule = rules.next()?.parse().ok()?;
    rules.next().is_none().then_some(rule)
}

/// Returns the entity tag of an event, from its `original`.
///
/// Pass the tag to [`PatchEvent::if_match`](super::PatchEvent::if_match).
pub fn etag(event: &Event) -> Option<String> {
    fields(event.original.as_ref()?).remove("etag").as_ref().and_then(Raw::text)
}

fn id(event: &Event) -> String {
    let number = || event.extra.get("id").and_then(text_or_number);
    Some(&event.id).filter(|id| !id.is_empty()).cloned().or_else(number).unwrap_or_default()
}

struct Time {
    time: EventTime,
    all_day: bool,
}

/// Reads `{date}` or `{dateTime, timeZone}`; a time without a UTC offset is read as a local time.
fn time(raw: &Raw) -> Option<Time> {
    let moment = fields(raw);
    let of = |name: &str| moment.get(name).and_then(Raw::text).map(|text| EventTime::from(text.as_str()));
    let date = of("date").map(|time| Time { time, all_day: true });
    date.or_else(|| of("dateTime").map(|time| Time { time, all_day: false }))
}

fn timestamp(raw: &Raw) -> Option<Timestamp> {
    match EventTime::from(raw.text()?.as_str()) {
        EventTime::Instant(at) => Some(at),
        _ => None,
    }
}

/// Converts a guest. The organizer is one of the guests only if Google lists the organizer as a guest.
fn attendee(read: Attendee) -> Attendee {
    let mut attendee = Attendee::default();
    attendee.status =
        read.extra.get("responseStatus").and_then(Raw::text).map(|response| match response.as_str() {
            "needsAction" => AttendeeStatus::None,
            other => AttendeeStatus::from(other),
        });
    attendee.email = read.email;
    attendee.organizer = read.organizer;
    attendee.extra = read.extra;
    attendee.extra.remove("responseStatus");
    attendee
}

/// Returns the Meet link, or, if it is missing, the video entry point of the conference data.
fn conference(link: Option<String>, data: Option<&Raw>) -> Option<Conference> {
    let mut data = data.map(fields).unwrap_or_default();
    let entries = data.remove("entryPoints").map(|entries| list(&entries)).unwrap_or_default();
    let video = entries.iter().map(fields).find_map(|mut entry| {
        let kind = entry.remove("entryPointType").as_ref().and_then(Raw::text);
        entry.remove("uri").as_ref().and_then(Raw::text).filter(|_| kind.as_deref() == Some("video"))
    });
    let url = link.filter(|link| !link.is_empty()).or(video)?;
    let mut solution = data.remove("conferenceSolution").map(|raw| fields(&raw)).unwrap_or_default();
    let key = solution.remove("key").map(|raw| fields(&raw)).unwrap_or_default();
    let meets = key
        .get("type")
        .and_then(Raw::text)
        .map_or(url.starts_with(MEET_URL_PREFIX), |kind| kind == "hangoutsMeet");
    let mut conference = Conference::default();
    conference.provider = if meets {
        Some(GOOGLE_MEET.to_owned())
    } else {
        solution.remove("name").as_ref().and_then(Raw::text)
    };
    conference.url = Some(url);
    conference.extra = Extra::default();
    Some(conference)
}

pub(super) const MEET_URL_PREFIX: &str = "https://meet.google.com/";
/// The name of Google Meet in Connect's conference data.
pub(super) const GOOGLE_MEET: &str = "googleMeet";
