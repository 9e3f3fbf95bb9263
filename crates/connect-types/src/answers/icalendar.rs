//! As much of iCalendar (RFC 5545) as it takes to read how an event repeats.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use jiff::tz::TimeZone;

use crate::EventTime;
use crate::rrule::{read_date, read_time};

/// An event component, with its own properties alone.
#[derive(Default)]
pub(super) struct Component {
    lines: Vec<String>,
}

/// A content line: `EXDATE;TZID=Europe/Berlin:20260706T090000`.
pub(crate) struct Line<'a> {
    pub(super) name: &'a str,
    parameters: &'a str,
    pub(crate) value: &'a str,
}

/// The events of an iCalendar object. What else is in it, such as the rules of time zones, is left out.
pub(super) fn events(text: &str) -> Vec<Component> {
    let (mut events, mut open) = (Vec::new(), Vec::<String>::new());
    let mut event = Component::default();
    for line in unfolded(text) {
        let Some(read) = Line::read(&line) else { continue };
        let in_event = open.last().is_some_and(|component| component == "VEVENT");
        if read.is("BEGIN") {
            open.push(read.value.to_ascii_uppercase());
        } else if read.is("END") {
            open.pop();
            if in_event {
                events.push(core::mem::take(&mut event));
            }
        } else if in_event {
            event.lines.push(line);
        }
    }
    events
}

/// The lines, with those that were folded in one (RFC 5545 3.1).
fn unfolded(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split(['\r', '\n']).filter(|line| !line.is_empty()) {
        match (line.strip_prefix([' ', '\t']), lines.last_mut()) {
            (Some(rest), Some(last)) => last.push_str(rest),
            _ => lines.push(line.to_string()),
        }
    }
    lines
}

impl Component {
    pub(super) fn lines(&self) -> impl Iterator<Item = (&str, Line<'_>)> {
        self.lines.iter().filter_map(|line| Some((line.as_str(), Line::read(line)?)))
    }

    pub(super) fn get(&self, name: &str) -> Option<Line<'_>> {
        self.lines().map(|(_, line)| line).find(|line| line.is(name))
    }

    /// The time of a property.
    pub(super) fn time(&self, name: &str) -> Option<EventTime> {
        self.get(name)?.times().into_iter().next()
    }
}

impl<'a> Line<'a> {
    /// The value begins with the first colon outside of quotes.
    pub(crate) fn read(line: &'a str) -> Option<Self> {
        let colon = line.find(outside_quotes(':'))?;
        let (before, value) = (line.get(..colon)?, line.get(colon + 1..)?);
        let (name, parameters) = before.split_once(';').unwrap_or((before, ""));
        Some(Self { name, parameters, value })
    }

    pub(crate) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn parameter(&self, name: &str) -> Option<&'a str> {
        let mut all =
            self.parameters.split(outside_quotes(';')).filter_map(|parameter| parameter.split_once('='));
        let value = all.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)?;
        Some(value.trim_matches('"'))
    }

    /// The zone that its times are in: that of `TZID`, or UTC.
    pub(super) fn zone(&self) -> Option<&'a str> {
        self.parameter("TZID").map(iana_name).or_else(|| self.value.ends_with(['Z', 'z']).then_some("UTC"))
    }

    /// The dates and times of its list. Where the zone is not known a time stays local.
    pub(super) fn times(&self) -> Vec<EventTime> {
        let zone = self.zone().and_then(known);
        self.value.split(',').filter_map(|text| time(text.trim(), zone.as_ref())).collect()
    }
}

/// Matches a separator that no quoted text holds.
fn outside_quotes(separator: char) -> impl FnMut(char) -> bool {
    let mut quoted = false;
    move |letter| {
        quoted ^= letter == '"';
        letter == separator && !quoted
    }
}

/// The IANA name at the end of a globally unique `TZID` (RFC 5545 3.2.19), such as `/mozilla.org/20070129_1/Asia/Tokyo`;
/// any other text as it is.
fn iana_name(tzid: &str) -> &str {
    let Some(path) = tzid.strip_prefix('/') else { return tzid };
    let mut ends = path.match_indices('/').filter_map(|(at, _)| path.get(at + 1..));
    ends.find(|name| known(name).is_some()).unwrap_or(tzid)
}

fn known(zone: &str) -> Option<TimeZone> {
    TimeZone::get(zone).ok().filter(|zone| !zone.is_unknown())
}

fn time(text: &str, zone: Option<&TimeZone>) -> Option<EventTime> {
    let date = read_date(text.get(..8)?)?;
    let clock = text.get(8..)?;
    if clock.is_empty() {
        return Some(EventTime::Date(date));
    }
    let clock = clock.strip_prefix(['T', 't'])?;
    let local = date.to_datetime(read_time(clock.trim_end_matches(['Z', 'z']))?);
    let instant = if clock.ends_with(['Z', 'z']) {
        TimeZone::UTC.to_timestamp(local).ok()
    } else {
        zone.and_then(|zone| zone.to_timestamp(local).ok())
    };
    Some(instant.map_or(EventTime::Local(local), EventTime::Instant))
}
