//! Checks of an event: whether a time window contains it, and whether it is a series.

use connect_core::types::{Event, EventTime, Moment, Provider, Raw};
use jiff::{Timestamp, tz::Offset};

/// A time window from `start` (inclusive) to `end` (exclusive).
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
}

impl Window {
    pub(super) fn new(start: Moment, end: Moment) -> Self {
        Self { start: start.timestamp(), end: end.timestamp() }
    }

    /// Whether a list request for the window returns the event; `None` if the event has no readable start.
    /// Dates and local times are read in UTC, as in the API documentation. If the service reads dates and
    /// local times in another zone, the next sweep corrects the copy.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SeriesKind {
    /// A single event or an occurrence: lists contain it.
    Listed,
    /// A series: lists contain its occurrences instead.
    Series,
    /// No field shows whether the event is a series.
    Unclear,
}

impl SeriesKind {
    /// Determines the kind of an event. If neither `recurringEventId` nor `recurrence` shows the kind,
    /// `original` is read, because no other field distinguishes a series from a single event.
    pub(super) fn of(event: &Event) -> Self {
        if event.recurring_event_id.is_some() {
            return Self::Listed;
        }
        if event.extra.get("recurrence").is_some_and(is_filled) {
            return Self::Series;
        }
        let Some(original) = &event.original else { return Self::Unclear };
        match event.provider {
            Some(Provider::Google)
                if original.field::<Raw>("recurrence").is_some_and(|rule| is_filled(&rule)) =>
            {
                Self::Series
            }
            Some(Provider::Google) => Self::Listed,
            Some(Provider::Microsoft) => match original.field::<String>("type").as_deref() {
                Some("seriesMaster") => Self::Series,
                Some("singleInstance" | "occurrence" | "exception") => Self::Listed,
                _ => Self::Unclear,
            },
            // The JSON string has an iCalendar line RRULE or RDATE. Without these lines, the kind is unclear,
            // because the text may be truncated.
            _ if ["\\nRRULE", "\\nRDATE"].iter().any(|line| original.get().contains(line)) => Self::Series,
            _ => Self::Unclear,
        }
    }
}

fn is_filled(raw: &Raw) -> bool {
    !matches!(raw.get().trim(), "null" | "[]" | "{}" | "\"\"" | "false")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Event {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn series_kind_is_read_from_the_original_object() {
        let cases = [
            (r#"{"provider":"google","original":{"id":"a"}}"#, SeriesKind::Listed),
            (r#"{"provider":"google","original":{"recurrence":["RRULE:FREQ=DAILY"]}}"#, SeriesKind::Series),
            (r#"{"provider":"google","original":{"recurrence":[]}}"#, SeriesKind::Listed),
            (r#"{"provider":"google"}"#, SeriesKind::Unclear),
            (r#"{"provider":"google","recurringEventId":"s"}"#, SeriesKind::Listed),
            (r#"{"provider":"google","recurrence":{"frequency":"DAILY"}}"#, SeriesKind::Series),
            (r#"{"provider":"microsoft","original":{"type":"seriesMaster"}}"#, SeriesKind::Series),
            (r#"{"provider":"microsoft","original":{"type":"singleInstance"}}"#, SeriesKind::Listed),
            (r#"{"provider":"microsoft","original":{}}"#, SeriesKind::Unclear),
            (
                r#"{"provider":"apple","original":{"data":"BEGIN:VEVENT\r\nRRULE:FREQ=DAILY\r\n"}}"#,
                SeriesKind::Series,
            ),
            (r#"{"provider":"caldav","original":{"data":"BEGIN:VEVENT\r\n"}}"#, SeriesKind::Unclear),
        ];
        for (text, kind) in cases {
            assert_eq!(SeriesKind::of(&event(text)), kind, "{text}");
        }
    }

    #[test]
    fn window_includes_its_start_and_excludes_its_end() {
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
