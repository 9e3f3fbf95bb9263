//! Reads the recurrences of events in the formats of all providers.

mod icalendar;

use std::mem::discriminant;

use connect_core::types::{ContentLine, Event, EventTime, Raw, Recurrence, SeriesStart};
use jiff::{
    civil::Time,
    tz::{Offset, TimeZone},
};
use serde::Deserialize;

use crate::patterned::PatternedRecurrence;

/// The recurrence of an event: see [`EventSeries::recurrence`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct EventRecurrence {
    /// The content lines of RFC 5545 3.8.5: `RRULE:..`, `EXDATE:..` and others.
    pub lines: Vec<String>,
    /// The zone in which the days of the rule are counted. `None` if the series is all-day, or if the
    /// provider names no zone.
    ///
    /// The name is as the provider wrote it: an IANA name, a Windows name (`Tokyo Standard Time`), a Windows
    /// display name (`(UTC+09:00) Osaka, Sapporo, Tokyo`), or any text of an iCalendar object. If the name is
    /// unknown, `exceptions` in this zone are [`EventTime::Local`].
    pub time_zone: Option<String>,
    /// The starts of excluded and cancelled occurrences, as far as the series itself lists them.
    pub exceptions: Vec<EventTime>,
}

impl EventRecurrence {
    /// Returns the values of the lines with this name, without parameters. The name may be in upper
    /// or lower case. The value of `RRULE;X-A="a:b":FREQ=DAILY` is `FREQ=DAILY`.
    pub fn values(&self, name: &str) -> impl Iterator<Item = &str> {
        let lines = self.lines.iter().filter_map(|line| ContentLine::read(line));
        lines.filter(move |line| line.is(name)).map(|line| line.value())
    }
}

/// Reads the series data of an [`Event`] of any provider.
///
/// The source is the `recurrence` of the event. Without a readable `recurrence`, the source is the original
/// object of the provider.
///
/// ```
/// use connect_calendars::EventSeries;
/// use connect_core::types::Event;
///
/// let event: Event = serde_json::from_str(
///     r#"{"start": "2026-01-13T08:00:00Z", "original": {"recurrence": {
///         "pattern": {"type": "weekly", "interval": 2, "daysOfWeek": ["tuesday"],
///             "firstDayOfWeek": "monday"},
///         "range": {"type": "noEnd", "startDate": "2026-01-13", "recurrenceTimeZone": "Europe/Berlin"}}}}"#,
/// )?;
/// let recurrence = event.recurrence().unwrap_or_default();
/// assert_eq!(recurrence.lines, ["RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=TU"]);
/// assert_eq!(recurrence.time_zone.as_deref(), Some("Europe/Berlin"));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub trait EventSeries {
    /// Returns the recurrence of the event. `None` for a single event, an occurrence, or an unknown format.
    ///
    /// Reads the lines of Google events, the patterns of Microsoft Graph, the iCalendar text of Apple and
    /// CalDAV, and the recurrence object of Connect requests.
    #[must_use]
    fn recurrence(&self) -> Option<EventRecurrence>;

    /// Returns the start that this occurrence has by the rule of its series. `None` if the provider does not
    /// send this start, or if the event is not an occurrence.
    ///
    /// For an occurrence of an all-day series, Microsoft Graph sends midnight in UTC. This
    /// method converts midnight to a date if the occurrence is all-day.
    /// [`original_start_in`](Self::original_start_in) converts midnight to a date if the series is
    /// all-day.
    #[must_use]
    fn original_start(&self) -> Option<EventTime>;

    /// Returns the start that this occurrence has by the rule of `series`. The start is a date if
    /// and only if the series is all-day, even if the occurrence itself is not all-day.
    #[must_use]
    fn original_start_in(&self, series: &Event) -> Option<EventTime>;
}

/// The fields of a provider's object that contain a series, in one pass over the object.
#[derive(Default, Deserialize)]
#[serde(default)]
struct OriginalSeries {
    recurrence: Option<Raw>,
    data: Option<Raw>,
}

impl EventSeries for Event {
    fn recurrence(&self) -> Option<EventRecurrence> {
        if self.recurring_event_id.is_some() {
            return None;
        }
        let own = || Some((lines(self, self.extra.get("recurrence")?)?, None));
        let original = self.original.as_ref();
        let fields = original.and_then(|original| original.decode().ok());
        let OriginalSeries { recurrence, data } = fields.unwrap_or_default();
        let provider = || {
            let raw = recurrence.as_ref()?;
            Some((lines(self, raw)?, zone_name(raw, original?)))
        };
        let calendar = || icalendar_series(&data.as_ref()?.text()?);
        let (lines, time_zone) =
            own().or_else(provider).or_else(calendar).filter(|(lines, _)| !lines.is_empty())?;
        let exceptions = exceptions(self, &lines);
        let days = self.all_day == Some(true) || matches!(self.start, Some(EventTime::Date(_)));
        let time_zone = time_zone.filter(|_| !days);
        Some(EventRecurrence { lines, time_zone, exceptions })
    }

