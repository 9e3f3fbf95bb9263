//! Parses and formats times in the user's time zone.

mod said;

use connect_hyper::types::{Event, EventTime};
use jiff::{
    Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

pub(crate) use self::said::{Said, SaidKind, is_time_of_day, is_whole_days, timed};
use crate::{
    failure::Failure,
    output::{Output, note},
};

/// Returns the user's time zone: the value of `TZ` or, if `TZ` is not set, the system's time zone.
pub(crate) fn zone() -> TimeZone {
    TimeZone::system()
}

/// Parses the name of a time zone for `--tz`.
pub(crate) fn named_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name)
        .map_err(|_| "unknown time zone (expected a name such as Europe/Berlin or UTC)".to_owned())
}

/// Returns the name of the time zone for texts; a rule in `TZ` has no name.
pub(crate) fn zone_name(zone: &TimeZone) -> &str {
    match zone.iana_name() {
        Some(name) => name,
        None if zone.is_unknown() => "UTC",
        None => "the time zone in TZ",
    }
}

/// Says on stderr which range a command uses, unless both ends were given as full dates.
pub(crate) fn note_range(out: &Output, given: [Option<&str>; 2], (start, end): (Timestamp, Timestamp)) {
    if out.json || given.into_iter().all(|text| text.is_some_and(|text| !said::is_relative(text))) {
        return;
    }
    let shown =
        |at: Timestamp| at.to_zoned_datetime(out.zone.clone()).strftime("%a %Y-%m-%d %H:%M").to_string();
    note(&format!("From {} to {} ({}).", shown(start), shown(end), zone_name(&out.zone)));
}

/// An instant or a date, from an argument.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum When {
    /// An instant and its time zone, which is `None` if the argument has an offset.
    At(Timestamp, Option<TimeZone>),
    Day(Date),
}

impl When {
    /// Parses what [`Said::parse`] parses; a time without a day means today.
    pub(crate) fn parse(option: &str, text: &str, zone: &TimeZone) -> Result<Self, Failure> {
        Said::parse(option, text, Timestamp::now(), zone)?.when()
    }

    /// Returns the start of a range. A date means its first instant.
    pub(crate) fn start(&self, zone: &TimeZone) -> Result<Timestamp, Failure> {
        match self {
            Self::At(at, _) => Ok(*at),
            Self::Day(day) => first_instant(*day, zone),
        }
    }

    /// Returns the exclusive end of a range. A date means the first instant of the next day.
    pub(crate) fn end(&self, zone: &TimeZone) -> Result<Timestamp, Failure> {
        match self {
            Self::At(at, _) => Ok(*at),
            Self::Day(day) => first_instant(day.tomorrow().map_err(out_of_range)?, zone),
        }
    }
}

fn first_instant(day: Date, zone: &TimeZone) -> Result<Timestamp, Failure> {
    Ok(day.to_zoned_datetime(zone.clone()).map_err(out_of_range)?.timestamp())
}

pub(crate) fn out_of_range(error: jiff::Error) -> Failure {
    Failure::usage("the time is out of range (expected a year from -9999 to 9999)").cause(error)
}

/// Returns the time of an event: `2026-11-23 09:00-09:30`, `2026-11-23`, `2026-11-23 to 2026-11-25`.
pub(crate) fn span(event: &Event, zone: &TimeZone) -> String {
    let start = event.start.as_ref().map(|time| Shown::of(time, zone));
    let end = event.end.as_ref().map(|time| Shown::of(time, zone));
    match (start, end) {
        (None, None) => "no time".to_owned(),
        (Some(one), None) | (None, Some(one)) => one.to_string(),
        (Some(Shown::Day(first)), Some(Shown::Day(end))) => {
            // The API's end date is exclusive; people expect the last day.
            let last = end.yesterday().unwrap_or(end).max(first);
            if last == first { first.to_string() } else { format!("{first} to {last}") }
        }
        (Some(Shown::Time(start)), Some(Shown::Time(end))) if start.date() == end.date() => {
            format!("{}-{}", start.strftime("%Y-%m-%d %H:%M"), end.strftime("%H:%M"))
        }
        (Some(Shown::Time(start)), Some(Shown::Time(end))) if start.year() == end.year() => {
            format!("{} to {}", start.strftime("%Y-%m-%d %H:%M"), end.strftime("%m-%d %H:%M"))
        }
        (Some(start), Some(end)) => format!("{start} to {end}"),
    }
}

/// Returns the time of an event and, unless it lasts whole days, the name of the time zone.
pub(crate) fn span_with_zone(event: &Event, zone: &TimeZone) -> String {
    let is_timed = event.start.as_ref().is_some_and(|start| start.instant().is_some());
    match zone.iana_name() {
        Some(name) if is_timed => format!("{} ({name})", span(event, zone)),
        _ => span(event, zone),
    }
}

/// Returns the instant of a date or time in an event; `None` if the text is neither a date nor a time.
///
/// A time without an offset is in `zone`, and a date means its midnight in `zone`.
pub(crate) fn instant_of(time: &EventTime, zone: &TimeZone) -> Option<Timestamp> {
    let civil = match time {
        EventTime::Instant(at) => return Some(*at),
        EventTime::Local(local) => *local,
        EventTime::Date(day) => day.to_datetime(jiff::civil::Time::midnight()),
        _ => return None,
    };
    civil.to_zoned_datetime(zone.clone()).ok().map(|zoned| zoned.timestamp())
}

/// Formats an instant to the minute.
pub(crate) fn instant(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M").to_string()
}

/// Formats an instant to the second.
pub(crate) fn second(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

enum Shown {
    Time(DateTime),
    Day(Date),
    Text(String),
}

impl Shown {
    fn of(time: &EventTime, zone: &TimeZone) -> Self {
        match time {
            EventTime::Instant(at) => Self::Time(at.to_zoned_datetime(zone.clone()).datetime()),
            EventTime::Local(local) => Self::Time(*local),
            EventTime::Date(day) => Self::Day(*day),
            other => Self::Text(other.to_string()),
        }
    }
}

impl std::fmt::Display for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Time(at) => write!(f, "{}", at.strftime("%Y-%m-%d %H:%M")),
            Self::Day(day) => day.fmt(f),
            Self::Text(text) => f.write_str(text),
        }
    }
}
