//! What can be told of an event by itself: whether it is in the window, and whether it stands for a series.

use connect_core::types::{Event, EventTime, Moment, Provider, Raw};
use jiff::{Timestamp, tz::Offset};

/// From `start` to `end`, exclusive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl Window {
    pub(super) fn new(start: Moment, end: Moment) -> Self {
        Self { start: start.timestamp(), end: end.timestamp() }
    }

    /// Whether a list of the window shows it; nothing for an event without a time. Days and local times are read in UTC, as
    /// the documentation writes them. Should the service see the edges in another way, the next sweep does so as well.
    pub(super) fn shows(&self, event: &Event) -> Option<bool> {
        let start = instant(event.start.as_ref()?)?;
        let end = event.end.as_ref().and_then(instant).unwrap_or(start);
        Some(start < self.end && (end > self.start || start >= self.start))
    }
}

fn instant(time: &EventTime) -> Option<Timestamp> {
    match time {
        EventTime::Instant(instant) => Some(*instant),
        EventTime::Local(local) => Offset::UTC.to_timestamp(*local).ok(),
        EventTime::Date(day) => Offset::UTC.to_timestamp(day.at(0, 0, 0, 0)).ok(),
        _ => None,
    }
}

/// Whether an event repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Nature {
    /// It does not, or is one of those that a series is listed as.
    Listed,
    /// It is a series: no list of occurrences shows it.
    Series,
    /// It does not say.
    Unclear,
}

impl Nature {
    /// The unified event does not tell a series from a single event; the provider's own object does at Google and Microsoft.
    pub(super) fn of(event: &Event) -> Self {
        if event.recurring_event_id.is_some() {
            return Self::Listed;
        }
        if event.extra.get("recurrence").is_some_and(says) {
            return Self::Series;
        }
        let Some(original) = &event.original else { return Self::Unclear };
        match event.provider {
            Some(Provider::Google) if original.field::<Raw>("recurrence").is_some_and(|rule| says(&rule)) => {
                Self::Series
            }
            Some(Provider::Google) => Self::Listed,
            Some(Provider::Microsoft) => match original.field::<String>("type").as_deref() {
                Some("seriesMaster") => Self::Series,
                Some("singleInstance" | "occurrence" | "exception") => Self::Listed,
                _ => Self::Unclear,
            },
            // A line of iCalendar inside of a JSON text. Without one it is not certain that the text is whole.
            _ if ["\\nRRULE", "\\nRDATE"].iter().any(|line| original.get().contains(line)) => Self::Series,
            _ => Self::Unclear,
        }
    }
}

fn says(raw: &Raw) -> bool {
    !matches!(raw.get().trim(), "null" | "[]" | "{}" | "\"\"" | "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_series_is_told_by_what_its_provider_says() {
        let cases = [
            (r#"{"provider":"google","original":{"id":"a"}}"#, Nature::Listed),
            (r#"{"provider":"google","original":{"recurrence":["RRULE:FREQ=DAILY"]}}"#, Nature::Series),
            (r#"{"provider":"google","original":{"recurrence":[]}}"#, Nature::Listed),
            (r#"{"provider":"google"}"#, Nature::Unclear),
            (r#"{"provider":"google","recurringEventId":"s"}"#, Nature::Listed),
            (r#"{"provider":"google","recurrence":{"frequency":"DAILY"}}"#, Nature::Series),
            (r#"{"provider":"microsoft","original":{"type":"seriesMaster"}}"#, Nature::Series),
            (r#"{"provider":"microsoft","original":{"type":"singleInstance"}}"#, Nature::Listed),
            (r#"{"provider":"microsoft","original":{}}"#, Nature::Unclear),
            (
                r#"{"provider":"apple","original":{"data":"BEGIN:VEVENT\r\nRRULE:FREQ=DAILY\r\n"}}"#,
                Nature::Series,
            ),
            (r#"{"provider":"caldav","original":{"data":"BEGIN:VEVENT\r\n"}}"#, Nature::Unclear),
        ];
        for (text, nature) in cases {
            assert_eq!(Nature::of(&event(text)), nature, "{text}");
        }
    }

    #[test]
    fn the_window_has_its_start_and_not_its_end() {
        let window = Window {
            start: "2026-12-01T00:00:00Z".parse().unwrap(),
            end: "2026-12-02T00:00:00Z".parse().unwrap(),
        };
        let cases = [
            (r#"{"start":"2026-12-01T00:00:00Z","end":"2026-12-01T00:00:00Z"}"#, Some(true)),
            (r#"{"start":"2026-11-30T23:00:00Z","end":"2026-12-01T00:00:00Z"}"#, Some(false)),
            (r#"{"start":"2026-11-30T23:00:00Z","end":"2026-12-01T00:00:01Z"}"#, Some(true)),
            (r#"{"start":"2026-12-02T00:00:00Z","end":"2026-12-02T01:00:00Z"}"#, Some(false)),
            (r#"{"start":"2026-12-01","end":"2026-12-02","allDay":true}"#, Some(true)),
            (r#"{"start":"2026-11-30T00:00:00Z","end":"2026-12-01T00:00:00Z","allDay":true}"#, Some(false)),
            (r#"{"start":"2026-12-01T10:00"}"#, Some(true)),
            (r#"{"start":"soon"}"#, None),
            (r#"{"end":"2026-12-01T10:00:00Z"}"#, None),
        ];
        for (text, shown) in cases {
            assert_eq!(window.shows(&event(text)), shown, "{text}");
        }
    }
}
