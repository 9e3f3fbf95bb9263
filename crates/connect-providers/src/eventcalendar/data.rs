//! From events to the JSON of a page.

use connect_core::types::{Event, EventTime, Provider, Raw};
use jiff::{fmt::strtime, tz::TimeZone};
use serde::{Serialize, Serializer};

use super::last_day;

/// Events as the `data` of an Eventcalendar. It serializes as a list.
#[derive(Clone, Debug)]
#[must_use]
pub struct Data<'a> {
    events: Vec<&'a Event>,
    exclusive_ends: bool,
    zone: Option<TimeZone>,
    resources: bool,
    read_only: bool,
    originals: bool,
}

/// The events as the `data` of an Eventcalendar: `id`, `title`, `start`, `end`, `allDay`, `color`, for a master whose
/// provider's object has one rule and nothing else `recurring`, and the provider's object as `googleEvent` or `outlookEvent`. Instants
/// are in UTC, and last days inclusive.
pub fn data<'a>(events: impl IntoIterator<Item = &'a Event>) -> Data<'a> {
    let events = events.into_iter().collect();
    Data { events, exclusive_ends: false, zone: None, resources: false, read_only: false, originals: true }
}

impl Data<'_> {
    /// Ends all-day events with the day after their last, for an Eventcalendar with `exclusiveEndDates`, or with a time zone.
    pub fn exclusive_ends(mut self) -> Self {
        self.exclusive_ends = true;
        self
    }

    /// Writes instants with the offset they have in this zone, and names it as the events' `timezone`.
    pub fn time_zone(mut self, zone: TimeZone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Names the calendar's id as the `resource`.
    pub fn resources(mut self) -> Self {
        self.resources = true;
        self
    }

    /// The page is not to let its user change them: `editable` is false.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Without the providers' objects, which can be large and say more than a page need know.
    pub fn without_originals(mut self) -> Self {
        self.originals = false;
        self
    }

    fn item<'e>(&self, event: &'e Event) -> Item<'e> {
        let original =
            |provider| event.original.as_ref().filter(|_| self.originals && event.provider == Some(provider));
        let last_day = last_day(event).filter(|_| !self.exclusive_ends).map(|day| day.to_string());
        let day = event.start.as_ref().and_then(EventTime::date);
        let time = |time: &Option<EventTime>| time.as_ref().and_then(|time| self.time(time));
        let is_instant =
            [&event.start, &event.end].iter().any(|time| matches!(time, Some(EventTime::Instant(_))));
        Item {
            id: &event.id,
            title: &event.title,
            start: time(&event.start),
            end: last_day.or_else(|| time(&event.end)),
            all_day: event.all_day == Some(true) || day.is_some(),
            color: event.color.as_deref(),
            timezone: self
                .zone
                .as_ref()
                .and_then(TimeZone::iana_name)
                .filter(|_| is_instant)
                .map(str::to_owned),
            editable: self.read_only.then_some(false),
            recurring: rule(event),
            resource: event.calendar_id.as_deref().filter(|_| self.resources),
            google_event: original(Provider::Google),
            outlook_event: original(Provider::Microsoft),
        }
    }

    fn time(&self, time: &EventTime) -> Option<String> {
        match (time, &self.zone) {
            (EventTime::Instant(instant), Some(zone)) => {
                strtime::format("%Y-%m-%dT%H:%M:%S.%3f%:z", &instant.to_zoned_datetime(zone.clone())).ok()
            }
            // What is no time would be read as one by the page, and another one by each browser.
            (EventTime::Unreadable(_), _) => None,
            (time, _) => Some(time.to_string()),
        }
    }
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.events.iter().map(|event| self.item(event)))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    start: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end: Option<String>,
    all_day: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    timezone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    editable: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurring: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    google_event: Option<&'a Raw>,
    #[serde(skip_serializing_if = "Option::is_none")]
    outlook_event: Option<&'a Raw>,
}

/// The rule of a master, without its name. With exceptions it would show what there is not: none then.
fn rule(event: &Event) -> Option<String> {
    let original = event.original.as_ref().filter(|_| event.recurring_event_id.is_none())?;
    let lines: Vec<String> = original.field("recurrence")?;
    match lines.as_slice() {
        [line] => line.strip_prefix("RRULE:").map(str::to_owned),
        _ => None,
    }
}
