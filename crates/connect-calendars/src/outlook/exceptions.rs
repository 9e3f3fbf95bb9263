//! The call that reads the exceptions of a series.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{Event, Raw, ResponseBody, Safety},
};
use jiff::civil::Date;
use serde::{Deserialize, Deserializer};

use super::{
    CUSTOM_PROPERTY,
    endpoint::{endpoint, event_path},
    event::event,
    preferences::{Preferences, read_options},
    response::read,
};

/// Reads the changed and the cancelled occurrences of a series.
///
/// The call is `GET /me/calendars/{id}/events/{id}` with `$select` and `$expand`.
///
/// A list of events contains the series itself only, and a calendar view does not show which occurrences
/// were cancelled.
///
/// ```
/// use connect_core::Endpoint;
/// use connect_calendars::outlook::GetExceptions;
///
/// let call = GetExceptions::new("primary", "AAMk");
/// assert_eq!(call.path()?, "/me/events/AAMk");
/// assert_eq!(call.query()?[0].1, "id,exceptionOccurrences,cancelledOccurrences");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call does nothing until it is sent"]
pub struct GetExceptions {
    calendar: String,
    id: String,
    prefer: Preferences,
}

impl GetExceptions {
    /// Creates the call for a series of a calendar.
    pub fn new(calendar: impl Into<String>, series_id: impl Into<String>) -> Self {
        Self { calendar: calendar.into(), id: series_id.into(), prefer: Preferences::default() }
    }
}

read_options!(GetExceptions);

/// The occurrences of a series that differ from its rule.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SeriesExceptions {
    /// The changed occurrences.
    pub changed: Vec<Event>,
    /// The days of the cancelled occurrences, in the time zone of the series.
    pub cancelled: Vec<Date>,
}

endpoint!(GetExceptions: GET "/me/calendars/{id}/events/{id}" -> SeriesExceptions {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(event_path(&self.calendar, "recurringEventId", &self.id)?.into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.prefer.with_parameters(vec![
            ("$select".into(), "id,exceptionOccurrences,cancelledOccurrences".into()),
            ("$expand".into(), "exceptionOccurrences".into()),
        ]))
    }

    fn decode(&self, response: &Response) -> Result<SeriesExceptions, Error> {
        let mut read: SeriesExceptions = read(response, Safety::Safe)?;
        read.changed.iter_mut().for_each(|event| event.calendar_id = Some(self.calendar.clone()));
        Ok(read)
    }
});

/// Leaves the calendar id of the events empty, because the response does not contain it.
impl<'de> Deserialize<'de> for SeriesExceptions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let series = SeriesJson::deserialize(deserializer)?;
        // An id such as `OID.AAMk..=.2026-07-06` ends with the day of the occurrence.
        let day = |id: &String| id.rsplit('.').next()?.parse().ok();
        Ok(Self {
            changed: series.changed.into_iter().map(|raw| event(raw, "", CUSTOM_PROPERTY)).collect(),
            cancelled: series.cancelled.iter().filter_map(day).collect(),
        })
    }
}

impl ResponseBody for SeriesExceptions {}

/// The exceptions of a series, in the JSON of Graph.
///
/// Both fields are required: if they were optional, an unrelated response would be read as a series
/// without exceptions.
#[derive(Deserialize)]
struct SeriesJson {
    #[serde(rename = "exceptionOccurrences")]
    changed: Vec<Raw>,
    #[serde(rename = "cancelledOccurrences")]
    cancelled: Vec<String>,
}
