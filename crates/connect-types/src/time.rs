//! Times of events in responses, and times in requests.

use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::cmp::Ordering;
use core::fmt;
use core::hash::{Hash, Hasher};
use core::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::temporal::DateTimePrinter;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ZonedDateTime};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::operation::Invalid;
use crate::send::Param;
use crate::text::{self, Text};
use crate::wire::Wire;

/// The start or end of an event. Ends are exclusive.
///
/// ```
/// use connect_types::EventTime;
///
/// assert!(matches!(EventTime::from("2025-11-01T10:00:00.000Z"), EventTime::Instant(_)));
/// assert!(matches!(EventTime::from("2025-11-01T10:00"), EventTime::Local(_)));
/// assert!(matches!(EventTime::from("2025-11-01"), EventTime::Date(_)));
/// assert!(matches!(EventTime::from("soon"), EventTime::Unreadable(_)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EventTime {
    /// An instant, from a text with an offset or `Z`.
    Instant(Timestamp),
    /// A date and time without an offset, probably in the time zone of the calendar.
    Local(DateTime),
    /// A date, from a text without a time, or from a midnight of an all-day event.
    Date(Date),
    /// Any other text, unchanged.
    Unreadable(Box<str>),
}

impl EventTime {
    /// Returns the instant, or `None` if this is not an [`Instant`](Self::Instant).
    #[must_use]
    pub fn instant(&self) -> Option<Timestamp> {
        if let Self::Instant(instant) = self { Some(*instant) } else { None }
    }

    /// Returns the date, or `None` if this is not a [`Date`](Self::Date).
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        if let Self::Date(date) = self { Some(*date) } else { None }
    }

    /// Converts a midnight to its date, for all-day events.
    pub(crate) fn whole_day(&mut self) {
        let civil = match self {
            Self::Instant(instant) => jiff::tz::Offset::UTC.to_datetime(*instant),
            Self::Local(local) => *local,
            _ => return,
        };
        if civil.time() == Time::midnight() {
            *self = Self::Date(civil.date());
        }
    }
}

/// Returns whether the year has no sign (RFC 3339 5.6).
///
/// jiff panics on times in the first second of its range, which is in a negative year.
pub(crate) fn has_plain_year(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

/// Reads any text. A text that is not a time becomes [`EventTime::Unreadable`].
impl From<&str> for EventTime {
    fn from(text: &str) -> Self {
        let date_only = !text.contains(['T', 't', ' ']);
        let read = if !has_plain_year(text) {
            None
        } else if date_only {
            text.parse().ok().map(Self::Date)
        } else {
            // A text with a time zone in brackets is not a local time. If the text has no offset, only a time
            // zone database can convert it to an instant.
            let local = || text.parse().ok().filter(|_| !text.contains('[')).map(Self::Local);
            text.parse().ok().map(Self::Instant).or_else(local)
        };
        read.unwrap_or_else(|| Self::Unreadable(text.into()))
    }
}

impl FromStr for EventTime {
    type Err = core::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self::from(text))
    }
}

/// The format in the API: `2025-11-01T10:00:00.000Z`, `2025-11-01T10:00:00` or `2025-11-01`. Unreadable text
/// is unchanged.
impl fmt::Display for EventTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instant(instant) if instant.subsec_nanosecond() % 1_000_000 == 0 => {
                f.write_str(&millis(*instant))
            }
            Self::Instant(instant) => instant.fmt(f),
            Self::Local(local) => local.fmt(f),
            Self::Date(date) => date.fmt(f),
            Self::Unreadable(text) => f.write_str(text),
        }
    }
}

impl Wire for EventTime {
    fn read(text: &str) -> Option<Self> {
        text::read(text).map(|text| Self::from(&*text))
    }

    fn of_text(text: &str) -> Option<Self> {
        Some(Self::from(text))
    }
}

impl<'de> Deserialize<'de> for EventTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|text| Self::from(&*text.0))
    }
}

impl Serialize for EventTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An instant in a request, created from a [`Timestamp`] or a [`ZonedDateTime`].
///
/// A `Moment` is sent in UTC, rounded down to milliseconds. If the start of a series is a `Moment` from a
/// zoned time, the days of the series are days in the time zone of the zoned time.
#[derive(Debug, Clone)]
pub struct Moment {
    instant: Timestamp,
    /// The time zone of the original zoned time. Comparisons ignore this field.
    zone: Option<TimeZone>,
}

impl Moment {
    /// Returns the instant.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.instant
    }

    /// Returns the time zone of the original zoned time, or UTC if the original was a [`Timestamp`].
    pub(crate) fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or(TimeZone::UTC)
    }
}

