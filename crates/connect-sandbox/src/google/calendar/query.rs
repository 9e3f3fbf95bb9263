//! What a list of events is asked for.

use super::refused::Refused;
use super::times;
use super::write::bad;
use crate::call::Call;
use crate::world::calendar::Range;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The parameters that say which events a list has: it travels along in page tokens and sync tokens.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Query {
    pub(super) single_events: bool,
    pub(super) show_deleted: bool,
    pub(super) time_min: Option<Timestamp>,
    pub(super) time_max: Option<Timestamp>,
    pub(super) order: Option<Order>,
    pub(super) text: Option<String>,
    pub(super) types: Vec<String>,
    pub(super) updated_min: Option<Timestamp>,
    pub(super) uid: Option<String>,
    pub(super) private: Vec<String>,
    pub(super) shared: Vec<String>,
    pub(super) zone: Option<String>,
    /// The series whose instances are listed, and the start one of them had.
    pub(super) series: Option<String>,
    pub(super) original_start: Option<Timestamp>,
    /// Where series without an end stop, so that pages and changes have an end as well.
    pub(super) horizon: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    StartTime,
    Updated,
}

const TYPES: &[&str] = &["birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation"];

/// What cannot be told together with a sync token.
const NOT_WITH_SYNC: &[&str] = &[
    "iCalUID",
    "orderBy",
    "privateExtendedProperty",
    "q",
    "sharedExtendedProperty",
    "timeMax",
    "timeMin",
    "updatedMin",
];

impl Query {
    pub(super) fn read(call: &Call, horizon: Timestamp) -> Result<Self, Refused> {
        let all = |name| call.query_all(name).map(str::to_owned).collect::<Vec<_>>();
        let query = Self {
            single_events: flag(call, "singleEvents")?.unwrap_or(false),
            show_deleted: flag(call, "showDeleted")?.unwrap_or(false),
            time_min: moment(call, "timeMin")?,
            time_max: moment(call, "timeMax")?,
            order: order(call)?,
            text: call.query("q").map(str::to_lowercase),
            types: all("eventTypes"),
            updated_min: moment(call, "updatedMin")?,
            uid: call.query("iCalUID").map(str::to_owned),
            private: all("privateExtendedProperty"),
            shared: all("sharedExtendedProperty"),
            zone: call.query("timeZone").map(str::to_owned),
            series: None,
            original_start: None,
            horizon,
        };
        query.check(call)
    }

    /// The instances of one series.
    pub(super) fn instances(call: &Call, series: String, horizon: Timestamp) -> Result<Self, Refused> {
        let query = Self {
            single_events: true,
            show_deleted: flag(call, "showDeleted")?.unwrap_or(false),
            time_min: moment(call, "timeMin")?,
            time_max: moment(call, "timeMax")?,
            zone: call.query("timeZone").map(str::to_owned),
            series: Some(series),
            original_start: moment(call, "originalStart")?,
            horizon,
            ..Self::default()
        };
        query.check(call)
    }

    fn check(self, call: &Call) -> Result<Self, Refused> {
        if let (Some(min), Some(max)) = (self.time_min, self.time_max) {
            if min >= max {
                return Err(Refused::empty_range().at_parameter("timeMax"));
            }
        }
        if self.order == Some(Order::StartTime) && !self.single_events {
            let message = "The requested ordering is not available for the particular query.";
            return Err(Refused::bad_request(message).at_parameter("orderBy"));
        }
        if self.types.iter().any(|kind| !TYPES.contains(&kind.as_str())) {
            return Err(bad("eventTypes"));
        }
        if self.private.iter().chain(&self.shared).any(|one| !one.contains('=')) {
            return Err(bad("privateExtendedProperty"));
        }
        if call.query("syncToken").is_some() {
            if let Some(name) = NOT_WITH_SYNC.iter().find(|name| call.query(name).is_some()) {
                let message = "Sync token cannot be combined with the query restrictions.";
                return Err(Refused::bad_request(message).at_parameter(name));
            }
            if flag(call, "showDeleted")? == Some(false) {
                let message = "Deleted entries are always part of an incremental synchronization.";
                return Err(Refused::bad_request(message).at_parameter("showDeleted"));
            }
        }
        Ok(self)
    }

    /// Whether `other` asks for another page of the same.
    pub(super) fn continues(&self, other: &Self) -> bool {
        Self { horizon: self.horizon, ..other.clone() } == *self
    }

    /// Whether `other` asks for the changes of the same: what cannot be told with a sync token is as it was.
    pub(super) fn resumes(&self, other: &Self) -> bool {
        (self.single_events, &self.types, &self.zone) == (other.single_events, &other.types, &other.zone)
    }

    /// What it covers of a series.
    pub(super) fn range(&self) -> Range {
        // The lower bound is for ends and the upper one for starts, and neither is part of what is asked for.
        let start = self.time_min.unwrap_or(Timestamp::MIN);
        Range { start, end: self.time_max.unwrap_or(self.horizon) }
    }

    /// What it covers of an event that happens once.
    pub(super) fn covers(&self, start: Timestamp, end: Timestamp) -> bool {
        // What takes no time ends when it starts.
        self.time_min.is_none_or(|min| end > min) && self.time_max.is_none_or(|max| start < max)
    }
}

pub(super) fn flag(call: &Call, name: &str) -> Result<Option<bool>, Refused> {
    match call.query(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(bad(name)),
    }
}

fn moment(call: &Call, name: &str) -> Result<Option<Timestamp>, Refused> {
    call.query(name).map(|text| times::parameter(name, text)).transpose()
}

fn order(call: &Call) -> Result<Option<Order>, Refused> {
    match call.query("orderBy") {
        None => Ok(None),
        Some("startTime") => Ok(Some(Order::StartTime)),
        Some("updated") => Ok(Some(Order::Updated)),
        Some(_) => Err(bad("orderBy")),
    }
}
