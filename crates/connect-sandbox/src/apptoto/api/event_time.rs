//! Times of events. The API returns each time with the offset that the client sent.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use serde::{Deserialize, Serialize};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventTime {
    pub(super) at: Timestamp,
    /// The offset that the client sent; in a state file, in seconds.
    #[serde(with = "crate::stored::text")]
    offset: Offset,
}

impl EventTime {
    /// Reads an ISO 8601 time with an offset, as documented.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (local, offset) = pieces(text)?;
        Self::at_offset(local, offset?)
    }

    /// Reads an ISO 8601 time. A time without an offset is local to `zone`.
    pub(super) fn read_in(text: &str, zone: &TimeZone) -> Option<Self> {
        match pieces(text)? {
            (local, Some(offset)) => Self::at_offset(local, offset),
            (local, None) => {
                let zoned = local.to_zoned_datetime(zone.clone()).ok()?;
                Some(Self { at: zoned.timestamp(), offset: zoned.offset() })
            }
        }
    }

    /// Returns the time plus `minutes`, or `None` if the result is out of range.
    pub(super) fn plus_minutes(self, minutes: u64) -> Option<Self> {
        let at = crate::world::time::plus_seconds(self.at, minutes.saturating_mul(60));
        (at < Timestamp::MAX).then_some(Self { at, ..self })
    }

    fn at_offset(local: DateTime, offset: Offset) -> Option<Self> {
        Some(Self { at: offset.to_timestamp(local).ok()?, offset })
    }
}

fn pieces(text: &str) -> Option<(DateTime, Option<Offset>)> {
    let pieces = Pieces::parse(text).ok()?;
    Some((pieces.date().to_datetime(pieces.time()?), pieces.to_numeric_offset()))
}

/// Formats the time without fractions of a second.
impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}",
            self.at.to_zoned_datetime(self.offset.to_time_zone()).strftime("%Y-%m-%dT%H:%M:%S%:z")
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_keeps_its_offset() {
        for (sent, shown) in [
            ("2016-06-21T14:00:00-08:00", "2016-06-21T14:00:00-08:00"),
            ("2016-06-21T14:00:00.250+05:30", "2016-06-21T14:00:00+05:30"),
            ("2016-06-21T14:00Z", "2016-06-21T14:00:00+00:00"),
        ] {
            assert_eq!(EventTime::read(sent).map(|moment| moment.to_string()).as_deref(), Some(shown));
        }
        for wrong in ["2016-06-21T14:00:00", "2016-06-21", "soon", "", "2016-06-21T14:00:00-99:00"] {
            assert_eq!(EventTime::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn time_without_offset_is_local_to_the_zone() {
        let zone = crate::world::time::zone("America/Los_Angeles").unwrap();
        let read = |text| EventTime::read_in(text, &zone).unwrap().to_string();
        assert_eq!(read("2025-06-21T08:00:00"), "2025-06-21T08:00:00-07:00");
        assert_eq!(read("2025-12-21T08:00:00"), "2025-12-21T08:00:00-08:00");
        assert_eq!(read("2025-06-21T08:00:00Z"), "2025-06-21T08:00:00+00:00");
    }
}
