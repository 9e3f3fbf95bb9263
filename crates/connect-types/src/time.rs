//! Times: what an event's start or end can be, and what a request sends.

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

/// When an event begins or ends. Ends are exclusive.
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
    /// An instant: the text had an offset or `Z`.
    Instant(Timestamp),
    /// A date and time without a zone; the calendar's own zone is the best guess.
    Local(DateTime),
    /// A day: the text was a date, or a midnight of an all-day event.
    Date(Date),
    /// A text that is none of these, as it came.
    Unreadable(Box<str>),
}

impl EventTime {
    /// The instant, if it is one.
    #[must_use]
    pub fn instant(&self) -> Option<Timestamp> {
        if let Self::Instant(instant) = self { Some(*instant) } else { None }
    }

    /// The day, if it is one.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        if let Self::Date(date) = self { Some(*date) } else { None }
    }

    /// A midnight becomes its day: the form of all-day events.
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

/// Whether the year has no sign: RFC 3339 5.6 knows none, and jiff asserts that nobody names the first second there is.
pub(crate) fn has_plain_year(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_digit())
}

/// Reads any text; one that is no time is kept.
impl From<&str> for EventTime {
    fn from(text: &str) -> Self {
        let date_only = !text.contains(['T', 't', ' ']);
        let read = if !has_plain_year(text) {
            None
        } else if date_only {
            text.parse().ok().map(Self::Date)
        } else {
            // A zone in brackets without an offset is an instant only to who has the zone's rules.
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

/// The wire's form: `2025-11-01T10:00:00.000Z`, `2025-11-01T10:00:00`, `2025-11-01` or the text.
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

/// An instant of a request, from any of jiff's types that know theirs. Sent in UTC with
/// milliseconds; what is finer is cut off.
///
/// A zoned time also tells its zone: in that one a series counts its days.
#[derive(Debug, Clone)]
pub struct Moment {
    instant: Timestamp,
    /// No part of what it is equal to.
    zone: Option<TimeZone>,
}

impl Moment {
    /// The instant.
    #[must_use]
    pub fn timestamp(&self) -> Timestamp {
        self.instant
    }

    /// The zone it was given in, or UTC.
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

/// The wire's form.
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

/// Where an event of a request begins or ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Boundary {
    At(Moment),
    Day(Date),
}

impl Boundary {
    /// An instant this far from it; for a day one that is far enough in every time zone.
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

    /// The day, of an instant that of the zone it was given in.
    pub(crate) fn day(&self) -> Date {
        match self {
            Self::At(moment) => moment.zone().to_datetime(moment.instant).date(),
            Self::Day(day) => *day,
        }
    }

    /// The zone that an instant was given in.
    pub(crate) fn zone(&self) -> Option<TimeZone> {
        match self {
            Self::At(moment) => moment.zone.clone(),
            Self::Day(_) => None,
        }
    }

    /// Refuses an end before its start; a whole day is the least of an all-day event.
    pub(crate) fn check(start: &Self, end: &Self) -> Result<(), Invalid> {
        match (start, end) {
            (Self::At(start), Self::At(end)) if end < start => {
                Err(Invalid::new("end", "is before the start"))
            }
            (Self::Day(first), Self::Day(end)) if end <= first => {
                Err(Invalid::new("end", "is exclusive: the day after the last, at least one after the first"))
            }
            _ => Ok(()),
        }
    }
}

impl Serialize for Boundary {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(moment) => serializer.collect_str(moment),
            Self::Day(date) => serializer.collect_str(&format_args!("{date}T00:00:00.000Z")),
        }
    }
}

/// An instant that is sent as milliseconds since 1970 UTC.
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

/// UTC with milliseconds and `Z`.
fn millis(instant: Timestamp) -> String {
    const PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));
    let mut text = String::with_capacity(24);
    match PRINTER.print_timestamp(&instant, &mut text) {
        Ok(()) => text,
        Err(_) => instant.to_string(),
    }
}
