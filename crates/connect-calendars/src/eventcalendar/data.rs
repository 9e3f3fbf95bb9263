//! Converts events to the JSON for a web page that shows an Eventcalendar.

use std::collections::{BTreeMap, BTreeSet};

use connect_core::types::{Event, EventStatus, EventTime, Provider, Raw};
use jiff::{civil::Date, fmt::strtime, tz::TimeZone};
use serde::{
    Serialize, Serializer,
    ser::{SerializeMap, SerializeSeq},
};

use super::{last_day, page_event::DISPLAY_FIELDS, series::Series};
use crate::EventSeries;

/// The `data` of an Eventcalendar. Serializes as a list of events.
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

/// Returns the `data` of an Eventcalendar for these events, without the cancelled ones.
///
/// An event has `id`, `title`, `start`, `end`, `allDay`, `color`, the calendar id as `googleCalendarId` or
/// `outlookCalendarId`, and the original object as `googleEvent` or `outlookEvent`. Custom fields of the
/// application are written under their names; a custom field with a reserved name is in `connectCustom`.
/// Instants are in UTC, and all-day events end on their last day.
///
/// A series has its rule as `recurring`. The times of a series are in the zone in which the days of
/// the rule are counted, and `timezone` names this zone. To show series, the page needs a timezone
/// plugin. `recurringException` lists the days of occurrences that are cancelled, or that are also
/// in `events`.
///
/// The Eventcalendar cannot express a series with several rules, with additional dates (RDATE), or with
/// BYSETPOS and BYMONTHDAY (unless they select the last day of the month), nor a timed series whose zone is
/// unknown or not named, such as a floating series of Apple. Of a series that the Eventcalendar cannot
/// express, only the first occurrence is written, as a single event. To show every occurrence of such a
/// series, list occurrences instead of series.
pub fn data<'a>(events: impl IntoIterator<Item = &'a Event>) -> Data<'a> {
    let events = events.into_iter().collect();
    Data { events, exclusive_ends: false, zone: None, resources: false, read_only: false, originals: true }
}

impl Data<'_> {
    /// Ends all-day events on the day after their last day. Call this method for an Eventcalendar
    /// with `exclusiveEndDates` or a time zone.
    pub fn exclusive_ends(mut self) -> Self {
        self.exclusive_ends = true;
        self
    }

    /// Writes instants with their offset in this zone, and the zone as `timezone`. The times of a series are
    /// still written in the zone of its rule.
    pub fn time_zone(mut self, zone: TimeZone) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Writes the calendar id as `resource`.
    pub fn resources(mut self) -> Self {
        self.resources = true;
        self
    }

    /// Writes `editable: false`, so that users of the page cannot change the events.
    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }

    /// Omits the original objects of the providers, which can be large and reveal more than a page needs.
    pub fn without_originals(mut self) -> Self {
        self.originals = false;
        self
    }

    /// The original starts of the occurrences among the events, by series.
    fn moved<'a>(
        &'a self,
        series: &BTreeMap<SeriesKey<'a>, &Event>,
    ) -> BTreeMap<SeriesKey<'a>, Vec<EventTime>> {
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

/// The id of a calendar, and the id of a series in this calendar.
type SeriesKey<'a> = (Option<&'a str>, &'a str);

fn key(event: &Event) -> SeriesKey<'_> {
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
            // Omitted, because browsers read an invalid time in different ways.
            (EventTime::Unreadable(_), _) => None,
            (time, _) => Some(time.to_string()),
        }
    }

    /// The days on which the page does not show an occurrence of the series.
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

/// The field that contains custom fields with names that the Eventcalendar or this module uses.
pub(super) const CUSTOM_FIELD: &str = "connectCustom";

/// Reserved field names, which custom fields do not overwrite.
pub(super) const RESERVED_FIELDS: [&str; 19] = [
    CUSTOM_FIELD,
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
        optional_entry(&mut map, "start", self.time(&event.start))?;
        optional_entry(&mut map, "end", last_day.or_else(|| self.time(&event.end)))?;
        map.serialize_entry("allDay", &(event.all_day == Some(true) || is_day))?;
        optional_entry(&mut map, "color", event.color.as_deref())?;
        optional_entry(
            &mut map,
            "timezone",
            self.zone().and_then(TimeZone::iana_name).filter(|_| is_instant),
        )?;
        optional_entry(&mut map, "editable", data.read_only.then_some(false))?;
        if let Some(series) = self.series {
            map.serialize_entry("recurring", &series.rule)?;
            optional_entry(
                &mut map,
                "recurringException",
                Some(self.exceptions(series)).filter(|days| !days.is_empty()),
            )?;
            optional_entry(&mut map, "recurringExceptionRule", series.exception_rule.as_deref())?;
        }
        optional_entry(&mut map, "resource", event.calendar_id.as_deref().filter(|_| data.resources))?;
        for (provider, calendar, original) in [
            (Provider::Google, "googleCalendarId", "googleEvent"),
            (Provider::Microsoft, "outlookCalendarId", "outlookEvent"),
        ] {
            if event.provider == Some(provider) {
                optional_entry(&mut map, calendar, event.calendar_id.as_deref())?;
                optional_entry(&mut map, original, event.original.as_ref().filter(|_| data.originals))?;
            }
        }
        let own: BTreeMap<String, Raw> =
            event.custom.as_ref().and_then(|raw| raw.decode().ok()).unwrap_or_default();
        for (name, value) in own.iter().filter(|(name, _)| !RESERVED_FIELDS.contains(&name.as_str())) {
            map.serialize_entry(name, value)?;
        }
        let taken = |name: &str| RESERVED_FIELDS.contains(&name) || DISPLAY_FIELDS.contains(&name);
        let taken: BTreeMap<_, _> = own.iter().filter(|(name, _)| taken(name)).collect();
        optional_entry(&mut map, CUSTOM_FIELD, Some(taken).filter(|taken| !taken.is_empty()))?;
        map.end()
    }
}

fn optional_entry<M: SerializeMap>(
    map: &mut M,
    name: &'static str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
}
