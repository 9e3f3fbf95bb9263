//! `freebusy.query`: when the owners of calendars are busy, without saying with what.

use super::GoogleCalendar;
use super::access::Visitor;
use super::refused::Refused;
use super::times;
use super::write::object;
use crate::call::Call;
use crate::reply::{Reply, ok};
use crate::world::calendar::{Calendar, Range};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Map, Value, json};

/// How many calendars a query may be about.
const MOST: usize = 50;

impl GoogleCalendar<'_> {
    /// A calendar that cannot be seen has an error in place of its blocks; the others are answered all the same.
    pub(super) fn free_busy(&mut self, visitor: &Visitor, call: &Call) -> Result<Reply, Refused> {
        let query = object(call)?;
        let range = range(&query)?;
        let zone = match query["timeZone"].as_str() {
            None => TimeZone::UTC,
            Some(name) => times::zone(name).ok_or_else(|| times::unknown_zone(name))?,
        };
        let asked = query["items"].as_array().map_or(&[][..], Vec::as_slice);
        if asked.len() > MOST {
            return Err(Refused::new(400, "tooManyCalendarsRequested", "Too many calendars requested."));
        }
        let mut calendars = Map::new();
        for id in asked.iter().filter_map(|item| item["id"].as_str()) {
            let place = self.place(visitor, id);
            let busy = place.and_then(|place| self.at(&place, call.now, |calendar, _| busy(calendar, range)));
            let answer = match busy {
                Ok(blocks) => {
                    json!({ "busy": blocks.iter().map(|one| block(one, &zone)).collect::<Vec<_>>() })
                }
                Err(refused) => json!({ "errors": [refused.entry()], "busy": [] }),
            };
            calendars.insert(id.to_owned(), answer);
        }
        Ok(ok(&json!({
            "kind": "calendar#freeBusy",
            "timeMin": times::text(range.start, &zone),
            "timeMax": times::text(range.end, &zone),
            "calendars": calendars,
        })))
    }
}

fn range(query: &Value) -> Result<Range, Refused> {
    let time = |name: &str| match query[name].as_str() {
        None => Err(Refused::required(&format!("Missing {name} parameter."))),
        Some(text) => times::parameter(name, text),
    };
    let range = Range { start: time("timeMin")?, end: time("timeMax")? };
    if range.start < range.end { Ok(range) } else { Err(Refused::empty_range().at_parameter("timeMax")) }
}

/// Blocks that touch are one; what lies outside the range is cut off.
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
