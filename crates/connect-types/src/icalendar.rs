//! The part of iCalendar (RFC 5545) needed to read recurrence rules and to detect series.

use alloc::vec::Vec;

use jiff::civil::Time;
use jiff::tz::Offset;

use crate::EventTime;
use crate::rrule::number;

/// A content line of iCalendar (RFC 5545 3.1): a name, parameters and a value.
///
/// ```
/// use connect_types::ContentLine;
///
/// let line = r#"EXDATE;X-A="b:c";TZID=Europe/Berlin:20260706T090000"#;
/// let line = ContentLine::read(line).ok_or("no content line")?;
/// assert!(line.is("exdate"));
/// assert_eq!(line.parameter("TZID"), Some("Europe/Berlin"));
/// assert_eq!(line.value(), "20260706T090000");
/// # Ok::<(), &str>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ContentLine<'a> {
    name: &'a str,
    parameters: &'a str,
    value: &'a str,
}

impl<'a> ContentLine<'a> {
    /// Reads an unfolded line. Returns `None` if the line has no colon outside quotes.
    #[must_use]
    pub fn read(line: &'a str) -> Option<Self> {
        let colon = line.find(outside_quotes(':'))?;
        let (before, value) = (line.get(..colon)?, line.get(colon + 1..)?);
        let (name, parameters) = before.split_once(';').unwrap_or((before, ""));
        Some(Self { name, parameters, value })
    }

    /// Returns whether the line has this name, ignoring case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// Returns the value of the parameter `name`, ignoring the case of the name.
    ///
    /// Double quotes around the value are removed.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut all =
            self.parameters.split(outside_quotes(';')).filter_map(|parameter| parameter.split_once('='));
        let value = all.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)?;
        Some(value.trim_matches('"'))
    }

    /// Returns the value, unchanged.
    #[must_use]
    pub fn value(&self) -> &'a str {
        self.value
    }
}

/// Returns a pattern that matches a separator outside double quotes.
fn outside_quotes(separator: char) -> impl FnMut(char) -> bool {
    let mut quoted = false;
    move |letter| {
        quoted ^= letter == '"';
        letter == separator && !quoted
    }
}

impl EventTime {
    /// Reads an iCalendar DATE or DATE-TIME (RFC 5545 3.3.4, 3.3.5). Examples: `20260706`, `20260706T090000`,
    /// `20260706T070000Z`.
    ///
    /// Also reads a date such as `2026-07-06`, as in Mobiscroll's samples. A UTC time after the latest
    /// [`Timestamp`] is read as a date: for example the UNTIL `99991231T235959Z`, which services use for a
    /// series without an end.
    ///
    /// [`Timestamp`]: jiff::Timestamp
    #[must_use]
    pub fn from_icalendar(text: &str) -> Option<Self> {
        if text.len() == "2026-07-06".len() {
            return text.parse().ok().map(Self::Date);
        }
        let (day, clock) = text.split_at_checked("20260706".len())?;
        let day: jiff::civil::Date = day.parse().ok()?;
        if clock.is_empty() {
            return Some(Self::Date(day));
        }
        let clock = clock.strip_prefix(['T', 't'])?;
        let Some(in_utc) = clock.strip_suffix(['Z', 'z']) else {
            return Some(Self::Local(day.to_datetime(time(clock)?)));
        };
        let instant = Offset::UTC.to_timestamp(day.to_datetime(time(in_utc)?));
        Some(instant.map_or(Self::Date(day), Self::Instant))
    }
}

fn time(digits: &str) -> Option<Time> {
    if digits.len() != 6 {
        return None;
    }
    Time::new(number(digits.get(..2)?)?, number(digits.get(2..4)?)?, number(digits.get(4..)?)?, 0).ok()
}

/// Returns whether a VEVENT of an iCalendar text has a recurrence.
///
/// Ignores the rules of a VTIMEZONE, which describe clock changes.
pub(crate) fn has_series(text: &str) -> bool {
    let mut components = Vec::new();
    for line in text.split(['\r', '\n']) {
        let Some((name, rest)) = line.split_once([';', ':']) else { continue };
        let is = |other| name.eq_ignore_ascii_case(other);
        let in_event = components.last().is_some_and(|open: &&str| open.eq_ignore_ascii_case("VEVENT"));
        if is("BEGIN") {
            components.push(rest);
        } else if is("END") {
            components.pop();
        } else if in_event && (is("RRULE") || is("RDATE")) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn icalendar_date_or_time_is_parsed() {
        for (text, time) in [
            ("20260706", "2026-07-06"),
            ("2026-07-06", "2026-07-06"),
            ("20260706T090000", "2026-07-06T09:00:00"),
            ("20260706T090000Z", "2026-07-06T09:00:00Z"),
            ("20260706t090000z", "2026-07-06T09:00:00Z"),
            ("99991231T235959Z", "9999-12-31"),
        ] {
            assert_eq!(EventTime::from_icalendar(text), Some(EventTime::from(time)), "{text}");
        }
        for odd in [
            "",
            "2026",
            "2026-7-6",
            "20260732",
            "-2026070",
            "20260706T",
            "20260706T09",
            "20260706T0900",
            "20260706T090060",
            "20260706T+90000",
            "20260706 090000",
            "20260706T090000ZZ",
            "20260706T09\u{e9}00",
            "2026070\u{e9}T090000",
            "soon",
        ] {
            assert_eq!(EventTime::from_icalendar(odd), None, "{odd}");
        }
    }

    #[test]
    fn rule_of_a_vtimezone_is_not_a_series() {
        let zone = "BEGIN:VTIMEZONE\r\nBEGIN:DAYLIGHT\r\nRRULE:FREQ=YEARLY\r\nRDATE:20260329T020000\r\nEND:DAYLIGHT\r\nEND:VTIMEZONE";
        let calendar = |lines: &str| {
            alloc::format!(
                "BEGIN:VCALENDAR\r\n{zone}\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR"
            )
        };
        for single in [
            "",
            "DTSTART:20260706T070000Z",
            "EXDATE:20260713T070000Z",
            "SUMMARY:RRULE:FREQ=DAILY",
            "DESCRIPTION:Its\r\n RRULE:FREQ=DAILY",
            "X-RRULE:FREQ=DAILY",
            "RRULE",
            "BEGIN:VALARM\r\nRRULE:FREQ=SECONDLY\r\nEND:VALARM",
        ] {
            assert!(!has_series(&calendar(single)), "{single}");
        }
        for series in [
            "RRULE:FREQ=DAILY",
            "rrule:freq=daily",
            "RRULE;X-A=\"b:c\":FREQ=SOMETIMES",
            "RDATE;VALUE=DATE:20260713",
            "Rdate;TZID=Europe/Berlin\r\n :20260713T090000",
            "BEGIN:VALARM\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nRRULE:FREQ=DAILY",
        ] {
            assert!(has_series(&calendar(series)), "{series}");
            assert!(
                has_series(&calendar(series).replace("\r\n", "\n").replace("VEVENT", "vevent")),
                "{series}"
            );
        }
        for odd in ["", "END:VEVENT\nRRULE:FREQ=DAILY", "RRULE:FREQ=DAILY", "BEGIN:VEVENT"] {
            assert!(!has_series(odd), "{odd:?}");
        }
    }
}
