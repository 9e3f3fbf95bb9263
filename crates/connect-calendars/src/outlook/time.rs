//! `dateTimeTimeZone`: a local time without an offset, and the name of its zone.

use connect_core::{Error, types::EventTime};
use jiff::{civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer::{object, text};
use crate::zones;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Read<'a> {
    #[serde(borrow)]
    date_time: Option<&'a RawValue>,
    #[serde(borrow)]
    time_zone: Option<&'a RawValue>,
}

/// A time of an answer: the day of an all-day event, else an instant. Where the zone is not known it stays local, and what is no
/// time is kept as text.
///
/// A time that the clocks leave out is the one so much later, and of two that are written alike it is the first (RFC 5545
/// 3.3.5).
pub(super) fn read(raw: Option<&RawValue>, all_day: bool) -> Option<EventTime> {
    let read: Read<'_> = object(raw);
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

/// A time of a request.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written<'a> {
    date_time: String,
    time_zone: &'a str,
}

/// The zone that times are written in.
#[derive(Clone, Debug)]
pub(super) struct Zone {
    pub(super) name: String,
    pub(super) rules: TimeZone,
}

impl Zone {
    pub(super) fn utc() -> Self {
        Self { name: "UTC".to_owned(), rules: TimeZone::UTC }
    }

    /// The zone that a time came in.
    pub(super) fn of(rules: &TimeZone) -> Result<Self, Error> {
        let name = zones::name_of(rules).ok_or_else(|| zones::nameless(rules))?;
        Ok(Self { name: name.to_owned(), rules: rules.clone() })
    }

    pub(super) fn named(name: &str) -> Result<Self, Error> {
        let rules = zones::named(name)
            .ok_or_else(|| Error::validation(format!("time_zone: no time zone is called {name:?}")))?;
        Ok(Self { name: name.to_owned(), rules })
    }

    /// Refuses an instant that the zone's clocks show a second time: what is written would be the first.
    pub(super) fn write(&self, name: &str, time: &EventTime) -> Result<Written<'_>, Error> {
        let local = match time {
            EventTime::Instant(instant) => {
                let local = self.rules.to_datetime(*instant);
                let back = self.rules.to_timestamp(local);
                if back.ok() != Some(*instant) {
                    return Err(Error::validation(format!(
                        "{name}: in that zone the clocks show this time twice; leave the time zone out"
                    )));
                }
                local
            }
            EventTime::Date(date) => date.at(0, 0, 0, 0),
            EventTime::Local(local) => *local,
            _ => return Err(Error::validation(format!("{name}: is no time"))),
        };
        Ok(Written { date_time: local_text(local), time_zone: &self.name })
    }
}

fn local_text(local: DateTime) -> String {
    // Seven digits are what Graph keeps.
    let text = format!("{local:.7}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
