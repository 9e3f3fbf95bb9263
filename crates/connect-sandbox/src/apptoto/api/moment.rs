//! Times, which come back with the offset they were sent with.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::fmt::temporal::Pieces;
use jiff::tz::{Offset, TimeZone};
use std::fmt;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Moment {
    pub(super) at: Timestamp,
    offset: Offset,
}

impl Moment {
    /// ISO 8601 with an offset, as the documentation asks for it.
    pub(super) fn read(text: &str) -> Option<Self> {
        let (local, offset) = pieces(text)?;
        Self::at_offset(local, offset?)
    }

    /// The same, or a local time in this zone.
    pub(super) fn read_in(text: &str, zone: &TimeZone) -> Option<Self> {
        match pieces(text)? {
            (local, Some(offset)) => Self::at_offset(local, offset),
            (local, None) => {
                let zoned = local.to_zoned_datetime(zone.clone()).ok()?;
                Some(Self { at: zoned.timestamp(), offset: zoned.offset() })
            }
        }
    }

    /// At the same offset; `None` past the end of time.
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

/// Without fractions of a second.
impl fmt::Display for Moment {
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
    fn time_comes_back_with_the_offset_it_was_sent_with() {
        for (sent, shown) in [
            ("2016-06-21T14:00:00-08:00", "2016-06-21T14:00:00-08:00"),
            ("2016-06-21T14:00:00.250+05:30", "2016-06-21T14:00:00+05:30"),
            ("2016-06-21T14:00Z", "2016-06-21T14:00:00+00:00"),
        ] {
            assert_eq!(Moment::read(sent).map(|moment| moment.to_string()).as_deref(), Some(shown));
        }
        for wrong in ["2016-06-21T14:00:00", "2016-06-21", "soon", "", "2016-06-21T14:00:00-99:00"] {
            assert_eq!(Moment::read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn local_time_is_one_of_the_given_zone() {
        let zone = crate::world::time::zone("America/Los_Angeles").unwrap();
        let read = |text| Moment::read_in(text, &zone).unwrap().to_string();
        assert_eq!(read("2025-06-21T08:00:00"), "2025-06-21T08:00:00-07:00");
        assert_eq!(read("2025-12-21T08:00:00"), "2025-12-21T08:00:00-08:00");
        assert_eq!(read("2025-06-21T08:00:00Z"), "2025-06-21T08:00:00+00:00");
    }
}