    fn original_start(&self) -> Option<EventTime> {
        start_by_rule(self, self.all_day == Some(true))
    }

    fn original_start_in(&self, series: &Event) -> Option<EventTime> {
        start_by_rule(self, series.all_day == Some(true))
    }
}

fn start_by_rule(occurrence: &Event, days: bool) -> Option<EventTime> {
    let original = occurrence.original.as_ref().filter(|_| occurrence.recurring_event_id.is_some())?;
    let text = |raw: &Raw, name| raw.field::<String>(name).map(|text| EventTime::from(text.as_str()));
    let google = || {
        let start: Raw = original.field("originalStartTime")?;
        text(&start, "date").or_else(|| text(&start, "dateTime"))
    };
    let graph = || {
        let start = text(original, "originalStart")?;
        // Graph writes midnight in UTC for an all-day series; any other time belongs to a timed series.
        Some(if days { day_of_midnight(start) } else { start })
    };
    let calendar = || start_among(occurrence, &icalendar::events(&original.field::<String>("data")?));
    google().or_else(graph).or_else(calendar)
}

/// Converts a local midnight or a midnight in UTC to its date, and returns any other time unchanged.
fn day_of_midnight(time: EventTime) -> EventTime {
    let civil = match &time {
        EventTime::Instant(instant) => Offset::UTC.to_datetime(*instant),
        EventTime::Local(local) => *local,
        _ => return time,
    };
    if civil.time() == Time::midnight() { EventTime::Date(civil.date()) } else { time }
}

/// The original start of `occurrence` in the iCalendar object of its series. `None` if several changed
/// occurrences begin when `occurrence` begins, or if a changed occurrence begins in an unknown zone.
fn start_among(occurrence: &Event, events: &[icalendar::Component]) -> Option<EventTime> {
    let own = occurrence.start.as_ref()?;
    let (changed, series): (Vec<_>, Vec<_>) =
        events.iter().partition(|event| event.get("RECURRENCE-ID").is_some());
    let starts: Vec<_> =
        changed.into_iter().filter_map(|event| Some((event, event.time("DTSTART")?))).collect();
    let comparable = |(_, start): &(_, EventTime)| discriminant(start) == discriminant(own);
    let mut mine = starts.iter().filter(|(_, start)| start == own);
    match (mine.next(), mine.next()) {
        (Some((event, _)), None) => event.time("RECURRENCE-ID"),
        // An occurrence without a separate event in the object is unchanged.
        (None, _) if !series.is_empty() && starts.iter().all(comparable) => Some(own.clone()),
        _ => None,
    }
}

/// The starts in EXDATE lines, and the starts of cancelled Graph occurrences and iCalendar events.
fn exceptions(event: &Event, lines: &[String]) -> Vec<EventTime> {
    let lines = lines.iter().filter_map(|line| ContentLine::read(line));
    let mut all: Vec<_> = lines.filter(|line| line.is("EXDATE")).flat_map(icalendar::times).collect();
    let Some(original) = &event.original else { return all };
    let ids: Vec<String> = original.field("cancelledOccurrences").unwrap_or_default();
    // An id such as `OID.AAMk..=.2026-07-06` ends with the day of the occurrence in the zone of the series.
    let days = ids.iter().filter_map(|id| id.rsplit('.').next()?.parse().ok());
    all.extend(days.map(EventTime::Date));
    let events = original.field::<String>("data").map(|text| icalendar::events(&text)).unwrap_or_default();
    let cancelled = |event: &&icalendar::Component| {
        event.get("STATUS").is_some_and(|status| status.value().eq_ignore_ascii_case("CANCELLED"))
    };
    all.extend(events.iter().filter(cancelled).filter_map(|event| event.time("RECURRENCE-ID")));
    all
}

