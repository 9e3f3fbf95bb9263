//! Sends the requests of a plan.

use connect_calendars::{
    EventSeries as _,
    ics::{ExceptionChange, Plan, PlannedEvent, PlannedException},
};
use connect_hyper::{
    CreateOutcome,
    types::{CalendarRef, DeleteEvent, Event, EventTime, UpdateEvent},
};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{super::read::placed, state::present};
use crate::{
    context::Context,
    failure::{Exit, Failure},
    when,
};

/// The number of requests that made a change, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Done {
    pub(super) created: usize,
    /// The events that were already in the calendar.
    pub(super) existing: usize,
    pub(super) changed: usize,
    pub(super) cancelled: usize,
}

/// Creates all events, and then changes and deletes the occurrences of each series.
///
/// A repeated call continues after a failure: it finds the created events by their keys, and skips the
/// occurrences that are already changed or deleted.
pub(super) async fn apply(context: &Context, calendar: &CalendarRef, plan: &Plan) -> Result<Done, Failure> {
    let mut done = Done::default();
    let present = present(context, calendar, plan).await?;
    for (index, event) in plan.events.iter().enumerate() {
        let present = present.get(&event.key).cloned();
        apply_one(context, calendar, event, present, &mut done).await.map_err(|failure| {
            let (name, total) = (&event.title, plan.events.len());
            let message = format!("the import stopped at {name:?}, after {index} of {total} events");
            failure.while_doing(message).next("repeat the command: it continues, and creates no event twice")
        })?;
    }
    Ok(done)
}

async fn apply_one(
    context: &Context,
    calendar: &CalendarRef,
    event: &PlannedEvent,
    present: Option<String>,
    done: &mut Done,
) -> Result<(), Failure> {
    let id = match present {
        Some(id) => {
            done.existing += 1;
            id
        }
        None => create(context, event, done).await?,
    };
    for change in pending(context, calendar, event, &id).await? {
        match change {
            PendingChange::Delete(request) => {
                context.backend.delete(&request).await?;
                done.cancelled += 1;
            }
            PendingChange::Update(request) => {
                context.backend.update(&request).await?;
                done.changed += 1;
            }
        }
    }
    Ok(())
}

/// Creates the event and returns its id.
async fn create(context: &Context, event: &PlannedEvent, done: &mut Done) -> Result<String, Failure> {
    match context.backend.create_once(&event.key, &event.request).await? {
        CreateOutcome::Created(created) => {
            done.created += 1;
            Ok(created.id)
        }
        CreateOutcome::Found(found) => {
            done.existing += 1;
            Ok(found.id)
        }
        CreateOutcome::Absent(error) | CreateOutcome::Unknown(error) => Err(error.into()),
    }
}

/// A change of an occurrence that was not made yet.
pub(super) enum PendingChange {
    Delete(DeleteEvent),
    Update(Box<UpdateEvent>),
}

/// Returns the planned changes of the occurrences of a created series that were not made yet.
pub(super) async fn pending(
    context: &Context,
    calendar: &CalendarRef,
    event: &PlannedEvent,
    series: &str,
) -> Result<Vec<PendingChange>, Failure> {
    let mut pending = Vec::new();
    if event.exceptions.is_empty() {
        return Ok(pending);
    }
    // The response to a write may contain few fields.
    let mut stub = Event::default();
    stub.all_day = Some(matches!(event.start, EventTime::Date(_)));
    let occurrences = occurrences(context, calendar, event, series).await?;
    for exception in &event.exceptions {
        let found = occurrences.iter().find(|occurrence| is_original(occurrence, &stub, exception));
        match (&exception.change, found) {
            (ExceptionChange::Cancelled, Some(occurrence)) => {
                pending.push(PendingChange::Delete(occurrence.delete()?));
            }
            // An earlier import deleted the occurrence.
            (ExceptionChange::Cancelled, None) => {}
            (ExceptionChange::Changed(fields), Some(occurrence)) => {
                pending.extend(fields.update(occurrence)?.map(Box::new).map(PendingChange::Update));
            }
            (ExceptionChange::Changed(_), None) => {
                let message = format!("the occurrence of {} was not found", exception.original_start);
                return Err(Failure::new(Exit::NotFound, "NOT_FOUND_ERROR", message));
            }
        }
    }
    Ok(pending)
}

/// Returns the occurrences of the series around all planned exceptions.
async fn occurrences(
    context: &Context,
    calendar: &CalendarRef,
    event: &PlannedEvent,
    series: &str,
) -> Result<Vec<Event>, Failure> {
    let mut times = Vec::new();
    for exception in &event.exceptions {
        times.push(exception.original_start.clone());
        if let ExceptionChange::Changed(fields) = &exception.change {
            times.extend([fields.start(), fields.end()]);
        }
    }
    let (start, end) = around(&times);
    let gathered = context.backend.events(std::slice::from_ref(calendar), start, end).await?;
    let events = gathered.events.into_iter().map(|event| placed(event, calendar));
    Ok(events.filter(|event| event.recurring_event_id.as_deref() == Some(series)).collect())
}

/// Returns the range in which all these times are.
pub(super) fn around(times: &[EventTime]) -> (Timestamp, Timestamp) {
    let times: Vec<_> = times.iter().filter_map(|time| when::instant_of(time, &TimeZone::UTC)).collect();
    // All-day events begin at midnight in the zone of the calendar.
    let margin = SignedDuration::from_hours(48);
    let start = times.iter().min().copied().unwrap_or(Timestamp::UNIX_EPOCH);
    let end = times.iter().max().copied().unwrap_or(start);
    let range = (start.checked_sub(margin), end.checked_add(margin));
    (range.0.unwrap_or(Timestamp::MIN), range.1.unwrap_or(Timestamp::MAX))
}

fn is_original(occurrence: &Event, series: &Event, exception: &PlannedException) -> bool {
    let original = occurrence.original_start_in(series).or_else(|| occurrence.start.clone());
    original.as_ref() == Some(&exception.original_start)
}
