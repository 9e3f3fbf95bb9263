//! The endpoint `freebusy.query`, which returns when calendars are busy, without event details.

use super::GoogleCalendar;
use super::access::Principal;
use super::error::ApiError;
use super::times;
use super::write::json_object;
use crate::call::Call;
use crate::reply::{Reply, ok};
use crate::world::calendar::{Calendar, Range};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// The maximum number of calendars in a query.
const MAX_CALENDARS: usize = 50;

impl GoogleCalendar<'_> {
    /// Responds with the busy blocks of each calendar. A calendar that the caller cannot see has an error
    /// instead.
    pub(super) fn free_busy(&mut self, principal: &Principal, call: &Call) -> Result<Reply, ApiError> {
        let query = json_object(call)?;
        let range = range(&query)?;
        let zone = match query["timeZone"].as_str() {
            None => TimeZone::UTC,
            Some(name) => times::zone(name).ok_or_else(|| times::unknown_zone(name))?,
        };
        let items = query["items"].as_array().map_or(&[][..], Vec::as_slice);
        if items.len() > MAX_CALENDARS {
            return Err(ApiError::new(400, "tooManyCalendarsRequested", "Too many calendars requested."));
        }
        let mut calendars = Map::new();
        for id in items.iter().filter_map(|item| item["id"].as_str()) {
            let access = self.calendar_access(principal, id);
            let busy =
                access.and_then(|access| self.at(&access, call.now, |calendar, _| busy(calendar, range)));
            let entry = match busy {
                Ok(blocks) => {
                    json!({ "busy": blocks.iter().map(|one| block(one, &zone)).collect::<Vec<_>>() })
                }
                Err(error) => json!({ "errors": [error.entry()], "busy": [] }),
            };
            calendars.insert(id.to_owned(), entry);
        }
        Ok(ok(&json!({
            "kind": "calendar#freeBusy",
            "timeMin": times::text(range.start, &zone),
            "timeMax": times::text(range.end, &zone),
            "calendars": calendars,
        })))
    }
}

fn range(query: &Value) -> Result<Range, ApiError> {
    let time = |name: &str| match query[name].as_str() {
        None => Err(ApiError::required(&format!("Missing {name} parameter."))),
        Some(text) => times::parameter(name, text),
    };
    let range = Range { start: time("timeMin")?, end: time("timeMax")? };
    if range.start < range.end { Ok(range) } else { Err(ApiError::empty_range().at_parameter("timeMax")) }
}

/// Returns the busy blocks, clipped to the range. Blocks that overlap or touch are merged.
fn busy(calendar: &Calendar, range: Range) -> Vec<Range> {
    let taken = calendar.events.values().flat_map(|event| event.instances(range, false));
    let taken =
        taken.filter(|one| one.fields.availability != Some("free") && one.fields.status != Some("cancelled"));
    let cut =
        |start: Timestamp, end: Timestamp| Range { start: start.max(range.start), end: end.min(range.end) };
    let mut blocks: Vec<_> = taken.map(|one| cut(one.fields.start, one.fields.end)).collect();
    blocks.retain(|block| block.start < block.end);
    blocks.sort_by_key(|block| (block.start, block.end));
    let mut merged: Vec<Range> = Vec::new();
    for block in blocks {
        match merged.last_mut() {
            Some(last) if block.start <= last.end => last.end = last.end.max(block.end),
            _ => merged.push(block),
        }
    }
    merged
}

fn block(range: &Range, zone: &TimeZone) -> Value {
    json!({ "start": times::text(range.start, zone), "end": times::text(range.end, zone) })
}
