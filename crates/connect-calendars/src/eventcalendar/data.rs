//! From events to the JSON of a page.

use std::collections::{BTreeMap, BTreeSet};

use connect_core::types::{Event, EventStatus, EventTime, Provider, Raw};
use jiff::{civil::Date, fmt::strtime, tz::TimeZone};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

use super::{last_day, page_event::SHOWN, series::Series};
use crate::EventSeries;

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

/// The events as the `data` of an Eventcalendar: `id`, `title`, `start`, `end`, `allDay`, `color`, the calendar's id as
/// `googleCalendarId` or `outlookCalendarId`, the provider's object as `googleEvent` or `outlookEvent`, and the application's own
/// fields under their names, and in `connectCustom` those whose names are taken. Instants are in UTC, and last days inclusive. What
/// was cancelled is left out.
///
/// A series has its rule as `recurring`, and its start and `timezone` in the zone that the rule counts in: the page needs a
/// timezone plugin for it. Its occurrences that were called off, or that are among the events themselves, are its
/// `recurringException`. One with several rules, with dates beside its rule, in a zone that is not known, or on the last of some
/// days of a month that do not end it, has no form in the Eventcalendar: it goes out as the one event it begins with.
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

    /// Writes instants with the offset they have in this zone, and names it as the events' `timezone`. Series keep their own.
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

    /// The starts that occurrences among the events would have by the rules of these series.
    fn moved<'a>(&'a self, series: &BTreeMap<Key<'a>, &Event>) -> BTreeMap<Key<'a>, Vec<EventTime>> {
        let mut moved: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for event in &self.events {
            let key = event.recurring_event_id.as_deref().map(|id| (event.calendar_id.as_deref(), id));
            let start = key.and_then(|key| event.original_start_in(series.get(&key)?));
            if let Some((key, start)) = key.zip(start) {
                moved.entry(key).or_default().push(start);
            }
        }
        moved
    }
}

/// A series by its calendar and its id.
type Key<'a> = (Option<&'a str>, &'a str);

fn key(event: &Event) -> Key<'_> {
    (event.calendar_id.as_deref(), &event.id)
}

impl Serialize for Data<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shown = self.events.iter().filter(|event| event.status != Some(EventStatus::Cancelled));
        let shown: Vec<_> = shown.map(|event| (*event, Series::of(event))).collect();
        let series = shown
            .iter()
            .filter(|(_, series)| series.is_some())
            .map(|(event, _)| (key(event), *event))
            .collect();
        let moved = self.moved(&series);
        let mut list = serializer.serialize_seq(Some(shown.len()))?;
        for (event, series) in &shown {
            let moved = moved.get(&key(event)).map(Vec::as_slice).unwrap_or_default();
            list.serialize_element(&Item { data: self, event, series: series.as_ref(), moved })?;
        }
        list.end()
    }
}

struct Item<'a> {
    data: &'a Data<'a>,
    event: &'a Event,
    series: Option<&'a Series>,
    moved: &'a [EventTime],
}

impl Item<'_> {
    fn zone(&self) -> Option<&TimeZone> {
        self.series.and_then(|series| series.zone.as_ref()).or(self.data.zone.as_ref())
    }

    fn time(&self, time: &Option<EventTime>) -> Option<String> {
        match (time.as_ref()?, self.zone()) {
            (EventTime::Instant(instant), Some(zone)) => {
                strtime::format("%Y-%m-%dT%H:%M:%S.%3f%:z", &instant.to_zoned_datetime(zone.clone())).ok()
            }
            // What is no time would be read as one by the page, and another one by each browser.
            (EventTime::Unreadable(_), _) => None,
            (time, _) => Some(time.to_string()),
        }
    }

    /// The days of the series that are not to be shown.
    fn exceptions(&self, series: &Series) -> Vec<String> {
        let days: BTreeSet<Date> = series
            .exceptions
            .iter()
            .chain(self.moved)
            .filter_map(|start| series.day(start, self.zone()))
            .collect();
        days.into_iter().map(|day| day.to_string()).collect()
    }
}

/// Where fields of the application's own stand whose names mean something to the Eventcalendar, or to a
/// [`PageEvent`](super::PageEvent).
pub(super) const OWN: &str = "connectCustom";

/// The names of its fields, which those of the application do not replace.
pub(super) const NAMES: [&str; 19] = [
    OWN,
    "description",
    "location",
    "id",
    "title",
    "start",
    "end",
    "allDay",
    "color",
    "timezone",
    "editable",
    "recurring",
    "recurringException",
    "recurringExceptionRule",
    "resource",
    "googleEvent",
    "outlookEvent",
    "googleCalendarId",
    "outlookCalendarId",
];

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (data, event) = (self.data, self.event);
        let mut map = serializer.serialize_map(None)?;
        let is_time = event.end.as_ref().is_some_and(|end| end.date().is_none());
        let last_day = last_day(event).and_then(|last| match data.exclusive_ends {
            false => Some(last),
            true => last.tomorrow().ok().filter(|_| is_time),
        });
        let last_day = last_day.map(|day| day.to_string());
        let is_day = event.start.as_ref().is_some_and(|start| start.date().is_some());
        let times = [&event.start, &event.end];
        let is_instant = times.iter().any(|time| matches!(time, Some(EventTime::Instant(_))));
        map.serialize_entry("id", &event.id)?;
        map.serialize_entry("title", &event.title)?;
        some(&mut map, "start", self.time(&event.start))?;
        some(&mut map, "end", last_day.or_else(|| self.time(&event.end)))?;
        map.serialize_entry("allDay", &(event.all_day == Some(true) || is_day))?;
        some(&mut map, "color", event.color.as_deref())?;
        some(&mut map, "timezone", self.zone().and_then(TimeZone::iana_name).filter(|_| is_instant))?;
        some(&mut map, "editable", data.read_only.then_some(false))?;
        if let Some(series) = self.series {
            map.serialize_entry("recurring", &series.rule)?;
            some(
                &mut map,
                "recurringException",
                Some(self.exceptions(series)).filter(|days| !days.is_empty()),
            )?;
            some(&mut map, "recurringExceptionRule", series.exception_rule.as_deref())?;
        }
        some(&mut map, "resource", event.calendar_id.as_deref().filter(|_| data.resources))?;
        for (provider, calendar, original) in [
            (Provider::Google, "googleCalendarId", "googleEvent"),
            (Provider::Microsoft, "outlookCalendarId", "outlookEvent"),
        ] {
            if event.provider == Some(provider) {
                some(&mut map, calendar, event.calendar_id.as_deref())?;
                some(&mut map, original, event.original.as_ref().filter(|_| data.originals))?;
            }
        }
        let own: BTreeMap<String, Raw> =
            event.custom.as_ref().and_then(|raw| raw.decode().ok()).unwrap_or_default();
        for (name, value) in own.iter().filter(|(name, _)| !NAMES.contains(&name.as_str())) {
            map.serialize_entry(name, value)?;
        }
        let taken = |name: &str| NAMES.contains(&name) || SHOWN.contains(&name);
        let taken: BTreeMap<_, _> = own.iter().filter(|(name, _)| taken(name)).collect();
        some(&mut map, OWN, Some(taken).filter(|taken| !taken.is_empty()))?;
        map.end()
    }
}

fn some<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
}
