//! Reads the series of listed occurrences, with all exceptions.

use std::collections::{BTreeMap, BTreeSet};

use connect_calendars::{EventSeries as _, google, outlook};
use connect_hyper::types::{CalendarRef, Event, EventStatus, EventTime, Provider, Raw, Recurrence};
use jiff::{ToSpan as _, civil::Time, tz::TimeZone};
use serde_json::json;

use super::super::read::{Query, placed};
use crate::{context::Context, failure::Failure, via::Via};

/// The ids of series, by calendar.
type SeriesIds = BTreeMap<(Provider, String), BTreeSet<String>>;

/// Returns the single events, and in place of occurrences their series with all exceptions. Also returns the
/// reasons why series are missing.
pub(super) async fn with_series(
    context: &Context,
    query: &Query<'_>,
    events: Vec<Event>,
) -> Result<(Vec<Event>, Vec<String>), Failure> {
    let (mut all, mut ids) = (Vec::new(), SeriesIds::new());
    for event in events {
        let Some(series) = event.recurring_event_id.clone() else {
            all.push(event);
            continue;
        };
        let provider = event.provider.clone().unwrap_or_else(|| Provider::from(""));
        let calendar = event.calendar_id.clone().unwrap_or_default();
        ids.entry((provider, calendar)).or_default().insert(series);
    }
    let mut refused = Vec::new();
    for ((provider, calendar), ids) in ids {
        let calendar = CalendarRef::new(provider, calendar);
        let found = match context.settings.via {
            Via::Google => of_google(context, &calendar, &ids).await?,
            Via::Microsoft => of_outlook(context, &calendar, &ids).await?,
            Via::Connect | Via::Apptoto => of_connect(context, query, &calendar, &ids, &mut refused).await?,
        };
        for id in &ids {
            if !found.iter().any(|event| event.id == *id) && !refused.iter().any(|(known, _)| known == id) {
                refused.push((id.clone(), format!("{id:?}: the series of listed occurrences was not found")));
            }
        }
        all.extend(found);
    }
    Ok((all, refused.into_iter().map(|(_, reason)| reason).collect()))
}

fn belongs(event: &Event, ids: &BTreeSet<String>) -> bool {
    ids.contains(&event.id) || event.recurring_event_id.as_ref().is_some_and(|id| ids.contains(id))
}

/// Google lists series together with their changed and cancelled occurrences. The list has no date range,
/// because a date range would leave out exceptions.
async fn of_google(
    context: &Context,
    calendar: &CalendarRef,
    ids: &BTreeSet<String>,
) -> Result<Vec<Event>, Failure> {
    let list = google::ListEvents::new(&calendar.id).masters().page_size(2500);
    let mut items = context.user.pages(list).items();
    let mut found = Vec::new();
    while let Some(event) = items.next().await {
        let event = event?;
        if belongs(&event, ids) {
            found.push(event);
        }
    }
    Ok(found)
}

/// Outlook lists series without their exceptions, which are read for each series.
async fn of_outlook(
    context: &Context,
    calendar: &CalendarRef,
    ids: &BTreeSet<String>,
) -> Result<Vec<Event>, Failure> {
    let list = outlook::ListEvents::new().calendar(&calendar.id);
    let mut items = context.user.pages(list).items();
    let mut found = Vec::new();
    while let Some(event) = items.next().await {
        let event = event?;
        if ids.contains(&event.id) {
            found.push(event);
        }
    }
    let mut all = Vec::new();
    for mut series in found {
        let call = outlook::GetExceptions::new(&calendar.id, &series.id);
        let exceptions = context.user.send(&call).await?;
        let days = exceptions.cancelled.iter().map(|day| format!("OID.{}.{day}", series.id));
        let days: Vec<_> = days.collect();
        // The list does not contain this field.
        if let Ok(original) = Raw::with_field(series.original.as_ref(), "cancelledOccurrences", &days) {
            series.original = Some(original);
        }
        all.push(series);
        all.extend(exceptions.changed);
    }
    Ok(all)
}

