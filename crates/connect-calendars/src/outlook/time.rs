//! Graph's `dateTimeTimeZone`: a local time without a UTC offset, and the name of its time zone.

use connect_core::{Error, types::EventTime};
use jiff::{civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::response::{object, text};
use crate::zones;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct TimeJson<'a> {
    #[serde(borrow)]
    date_time: Option<&'a RawValue>,
    #[serde(borrow)]
    time_zone: Option<&'a RawValue>,
}

/// Reads a time of a response: a date for an all-day event, an instant for any other event.
///
/// A time in an unknown zone is read as a local time. An unreadable time is read as text. A local time that
/// the clocks skip is read with the UTC offset before the gap. A local time that occurs twice is read as the
/// first instant (RFC 5545 section 3.3.5).
pub(super) fn read(raw: Option<&RawValue>, all_day: bool) -> Option<EventTime> {
    let read: TimeJson<'_> = object(raw);
    let time = EventTime::from(text(read.date_time)?.as_str());
    let local = match &time {
        EventTime::Local(local) => *local,
        EventTime::Date(date) => date.at(0, 0, 0, 0),
        _ => return Some(time),
    };
    if all_day && local.time() == jiff::civil::Time::midnight() {
        return Some(EventTime::Date(local.date()));
    }
    let zone = text(read.time_zone).and_then(|name| zones::named(&name));
    let instant = zone.and_then(|zone| zone.to_timestamp(local).ok());
    Some(instant.map_or(EventTime::Local(local), EventTime::Instant))
}

/// A time in a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DateTimeTimeZone<'a> {
    date_time: String,
    time_zone: &'a str,
}

/// The time zone in which a request contains its times.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) rules: TimeZone,
}

impl Zone {
    pub(super) fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// Creates a zone from the time zone of a start; fails if that time zone has no IANA name.
    pub(super) fn of(rules: &TimeZone) -> Result<Self, Error> {
        let name = zones::name_of(rules).ok_or_else(|| zones::nameless(rules))?;
        Ok(Self { name: name.to_owned(), rules: rules.clone() })
    }

    pub(super) fn named(name: &str) -> Result<Self, Error> {
        let rules = zones::named(name).ok_or_else(|| {
            Error::validation(format!(
                "time_zone: unknown time zone {name:?} (expected an IANA or Windows name)"
            ))
        })?;
        Ok(Self { name: name.to_owned(), rules })
    }

    /// Converts a time to this zone.
    ///
    /// Fails for the second instant of a local time that occurs twice, because Graph would read the local
    /// time as the first instant.
    pub(super) fn write(&self, name: &str, time: &EventTime) -> Result<DateTimeTimeZone<'_>, Error> {
        let local = match time {
            EventTime::Instant(instant) => {
                let local = self.rules.to_datetime(*instant);
                let back = self.rules.to_timestamp(local);
                if back.ok() != Some(*instant) {
                    return Err(Error::validation(format!(
                        "{name}: the local time of this instant occurs twice in the time zone, and Graph would use the earlier instant: choose another time"
                    )));
                }
                local
            }
            EventTime::Date(date) => date.at(0, 0, 0, 0),
            EventTime::Local(local) => *local,
            _ => return Err(Error::validation(format!("{name}: is not a date or time"))),
        };
        Ok(DateTimeTimeZone { date_time: local_text(local), time_zone: &self.name })
    }
}

fn local_text(local: DateTime) -> String {
    // Graph stores seven fractional digits of a second.
    let text = format!("{local:.7}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
