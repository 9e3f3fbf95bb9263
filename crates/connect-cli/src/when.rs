//! Parses and formats times in the user's time zone.

use connect_hyper::types::{Event, EventTime};
use jiff::{
    Timestamp, ZonedDateTime,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use crate::failure::Failure;

/// Returns the user's time zone: the value of `TZ` or, if `TZ` is not set, the system's time zone.
pub(crate) fn zone() -> TimeZone {
    TimeZone::system()
}

/// An instant or a date, from an argument.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum When {
    /// An instant and its time zone, which is `None` if the argument has an offset.
    At(Timestamp, Option<TimeZone>),
    Day(Date),
}

impl When {
    /// Parses a date, or a time such as `2026-12-24T18:00`, also with an offset, `Z` or `[Zone/Name]`.
    pub(crate) fn parse(option: &str, text: &str, zone: &TimeZone) -> Result<Self, Failure> {
        let text = text.trim();
        if let Ok(zoned) = text.parse::<ZonedDateTime>() {
            let zone = zoned.time_zone().clone();
            return Ok(Self::At(
                zoned.timestamp(),
                Some(zone).filter(|zone| zone.to_fixed_offset().is_err()),
            ));
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self::At(instant, None));
        }
        if let (Ok(date), false) = (text.parse::<Date>(), text.contains([':', 'T', 't', ' '])) {
            return Ok(Self::Day(date));
        }
        let unreadable = || {
            Failure::usage(format!("{option}: {text:?} is not a date or time"))
                .next("write 2026-12-24T18:00, 2026-12-24T18:00+01:00, or 2026-12-24 for a whole day")
        };
        if text.contains('[') {
            return Err(unreadable());
        }
        let civil: DateTime = text.parse().map_err(|_| unreadable())?;
        if zone.is_unknown() {
            return Err(Failure::usage(format!(
                "{option}: {text:?} has no offset, and your time zone is unknown"
            ))
            .next("add an offset, such as 2026-12-24T18:00+01:00, or set TZ"));
        }
        match zone.to_ambiguous_zoned_datetime(civil).unambiguous() {
            Ok(zoned) => Ok(Self::At(zoned.timestamp(), Some(zone.clone()))),
            Err(error) => Err(Failure::usage(format!(
                "{option}: {text:?} occurs twice or never, because the clocks change"
            ))
            .cause(error)
            .next("add an offset, such as 2026-10-25T02:30+01:00")),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn budapest() -> TimeZone {
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").unwrap()
    }

    fn at(text: &str) -> Result<String, Failure> {
        match When::parse("--start", text, &budapest())? {
            When::At(at, _) => Ok(at.to_string()),
            When::Day(day) => Ok(day.to_string()),
        }
    }

    #[test]
    fn local_time_is_in_the_users_zone() {
        assert_eq!(at("2026-07-01T10:00").unwrap(), "2026-07-01T08:00:00Z");
        assert_eq!(at("2026-12-01 10:00").unwrap(), "2026-12-01T09:00:00Z");
        assert_eq!(at("2026-12-01T10:00Z").unwrap(), "2026-12-01T10:00:00Z");
        assert_eq!(at("2026-12-01T10:00-05:00").unwrap(), "2026-12-01T15:00:00Z");
        assert_eq!(at("2026-12-01").unwrap(), "2026-12-01");
    }

    #[test]
    fn ambiguous_or_skipped_time_is_refused() {
        for text in ["2026-10-25T02:30", "2026-03-29T02:30"] {
            assert_eq!(at(text).unwrap_err().exit, crate::failure::Exit::Usage, "{text}");
        }
        assert_eq!(at("2026-10-25T02:30+01:00").unwrap(), "2026-10-25T01:30:00Z");
    }

    #[test]
    fn local_time_without_a_zone_is_refused() {
        let parse = |text| When::parse("--start", text, &TimeZone::unknown());
        assert!(parse("2026-12-01T10:00").is_err());
        assert!(parse("2026-12-01T10:00Z").is_ok() && parse("2026-12-01").is_ok());
    }

    #[test]
    fn invalid_time_is_refused() {
        for text in
            ["", "soon", "10:00", "2026-13-01", "2026-01-01T25:00", "2026-01-01T10:00[Nowhere/At]", "a\r\nb"]
        {
            assert!(at(text).is_err(), "{text:?}");
        }
    }
}
