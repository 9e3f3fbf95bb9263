//! Reads dates, times and durations of iCalendar properties (RFC 5545 3.3).

use std::collections::BTreeMap;

use connect_core::types::{ContentLine, EventTime};
use jiff::{
    Span, ZonedDateTime,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use crate::zones;

/// A date, or a time in a time zone.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum DateOrTime {
    Day(Date),
    At(ZonedDateTime),
}

impl DateOrTime {
    pub(super) fn event_time(&self) -> EventTime {
        match self {
            Self::Day(day) => EventTime::Date(*day),
            Self::At(at) => EventTime::Instant(at.timestamp()),
        }
    }

    /// Returns the value as in an iCalendar file; a time is in UTC.
    pub(super) fn stamp(&self) -> String {
        match self {
            Self::Day(day) => date_stamp(*day),
            Self::At(at) => format!("{}Z", time_stamp(TimeZone::UTC.to_datetime(at.timestamp()))),
        }
    }

    fn plus(&self, span: Span) -> Option<Self> {
        match self {
            Self::Day(day) => day.checked_add(span).ok().map(Self::Day),
            Self::At(at) => at.checked_add(span).ok().map(Self::At),
        }
    }
}

/// Returns a date such as `20261231`.
pub(super) fn date_stamp(day: Date) -> String {
    format!("{:04}{:02}{:02}", day.year(), day.month(), day.day())
}

/// Returns a local time such as `20261231T235959`.
pub(super) fn time_stamp(at: DateTime) -> String {
    format!("{}T{:02}{:02}{:02}", date_stamp(at.date()), at.hour(), at.minute(), at.second())
}

/// The time zones of a file.
#[derive(Debug, Default)]
pub(super) struct FileZones {
    /// The zones of `VTIMEZONE` components; `None` for a definition that cannot be used.
    pub(super) defined: BTreeMap<String, Option<TimeZone>>,
    /// The zone of times without a zone.
    pub(super) floating: Option<TimeZone>,
}

impl FileZones {
    fn find(&self, name: &str) -> Result<TimeZone, String> {
        if let Some(zone) = zones::named(name) {
            return Ok(zone);
        }
        match self.defined.get(name) {
            Some(Some(zone)) => Ok(zone.clone()),
            Some(None) => Err(format!(
                "the time zone {name:?} is unknown, and its VTIMEZONE has no fixed offset and no two yearly rules"
            )),
            None => Err(format!("the time zone {name:?} is unknown, and the file does not define it")),
        }
    }

    fn zone_of(&self, line: &ContentLine<'_>) -> Result<Option<TimeZone>, String> {
        line.parameter("TZID").map(|name| self.find(name)).transpose()
    }

    /// Reads a property with one date or time.
    pub(super) fn read(&self, name: &str, line: &ContentLine<'_>) -> Result<DateOrTime, String> {
        let zone = self.zone_of(line)?;
        self.value(name, line, line.value().trim(), zone.as_ref())
    }

    /// Reads a property with a list of dates or times.
    pub(super) fn read_list(&self, name: &str, line: &ContentLine<'_>) -> Result<Vec<DateOrTime>, String> {
        let zone = self.zone_of(line)?;
        line.value().split(',').map(|text| self.value(name, line, text.trim(), zone.as_ref())).collect()
    }

    fn value(
        &self,
        name: &str,
        line: &ContentLine<'_>,
        text: &str,
        zone: Option<&TimeZone>,
    ) -> Result<DateOrTime, String> {
        let kind = line.parameter("VALUE").unwrap_or("DATE-TIME");
        let known = ["DATE", "DATE-TIME"].iter().any(|known| kind.eq_ignore_ascii_case(known));
        if !known {
            return Err(format!("{name} has the unsupported type {kind:?} (expected DATE or DATE-TIME)"));
        }
        let invalid = || {
            format!("{name}: {text:?} is not a date or time (expected such as 20261231 or 20261231T180000Z)")
        };
        // `from_icalendar` also reads a date with hyphens, which is not iCalendar.
        let read = EventTime::from_icalendar(text).filter(|_| !text.contains('-')).ok_or_else(invalid)?;
        match read {
            // A UTC time in the last hours of the year 9999 is read as a date.
            EventTime::Date(day) if text.len() == 8 => Ok(DateOrTime::Day(day)),
            EventTime::Instant(at) => Ok(DateOrTime::At(at.to_zoned_datetime(TimeZone::UTC))),
            EventTime::Local(local) => {
                let zone = zone.or(self.floating.as_ref()).ok_or_else(|| {
                    format!("{name}: {text:?} has no time zone, and the zone of the file is unknown")
                })?;
                let at = local.to_zoned_datetime(zone.clone()).map_err(|_| invalid())?;
                Ok(DateOrTime::At(at))
            }
            _ => Err(invalid()),
        }
    }
}

