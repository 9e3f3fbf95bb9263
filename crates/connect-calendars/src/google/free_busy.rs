//! The call that returns when people are busy.

use std::{borrow::Cow, collections::BTreeMap};

use connect_core::{
    Error, ErrorKind,
    types::{Body, Moment, ResponseBody, Safety},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{endpoint, json},
    explain::kind_of_reason,
};
use crate::busy::Interval;

/// Reads the times at which the owners of calendars are busy, without event details (`POST /freeBusy`).
///
/// Although the call is a POST, it is retried, because it changes nothing.
///
/// ```
/// use connect_blocking::{Client, Request, Response};
/// use connect_calendars::google::{self, ApiKey, FreeBusy};
///
/// # let busy = |_: Request| -> Result<Response, _> {
/// #     Ok(Response::new(r#"{"calendars": {"a@example.com": {"busy": [
/// #             {"start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00+00:00"}]},
/// #         "b@example.com": {"errors": [{"domain": "global", "reason": "notFound"}]}}}"#.into()))
/// # };
/// # let client = Client::anonymous_builder().base_url(google::BASE_URL).transport(busy).build()?;
/// # let (start, end) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
/// let call = FreeBusy::new(start, end).calendar("a@example.com").calendar("b@example.com");
/// let response = client.send(&ApiKey::new("the key")?.over(&call))?;
/// assert_eq!(response.calendars["a@example.com"].intervals()?.len(), 1);
/// assert!(response.calendars["b@example.com"].intervals().is_err(), "unknown");
/// # Ok::<(), connect_blocking::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct FreeBusy {
    start: Moment,
    end: Moment,
    calendars: Vec<String>,
}

impl FreeBusy {
    /// Creates the call for the time between two instants.
    pub fn new(start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        Self { start: start.into(), end: end.into(), calendars: Vec::new() }
    }

    /// Adds a calendar by its id. Google allows 50 calendars in a call.
    pub fn calendar(mut self, id: impl Into<String>) -> Self {
        self.calendars.push(id.into());
        self
    }

    /// Adds calendars by their ids. Google allows 50 calendars in a call.
    pub fn calendars<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.calendars.extend(ids.into_iter().map(Into::into));
        self
    }
}

endpoint!(FreeBusy: POST "/freeBusy" -> FreeBusyResponse {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok("/freeBusy".into())
    }

    fn body(&self) -> Result<Body, Error> {
        if self.end <= self.start {
            return Err(Error::validation("end: must be after the start"));
        }
        let items = self.calendars.iter().map(|id| CalendarIdJson { id }).collect();
        json(&FreeBusyJson { time_min: self.start.to_string(), time_max: self.end.to_string(), items })
    }

    fn safety(&self) -> Safety {
        Safety::Safe
    }
});

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct FreeBusyJson<'a> {
    time_min: String,
    time_max: String,
    items: Vec<CalendarIdJson<'a>>,
}

#[derive(Serialize)]
struct CalendarIdJson<'a> {
    id: &'a str,
}

/// The response to [`FreeBusy`].
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct FreeBusyResponse {
    /// The busy times, by calendar id.
    pub calendars: BTreeMap<String, CalendarBusy>,
}

impl ResponseBody for FreeBusyResponse {}

/// The times at which the owner of a calendar is busy, or the reason why they are unknown.
///
/// If a time cannot be read, the whole response is an error, because the owner would otherwise appear to be
/// free at that time.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "CalendarBusyJson")]
#[non_exhaustive]
pub struct CalendarBusy {
    /// The known busy times; incomplete if there are `errors`.
    pub busy: Vec<Interval>,
    /// Google's reasons why the busy times are unknown, such as `notFound`.
    pub errors: Vec<String>,
    first_error: Option<ErrorEntry>,
}

impl CalendarBusy {
    /// Returns the busy times.
    ///
    /// # Errors
    /// If the response contains `errors` for this calendar.
    pub fn intervals(&self) -> Result<&[Interval], Error> {
        let Some(ErrorEntry { domain, reason }) = &self.first_error else { return Ok(&self.busy) };
        let kind = kind_of_reason(domain, reason)
            .unwrap_or(ErrorKind::Permission { needed: None, accounts: Vec::new() });
        Err(Error::new(kind).with_server_code(reason.as_str()).with_message(self.errors.join(", ")))
    }
}

#[derive(Deserialize)]
struct CalendarBusyJson {
    #[serde(default)]
    busy: Vec<BusyJson>,
    #[serde(default)]
    errors: Vec<ErrorEntry>,
}

#[derive(Deserialize)]
struct BusyJson {
    start: Timestamp,
    end: Timestamp,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
struct ErrorEntry {
    #[serde(default)]
    domain: String,
    #[serde(default)]
    reason: String,
}

impl From<CalendarBusyJson> for CalendarBusy {
    fn from(json: CalendarBusyJson) -> Self {
        let blocks = json.busy.into_iter().filter(|block| block.start < block.end);
        Self {
            busy: blocks.map(|block| Interval { start: block.start, end: block.end }).collect(),
            first_error: json.errors.first().cloned(),
            errors: json.errors.into_iter().map(|error| error.reason).collect(),
        }
    }
}
