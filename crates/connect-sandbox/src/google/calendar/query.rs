//! The query parameters of an event list.

use super::error::ApiError;
use super::times;
use super::write::invalid_parameter;
use crate::call::Call;
use crate::world::calendar::Range;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The parameters that select events. Page tokens and sync tokens contain a copy of the parameters.
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
    /// The series whose instances are listed.
    pub(super) series: Option<String>,
    pub(super) original_start: Option<Timestamp>,
    /// The time at which the expansion of an endless series stops, so that lists are finite.
    pub(super) horizon: Timestamp,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Order {
    StartTime,
    Updated,
}

const TYPES: &[&str] = &["birthday", "default", "focusTime", "fromGmail", "outOfOffice", "workingLocation"];

/// The parameters that cannot be combined with a sync token.
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
    pub(super) fn read(call: &Call, horizon: Timestamp) -> Result<Self, ApiError> {
        let all = |name| call.query_all(name).map(str::to_owned).collect::<Vec<_>>();
        let query = Self {
            single_events: flag(call, "singleEvents")?.unwrap_or(false),
            show_deleted: flag(call, "showDeleted")?.unwrap_or(false),
            time_min: time_parameter(call, "timeMin")?,
            time_max: time_parameter(call, "timeMax")?,
            order: order(call)?,
            text: call.query("q").map(str::to_lowercase),
            types: all("eventTypes"),
            updated_min: time_parameter(call, "updatedMin")?,
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

    /// Reads the parameters of `events.instances`, which lists the instances of `series`.
    pub(super) fn instances(call: &Call, series: String, horizon: Timestamp) -> Result<Self, ApiError> {
        let query = Self {
            single_events: true,
            show_deleted: flag(call, "showDeleted")?.unwrap_or(false),
            time_min: time_parameter(call, "timeMin")?,
            time_max: time_parameter(call, "timeMax")?,
            zone: call.query("timeZone").map(str::to_owned),
            series: Some(series),
            original_start: time_parameter(call, "originalStart")?,
            horizon,
            ..Self::default()
        };
        query.check(call)
    }

    fn check(self, call: &Call) -> Result<Self, ApiError> {
        if let (Some(min), Some(max)) = (self.time_min, self.time_max) {
            if min >= max {
                return Err(ApiError::empty_range().at_parameter("timeMax"));
            }
        }
        if self.order == Some(Order::StartTime) && !self.single_events {
            let message = "The requested ordering is not available for the particular query.";
            return Err(ApiError::bad_request(message).at_parameter("orderBy"));
        }
        if self.types.iter().any(|kind| !TYPES.contains(&kind.as_str())) {
            return Err(invalid_parameter("eventTypes"));
        }
        if self.private.iter().chain(&self.shared).any(|one| !one.contains('=')) {
            return Err(invalid_parameter("privateExtendedProperty"));
        }
        if call.query("syncToken").is_some() {
            if let Some(name) = NOT_WITH_SYNC.iter().find(|name| call.query(name).is_some()) {
                let message = "Sync token cannot be combined with the query restrictions.";
                return Err(ApiError::bad_request(message).at_parameter(name));
            }
            if flag(call, "showDeleted")? == Some(false) {
                let message = "Deleted entries are always part of an incremental synchronization.";
                return Err(ApiError::bad_request(message).at_parameter("showDeleted"));
            }
        }
        Ok(self)
    }

    /// Returns whether a page token with this query is valid for the query `other`. Only the
    /// horizons of the two queries may differ.
    pub(super) fn continues(&self, other: &Self) -> bool {
        Self { horizon: self.horizon, ..other.clone() } == *self
    }

    /// Returns whether a sync token with this query is valid for the query `other`. Both queries must have
    /// the same `singleEvents`, `eventTypes` and `timeZone`.
    pub(super) fn resumes(&self, other: &Self) -> bool {
        (self.single_events, &self.types, &self.zone) == (other.single_events, &other.types, &other.zone)
    }

    /// Returns the range in which to expand a series.
    pub(super) fn range(&self) -> Range {
        // `timeMin` limits the end of events, and `timeMax` their start. Both bounds are exclusive.
        let start = self.time_min.unwrap_or(Timestamp::MIN);
        Range { start, end: self.time_max.unwrap_or(self.horizon) }
    }

    /// Returns whether an event overlaps the range from `timeMin` to `timeMax`.
    pub(super) fn covers(&self, start: Timestamp, end: Timestamp) -> bool {
        // An event of zero length at `timeMin` is outside, because it ends at `timeMin`.
        self.time_min.is_none_or(|min| end > min) && self.time_max.is_none_or(|max| start < max)
    }
}

pub(super) fn flag(call: &Call, name: &str) -> Result<Option<bool>, ApiError> {
    match call.query(name) {
        None => Ok(None),
        Some("true") => Ok(Some(true)),
        Some("false") => Ok(Some(false)),
        Some(_) => Err(invalid_parameter(name)),
    }
}

fn time_parameter(call: &Call, name: &str) -> Result<Option<Timestamp>, ApiError> {
    call.query(name).map(|text| times::parameter(name, text)).transpose()
}

fn order(call: &Call) -> Result<Option<Order>, ApiError> {
    match call.query("orderBy") {
        None => Ok(None),
        Some("startTime") => Ok(Some(Order::StartTime)),
        Some("updated") => Ok(Some(Order::Updated)),
        Some(_) => Err(invalid_parameter("orderBy")),
    }
}