/// Returns the time after a duration (RFC 5545 3.3.6): weeks and days in local time, and exact hours.
pub(super) fn after(start: &DateOrTime, text: &str) -> Result<DateOrTime, String> {
    let text = text.trim();
    let invalid = || format!("DURATION: {text:?} is not a valid duration (expected such as P1D or PT1H30M)");
    let (date, time) = text.split_once(['T', 't']).unwrap_or((text, ""));
    // The parser also accepts months, years and fractions, which iCalendar does not have.
    let letters = |text: &str, allowed: &str| {
        text.chars().all(|letter| letter.is_ascii_digit() || allowed.contains(letter.to_ascii_uppercase()))
    };
    if !letters(date, "+PWD") || !letters(time, "HMS") {
        return Err(invalid());
    }
    let span: Span = text.parse().map_err(|_| invalid())?;
    let whole_days = time.is_empty();
    match start {
        DateOrTime::Day(_) if !whole_days => {
            Err(format!("DURATION: {text:?} is not a number of days, but the event is all-day"))
        }
        _ => start.plus(span).ok_or_else(invalid),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<DateOrTime, String> {
        let zones = FileZones { floating: TimeZone::get("Asia/Tokyo").ok(), ..FileZones::default() };
        zones.read("DTSTART", &ContentLine::read(line).unwrap())
    }

    #[test]
    fn date_or_time_is_read_in_its_zone() {
        for (line, time) in [
            ("DTSTART:20270104T090000Z", "2027-01-04T09:00:00Z"),
            ("DTSTART;TZID=Europe/Berlin:20270104T090000", "2027-01-04T08:00:00Z"),
            ("DTSTART;TZID=\"Europe/Berlin\";VALUE=DATE-TIME:20270104T090000", "2027-01-04T08:00:00Z"),
            ("DTSTART:20270104T090000", "2027-01-04T00:00:00Z"),
            ("DTSTART;VALUE=DATE:20270104", "2027-01-04"),
            ("DTSTART:20270104", "2027-01-04"),
            // RFC 5545 3.3.5: the first of two equal local times, and the offset before a skipped hour.
            ("DTSTART;TZID=Europe/Berlin:20261025T023000", "2026-10-25T00:30:00Z"),
            ("DTSTART;TZID=Europe/Berlin:20260329T023000", "2026-03-29T01:30:00Z"),
        ] {
            assert_eq!(read(line).unwrap().event_time(), EventTime::from(time), "{line}");
        }
        for line in [
            "DTSTART:",
            "DTSTART:20270132",
            "DTSTART:2027-01-04",
            "DTSTART:20270104T250000",
            "DTSTART;TZID=Mars/Olympus:20270104T090000",
            "DTSTART;VALUE=PERIOD:20270104T090000Z/PT1H",
            "DTSTART:99991231T235959Z",
        ] {
            assert!(read(line).is_err(), "{line}");
        }
    }

    #[test]
    fn duration_is_nominal_for_days_and_exact_for_hours() {
        let start = read("DTSTART;TZID=Europe/Berlin:20270327T120000").unwrap();
        for (text, end) in [
            ("P1D", "2027-03-28T10:00:00Z"),
            ("PT24H", "2027-03-28T11:00:00Z"),
            ("P1W", "2027-04-03T10:00:00Z"),
            ("+P1DT1H30M", "2027-03-28T11:30:00Z"),
            ("PT0S", "2027-03-27T11:00:00Z"),
        ] {
            assert_eq!(after(&start, text).unwrap().event_time(), EventTime::from(end), "{text}");
        }
        for text in ["", "P", "1D", "-P1D", "P1M", "P1Y", "PT1.5H", "P9999999999999999D", "PT1H;"] {
            assert!(after(&start, text).is_err(), "{text}");
        }
        assert!(after(&read("DTSTART:20270104").unwrap(), "PT1H").is_err());
    }
}
