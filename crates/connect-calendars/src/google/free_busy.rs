//! When people are busy.

use std::{borrow::Cow, collections::BTreeMap};

use connect_core::{
    Error, ErrorKind,
    types::{Answer, Body, Moment, Safety},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    endpoint::{endpoint, json},
    explain::kind_of,
};
use crate::busy::Interval;

/// When the owners of calendars are busy, without saying with what (`POST /freeBusy`). It changes nothing, and is tried again like
/// any other question.
///
/// ```
/// use connect_blocking::{Client, Request, Response};
/// use connect_calendars::google::{self, ApiKey, FreeBusy};
///
/// # let busy = |_: Request| -> Result<Response, _> {
/// #     Ok(Response::new(r#"{"calendars": {"a@example.com": {"busy": [{"start": "2026-11-23T09:00:00Z", "end": "2026-11-23T10:00:00+00:00"}]},
/// #         "b@example.com": {"errors": [{"domain": "global", "reason": "notFound"}], "busy": []}}}"#.into()))
/// # };
/// # let client = Client::anonymous_builder().base_url(google::BASE_URL).transport(busy).build()?;
/// # let (start, end) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
/// let question = FreeBusy::new(start, end).calendar("a@example.com").calendar("b@example.com");
/// let answer = client.send(&ApiKey::new("the key")?.over(&question))?;
/// assert_eq!(answer.calendars["a@example.com"].intervals()?.len(), 1);
/// assert!(answer.calendars["b@example.com"].intervals().is_err(), "nobody knows whether b is free");
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
    /// Between these instants.
    pub fn new(start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        Self { start: start.into(), end: end.into(), calendars: Vec::new() }
    }

    /// The calendar of this id, and others that are named: 50 at most.
    pub fn calendar(mut self, id: impl Into<String>) -> Self {
        self.calendars.push(id.into());
        self
    }

    /// These calendars, and others that are named: 50 at most.
    pub fn calendars<T: Into<String>>(mut self, ids: impl IntoIterator<Item = T>) -> Self {
        self.calendars.extend(ids.into_iter().map(Into::into));
        self
    }
}

endpoint!(FreeBusy: POST "/freeBusy" -> FreeBusyAnswer {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok("/freeBusy".into())
    }

    fn body(&self) -> Result<Body, Error> {
        if self.end <= self.start {
            return Err(Error::validation("end: is not after the start"));
        }
        let items = self.calendars.iter().map(|id| Item { id }).collect();
        json(&Question { time_min: self.start.to_string(), time_max: self.end.to_string(), items })
    }

    fn safety(&self) -> Safety {
        Safety::Safe
    }
});

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Question<'a> {
    time_min: String,
    time_max: String,
    items: Vec<Item<'a>>,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
}

/// When the owners of calendars are busy.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[non_exhaustive]
pub struct FreeBusyAnswer {
    /// By the ids that were asked for.
    pub calendars: BTreeMap<String, CalendarBusy>,
}

impl Answer for FreeBusyAnswer {}

/// When the owner of a calendar is busy, or why that is not known. One time that cannot be read fails the whole answer: without it
/// somebody would be taken for free.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(from = "Told")]
#[non_exhaustive]
pub struct CalendarBusy {
    /// The times that are taken, as far as they are known.
    pub busy: Vec<Interval>,
    /// Why they are not: the reasons in Google's words.
    pub errors: Vec<String>,
    kind: Option<ErrorKindOf>,
}

#[derive(Clone, Debug, PartialEq)]
struct ErrorKindOf {
    domain: String,
    reason: String,
}

impl CalendarBusy {
    /// The times that are taken.
    ///
    /// # Errors
    /// When they are not known.
    pub fn intervals(&self) -> Result<&[Interval], Error> {
        let Some(told) = &self.kind else { return Ok(&self.busy) };
        let kind = kind_of(&told.domain, &told.reason)
            .unwrap_or(ErrorKind::Permission { needed: None, accounts: Vec::new() });
        Err(Error::new(kind).with_server_code(told.reason.as_str()).with_message(self.errors.join(", ")))
    }
}

#[derive(Deserialize)]
struct Told {
    #[serde(default)]
    busy: Vec<Block>,
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Block {
    start: Timestamp,
    end: Timestamp,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    domain: String,
    #[serde(default)]
    reason: String,
}

impl From<Told> for CalendarBusy {
    fn from(told: Told) -> Self {
        let blocks = told.busy.into_iter().filter(|block| block.start < block.end);
        let kind = told
            .errors
            .first()
            .map(|error| ErrorKindOf { domain: error.domain.clone(), reason: error.reason.clone() });
        Self {
            busy: blocks.map(|block| Interval { start: block.start, end: block.end }).collect(),
            errors: told.errors.into_iter().map(|error| error.reason).collect(),
            kind,
        }
    }
}