impl PartialEq for Moment {
    fn eq(&self, other: &Self) -> bool {
        self.instant == other.instant
    }
}

impl Eq for Moment {}

impl PartialOrd for Moment {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Moment {
    fn cmp(&self, other: &Self) -> Ordering {
        self.instant.cmp(&other.instant)
    }
}

impl Hash for Moment {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.instant.hash(state);
    }
}

impl From<Timestamp> for Moment {
    fn from(instant: Timestamp) -> Self {
        Self { instant, zone: None }
    }
}

impl From<ZonedDateTime> for Moment {
    fn from(zoned: ZonedDateTime) -> Self {
        Self::from(&zoned)
    }
}

impl From<&ZonedDateTime> for Moment {
    fn from(zoned: &ZonedDateTime) -> Self {
        Self { instant: zoned.timestamp(), zone: Some(zoned.time_zone().clone()) }
    }
}

/// The format in the API: `2025-11-01T10:00:00.000Z`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&millis(self.instant))
    }
}

impl Param for Moment {
    fn param(&self) -> Option<String> {
        Some(millis(self.instant))
    }
}

/// The start or end of an event in a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Boundary {
    At(Moment),
    Day(Date),
}

impl Boundary {
    /// Returns the instant that is `far` after this time, or before this time if `far` is negative.
    ///
    /// For a [`Day`](Self::Day), whose time zone is unknown, the result is as many days from midnight in UTC
    /// as `far` has seconds.
    pub(crate) fn about(&self, far: SignedDuration) -> Timestamp {
        let (instant, far) = match self {
            Self::At(moment) => (moment.instant, far),
            Self::Day(day) => {
                let midnight = day.at(0, 0, 0, 0).to_zoned_datetime(TimeZone::UTC);
                (midnight.map_or(Timestamp::UNIX_EPOCH, |midnight| midnight.timestamp()), far * 24 * 3600)
            }
        };
        let end = if far.is_negative() { Timestamp::MIN } else { Timestamp::MAX };
        instant.checked_add(far).unwrap_or(end)
    }

    /// Returns the time in its zone: a day, or a time without a zone name, in `zone`.
    pub(crate) fn zoned(&self, zone: &TimeZone) -> Option<ZonedDateTime> {
        match self {
            Self::At(moment) => {
                let zone = moment.zone.clone().unwrap_or_else(|| zone.clone());
                Some(moment.instant.to_zoned_datetime(zone))
            }
            Self::Day(day) => day.to_zoned_datetime(zone.clone()).ok(),
        }
    }

    /// Returns the day. The day of a [`Moment`] is its day in the time zone [`Moment::zone`].
    pub(crate) fn day(&self) -> Date {
        match self {
            Self::At(moment) => moment.zone().to_datetime(moment.instant).date(),
            Self::Day(day) => *day,
        }
    }

    /// Returns the time zone of a [`Moment`] created from a zoned time; `None` for other times.
    pub(crate) fn zone(&self) -> Option<TimeZone> {
        match self {
            Self::At(moment) => moment.zone.clone(),
            Self::Day(_) => None,
        }
    }

    /// Returns an error if the end is before the start, or if an all-day event is shorter than a day.
    pub(crate) fn check(start: &Self, end: &Self) -> Result<(), Invalid> {
        match (start, end) {
            (Self::At(start), Self::At(end)) if end < start => {
                Err(Invalid::new("end", "the event ends before it starts"))
            }
            (Self::Day(first), Self::Day(end)) if end <= first => Err(Invalid::new(
                "end",
                "the event ends on or before its first day (expected the day after its last day)",
            )),
            _ => Ok(()),
        }
    }
}

impl Serialize for Boundary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(moment) => serializer.serialize_str(&millis(moment.instant)),
            Self::Day(date) => serializer.collect_str(&format_args!("{date}T00:00:00.000Z")),
        }
    }
}

/// An instant, sent as milliseconds since 1970 UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MillisSinceEpoch(Moment);

impl From<Moment> for MillisSinceEpoch {
    fn from(moment: Moment) -> Self {
        Self(moment)
    }
}

impl Serialize for MillisSinceEpoch {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(self.0.instant.as_millisecond())
    }
}

/// Formats an instant in UTC with milliseconds and `Z`.
fn millis(instant: Timestamp) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let mut text = String::with_capacity(24);
    match PRINTER.print_timestamp(&instant, &mut text) {
        Ok(()) => text,
        Err(_) => instant.to_string(),
    }
}
