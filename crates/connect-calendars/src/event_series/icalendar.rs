//! A minimal iCalendar parser (RFC 5545), enough to read recurrences.

use connect_core::types::{ContentLine, EventTime};

use super::iana_zone;

/// An event component: its own properties, without nested components.
#[derive(Default)]
pub(super) struct Component {
    lines: Vec<String>,
}

/// The events of an iCalendar object. Other components, such as time zones, are skipped.
pub(super) fn events(text: &str) -> Vec<Component> {
    let (mut events, mut open) = (Vec::new(), Vec::<String>::new());
    let mut event = Component::default();
    for line in unfolded(text) {
        let Some(read) = ContentLine::read(&line) else { continue };
        let in_event = open.last().is_some_and(|component| component == "VEVENT");
        if read.is("BEGIN") {
            open.push(read.value().to_ascii_uppercase());
        } else if read.is("END") {
            open.pop();
            if in_event {
                events.push(std::mem::take(&mut event));
            }
        } else if in_event {
            event.lines.push(line);
        }
    }
    events
}

/// The lines, with folded lines joined (RFC 5545 3.1).
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
    pub(super) fn lines(&self) -> impl Iterator<Item = (&str, ContentLine<'_>)> {
        self.lines.iter().filter_map(|line| Some((line.as_str(), ContentLine::read(line)?)))
    }

    pub(super) fn get(&self, name: &str) -> Option<ContentLine<'_>> {
        self.lines().map(|(_, line)| line).find(|line| line.is(name))
    }

    /// The first date or time in the value of a property.
    pub(super) fn time(&self, name: &str) -> Option<EventTime> {
        times(self.get(name)?).into_iter().next()
    }
}

/// The zone of the times of a line: its `TZID`, or UTC if the value ends with `Z`.
pub(super) fn zone<'a>(line: &ContentLine<'a>) -> Option<&'a str> {
    line.parameter("TZID").map(iana_name).or_else(|| line.value().ends_with(['Z', 'z']).then_some("UTC"))
}

/// The dates and times of a line. A time without a zone, or in an unknown zone, is returned as a local time.
pub(super) fn times(line: ContentLine<'_>) -> Vec<EventTime> {
    let zone = zone(&line).and_then(iana_zone);
    let in_zone = |time| match (&time, &zone) {
        (EventTime::Local(local), Some(zone)) => zone.to_timestamp(*local).map_or(time, EventTime::Instant),
        _ => time,
    };
    line.value().split(',').filter_map(|text| EventTime::from_icalendar(text.trim())).map(in_zone).collect()
}

/// The IANA name at the end of a globally unique `TZID` (RFC 5545 3.2.19). An example is
/// `/mozilla.org/20070129_1/Asia/Tokyo`. Any other text is returned unchanged.
fn iana_name(tzid: &str) -> &str {
    let Some(path) = tzid.strip_prefix('/') else { return tzid };
    let mut ends = path.match_indices('/').filter_map(|(at, _)| path.get(at + 1..));
    ends.find(|name| iana_zone(name).is_some()).unwrap_or(tzid)
}