/// Mobiscroll Connect lists series without their exceptions. The exceptions are the listed occurrences that
/// differ from the rule, and the occurrences of the rule that are missing in the list, up to the end of the
/// date range.
async fn of_connect(
    context: &Context,
    query: &Query<'_>,
    calendar: &CalendarRef,
    ids: &BTreeSet<String>,
    refused: &mut Vec<(String, String)>,
) -> Result<Vec<Event>, Failure> {
    let calendars = std::slice::from_ref(calendar);
    let masters = Query { calendars, start: query.start, end: query.end, masters: true };
    let masters = masters.read(context, |event| ids.contains(&event.id)).await?;
    let zone = &TimeZone::UTC;
    let first = masters.iter().filter_map(|series| {
        crate::when::instant_of(series.start.as_ref()?, zone)?.checked_sub(24.hours()).ok()
    });
    let start = first.min().unwrap_or(query.start).min(query.start);
    let occurrences = Query { calendars, start, end: query.end, masters: false };
    let occurrences = occurrences.read(context, |event| belongs(event, ids)).await?;
    let mut all = Vec::new();
    for series in masters {
        let own = occurrences.iter().filter(|event| event.recurring_event_id.as_ref() == Some(&series.id));
        match exceptions(&series, &own.collect::<Vec<_>>(), query) {
            Some(exceptions) => {
                all.push(series);
                all.extend(exceptions.into_iter().map(|event| placed(event, calendar)));
            }
            None => {
                let reason = "the cancelled occurrences of the series cannot be computed from its rule";
                refused.push((series.id.clone(), format!("{:?}: {reason}", series.title)));
            }
        }
    }
    Ok(all)
}

/// Returns the changed occurrences, and an event with the status `cancelled` for each missing one.
fn exceptions(series: &Event, occurrences: &[&Event], query: &Query<'_>) -> Option<Vec<Event>> {
    let recurrence = series.recurrence()?;
    let rule: Recurrence = recurrence.values("RRULE").next()?.parse().ok()?;
    let zone = recurrence.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
    let zone = zone.unwrap_or(TimeZone::UTC);
    let (start, days) = match series.start.as_ref()? {
        EventTime::Instant(start) => (start.to_zoned_datetime(zone), false),
        EventTime::Date(day) => {
            (day.to_datetime(Time::midnight()).to_zoned_datetime(TimeZone::UTC).ok()?, true)
        }
        _ => return None,
    };
    let mut missing = BTreeSet::new();
    for occurrence in rule.occurrences(&start, query.end.to_zoned_datetime(start.time_zone().clone()).date())
    {
        if occurrence.timestamp() < query.end {
            missing.insert(occurrence.timestamp());
        }
    }
    let mut found = Vec::new();
    for occurrence in occurrences {
        let original = occurrence.original_start_in(series).or_else(|| occurrence.start.clone())?;
        missing.remove(&crate::when::instant_of(&original, &TimeZone::UTC)?);
        if is_changed(occurrence, series, &original) {
            found.push((*occurrence).clone());
        }
    }
    // The original start of a cancelled occurrence is read in the format of Google.
    found.extend(missing.into_iter().map(|start| {
        let mut cancelled = Event::default();
        cancelled.recurring_event_id = Some(series.id.clone());
        cancelled.status = Some(EventStatus::Cancelled);
        let time = match days {
            true => json!({ "date": TimeZone::UTC.to_datetime(start).date().to_string() }),
            false => json!({ "dateTime": start.to_string() }),
        };
        cancelled.original = json!({ "originalStartTime": time }).to_string().parse().ok();
        cancelled
    }));
    Some(found)
}

fn is_changed(occurrence: &Event, series: &Event, original: &EventTime) -> bool {
    let length = |event: &Event| {
        let at = |time: &Option<EventTime>| crate::when::instant_of(time.as_ref()?, &TimeZone::UTC);
        Some(at(&event.end)?.duration_since(at(&event.start)?))
    };
    occurrence.start.as_ref() != Some(original)
        || length(occurrence) != length(series)
        || occurrence.title != series.title
        || occurrence.description != series.description
        || occurrence.location != series.location
        || occurrence.status != series.status
        || occurrence.availability != series.availability
        || occurrence.privacy != series.privacy
}