/// Reads content lines, a patterned recurrence of Graph, or the recurrence object of Connect requests.
fn lines(event: &Event, raw: &Raw) -> Option<Vec<String>> {
    match raw.get().trim_start().as_bytes().first()? {
        b'[' => Some(raw.decode::<Vec<String>>().ok()?.iter().flat_map(|text| content_lines(text)).collect()),
        b'"' => Some(content_lines(&raw.decode::<String>().ok()?).collect()),
        b'{' => graph_rule(event, raw).or_else(|| connect_rule(raw)).map(|line| [line].into()),
        _ => None,
    }
}

fn graph_rule(event: &Event, raw: &Raw) -> Option<String> {
    let recurrence: PatternedRecurrence = raw.decode().ok()?;
    recurrence.rrule(series_start(event, &recurrence)).ok()
}

/// The start of the series, in the zone of `recurrence` if that zone is known.
fn series_start(event: &Event, recurrence: &PatternedRecurrence) -> SeriesStart {
    let zone = || iana_zone(recurrence.time_zone.as_deref()?);
    match &event.start {
        Some(EventTime::Instant(start)) => {
            zone().map_or(SeriesStart::Instant(*start), |zone| SeriesStart::At(start.to_zoned_datetime(zone)))
        }
        _ => SeriesStart::Day(recurrence.start),
    }
}

/// The zone of an IANA name, if known.
fn iana_zone(name: &str) -> Option<TimeZone> {
    TimeZone::get(name).ok().filter(|zone| !zone.is_unknown())
}

/// The zone name of a series.
///
/// Of these fields, the first that is present: `recurrenceTimeZone` of the range (Graph),
/// `originalStartTimeZone` (Graph), `start.timeZone` (Google).
fn zone_name(recurrence: &Raw, original: &Raw) -> Option<String> {
    let filled = |raw: &Raw, name| raw.field::<String>(name).filter(|text| !text.is_empty());
    let range = || filled(&recurrence.field::<Raw>("range")?, "recurrenceTimeZone");
    let start = || {
        let start = original.field::<Raw>("start")?;
        filled(&start, "timeZone").filter(|_| start.field::<String>("dateTime").is_some())
    };
    range().or_else(|| filled(original, "originalStartTimeZone")).or_else(start)
}

/// The lines and the zone of the series in an iCalendar object.
fn icalendar_series(text: &str) -> Option<(Vec<String>, Option<String>)> {
    let events = icalendar::events(text);
    let series = events.iter().find(|event| event.get("RECURRENCE-ID").is_none())?;
    let repeats =
        |line: &ContentLine<'_>| ["RRULE", "RDATE", "EXDATE", "EXRULE"].iter().any(|name| line.is(name));
    let lines: Vec<_> =
        series.lines().filter(|(_, line)| repeats(line)).map(|(text, _)| text.to_string()).collect();
    if !lines.iter().any(|line| line.get(..1).is_some_and(|first| first.eq_ignore_ascii_case("R"))) {
        return None; // an event without RRULE and RDATE is not a series
    }
    let zone = series.get("DTSTART").and_then(|start| icalendar::zone(&start).map(ToString::to_string));
    Some((lines, zone))
}

/// The lines of a text. A rule without a name (`FREQ=..`) gets the name `RRULE`.
fn content_lines(text: &str) -> impl Iterator<Item = String> {
    text.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).map(|line| {
        let bare = line.get(..5).is_some_and(|start| start.eq_ignore_ascii_case("FREQ="));
        if bare { format!("RRULE:{line}") } else { line.to_string() }
    })
}

/// The rule of a Connect recurrence: `{"frequency": "WEEKLY", "byDay": ["MO"]}`.
fn connect_rule(raw: &Raw) -> Option<String> {
    let one = |name: &str| match raw.field::<Raw>(name)?.get() {
        "null" => None,
        text => Some(text.trim_matches('"').to_string()),
    };
    let many = |name: &str| {
        let items: Vec<Raw> = raw.field(name)?;
        let items: Vec<_> = items.iter().map(|item| item.get().trim_matches('"')).collect();
        (!items.is_empty()).then(|| items.join(","))
    };
    let mut line = format!("RRULE:FREQ={}", one("frequency")?.to_ascii_uppercase());
    let parts = [
        ("INTERVAL", one("interval").filter(|interval| interval != "1")),
        ("COUNT", one("count")),
        ("UNTIL", one("until")),
        ("BYMONTH", many("byMonth")),
        ("BYMONTHDAY", many("byMonthDay")),
        ("BYDAY", many("byDay")),
    ];
    for (name, value) in parts {
        if let Some(value) = value {
            line.push_str(&format!(";{name}={value}"));
        }
    }
    // The fields were copied without checks. An invalid rule is dropped here.
    line.parse::<Recurrence>().ok().map(|_| line)
}
