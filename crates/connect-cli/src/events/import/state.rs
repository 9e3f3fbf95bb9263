//! Finds the planned events that are already in the calendar.

use std::collections::HashMap;

use connect_calendars::{
    google,
    ics::{self, Plan, PlannedEvent},
    outlook,
};
use connect_hyper::types::{CalendarRef, Event, EventTime, Recurrence};
use jiff::{ToSpan as _, tz::TimeZone};
use serde::Serialize;

use super::{
    super::read::Query,
    apply::{around, pending},
};
use crate::{context::Context, failure::Failure, via::Via, when};

/// What the import has to do for a planned event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    /// The event is not in the calendar.
    Create,
    /// The series is in the calendar, but some of its occurrences were not changed or deleted.
    Change,
    /// The event is complete.
    Exists,
}

/// Returns the state of each planned event.
///
/// Lists the calendar once, and for each series in it the occurrences with planned changes.
pub(super) async fn states(
    context: &Context,
    calendar: &CalendarRef,
    plan: &Plan,
) -> Result<Vec<State>, Failure> {
    let present = present(context, calendar, plan).await?;
    let mut states = Vec::new();
    for event in &plan.events {
        states.push(match present.get(&event.key) {
            None => State::Create,
            Some(id) if pending(context, calendar, event, id).await?.is_empty() => State::Exists,
            Some(_) => State::Change,
        });
    }
    Ok(states)
}

/// Returns the UIDs and ids of the events around the planned ones; none if reading is not allowed.
///
/// The file may have been exported from the same calendar.
pub(super) async fn present(
    context: &Context,
    calendar: &CalendarRef,
    plan: &Plan,
) -> Result<HashMap<String, String>, Failure> {
    match list(context, calendar, plan).await {
        // A scope can allow to create events only.
        Err(failure) if failure.is_denied() => Ok(HashMap::new()),
        present => present,
    }
}

async fn list(
    context: &Context,
    calendar: &CalendarRef,
    plan: &Plan,
) -> Result<HashMap<String, String>, Failure> {
    let mut found = HashMap::new();
    if plan.events.is_empty() {
        return Ok(found);
    }
    let mut add = |event: &Event| {
        found.insert(ics::uid(event), event.id.clone());
    };
    match context.settings.via {
        Via::Google => {
            let list = google::ListEvents::new(&calendar.id).masters().page_size(2500);
            let mut items = context.user.pages(list).items();
            while let Some(event) = items.next().await {
                add(&event?);
            }
        }
        // For a date range, Outlook lists occurrences instead of series.
        Via::Microsoft => {
            let mut items = context.user.pages(outlook::ListEvents::new().calendar(&calendar.id)).items();
            while let Some(event) = items.next().await {
                add(&event?);
            }
        }
        Via::Connect | Via::Apptoto => {
            // The first occurrences of a series may have been deleted.
            let (start, end) = around(&plan.events.iter().flat_map(times).collect::<Vec<_>>());
            let query = Query { calendars: std::slice::from_ref(calendar), start, end, masters: true };
            query.read(context, |_| true).await?.iter().for_each(add);
        }
    }
    Ok(found)
}

/// Returns the start of the event, and for a series a later start.
///
/// The series has an occurrence between the two, unless the user deleted more than the planned ones.
fn times(event: &PlannedEvent) -> Vec<EventTime> {
    let mut times = vec![event.start.clone()];
    let rule = event.rule.as_ref().and_then(|rule| rule.parse::<Recurrence>().ok());
    let start = when::instant_of(&event.start, &TimeZone::UTC);
    if let Some((rule, start)) = rule.zip(start) {
        let start = start.to_zoned_datetime(TimeZone::UTC);
        let horizon = start.date().saturating_add(20.years());
        let last = rule.occurrences(&start, horizon).take(event.exceptions.len() + 4).last();
        times.extend(last.map(|last| EventTime::Instant(last.timestamp())));
    }
    times
}
