//! The requests of a feed: pages of changes, and the occurrences of a series.

use std::borrow::Cow;

use connect_core::{
    Error, Response,
    types::{Moment, ResponseBody},
};
use jiff::Timestamp;
use serde::{Deserialize, Deserializer};

use super::SAFETY;
use crate::outlook::{
    endpoint::{delta_path, endpoint, event_path},
    preferences::{Preferences, page_size},
    response::{ODataPage, read},
};

/// A request of an [`EventFeed`](super::EventFeed).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call does nothing until it is sent"]
pub struct FeedRequest {
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) calendar: String,
    pub(super) prefer: Preferences,
    /// The series whose occurrences are read; `None` for a page of changes.
    pub(super) series: Option<String>,
    pub(super) link: Option<String>,
}

endpoint!(FeedRequest: GET "/me/calendars/{id}/calendarView/delta" -> FeedPage {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        match &self.series {
            Some(series) => Ok(format!("{}/instances", event_path(&self.calendar, "recurringEventId", series)?).into()),
            None => Ok(delta_path(&self.calendar)?.into()),
        }
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        if self.end <= self.start {
            return Err(Error::validation("end: must be after the start"));
        }
        self.prefer.max_page_size.map(page_size).transpose()?;
        let mut query: Vec<(Cow<'_, str>, String)> = vec![
            ("startDateTime".into(), Moment::from(self.start).to_string()),
            ("endDateTime".into(), Moment::from(self.end).to_string()),
        ];
        // For changes, the page size is in the `Prefer` header.
        if self.series.is_some() {
            query.push(("$top".into(), "1000".to_owned()));
        }
        Ok(query)
    }

    fn url(&self) -> Option<Cow<'_, str>> {
        self.link.as_deref().map(Cow::Borrowed)
    }

    fn decode(&self, response: &Response) -> Result<FeedPage, Error> {
        read::<ODataPage>(response, SAFETY).map(FeedPage)
    }
});

/// The response to a [`FeedRequest`].
#[derive(Debug)]
pub struct FeedPage(pub(super) ODataPage);

impl<'de> Deserialize<'de> for FeedPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ODataPage::deserialize(deserializer).map(Self)
    }
}

impl ResponseBody for FeedPage {}
