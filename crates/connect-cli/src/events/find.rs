//! Finding the event that a key or an id means.
//!
//! The API has no request for one event, so its events are listed and searched. That is no detour for a
//! change: it needs the provider, the calendar and, for an occurrence, the series, and whoever sends a change
//! of an occurrence without its series may change them all.

use clap::Args;
use connect_hyper::types::{Event, EventTime, Provider};
use jiff::{SignedDuration, Timestamp, ToSpan as _, tz::TimeZone};

use super::read::Query;
use crate::{
    calendars,
    context::Context,
    failure::{Exit, Failure},
    key, provider,
    via::Via,
    when::{self, When},
};

/// Which event, and where to look for it.
#[derive(Debug, Args)]
pub(super) struct Which {
    /// The event, by the key that `connect events list` shows, or by its id.
    #[arg(value_name = "EVENT")]
    event: String,
    /// Its provider, where an id is not clear: google, microsoft, apple or caldav.
    #[arg(long, value_name = "PROVIDER", value_parser = provider::known, help_heading = "Where to look")]
    provider: Option<Provider>,
    /// Its calendar, by key, id or exact title.
    #[arg(long, value_name = "CALENDAR", help_heading = "Where to look")]
    calendar: Option<String>,
    /// Look from then on [default: 90 days ago].
    #[arg(long, value_name = "WHEN", help_heading = "Where to look")]
    from: Option<String>,
    /// Look until then [default: a year from now].
    #[arg(long, value_name = "WHEN", help_heading = "Where to look")]
    to: Option<String>,
}

/// The event, and whether it is a series as a whole.
pub(super) struct Found {
    pub(super) event: Event,
    pub(super) is_series: bool,
}

/// Where an event is looked for unless told otherwise.
fn usual_time(zone: &TimeZone) -> Result<(Timestamp, Timestamp), Failure> {
    let now = Timestamp::now().to_zoned_datetime(zone.clone());
    let start = now.checked_sub(90.days()).map_err(when::out_of_range)?;
    let end = now.checked_add(1.year()).map_err(when::out_of_range)?;
    Ok((start.timestamp(), end.timestamp()))
}

/// The command that finds the event, where its key alone does not, or soon will not.
pub(super) fn elsewhere(event: &Event, zone: &TimeZone) -> Option<String> {
    let at = |time: &EventTime| when::instant_of(time, zone);
    let start = event.start.as_ref().and_then(at)?;
    let end = event.end.as_ref().and_then(at).unwrap_or(start).max(start);
    let (from, to) = usual_time(zone).ok()?;
    let margin = SignedDuration::from_hours(24);
    if end > from + margin && start < to - margin {
        return None;
    }
    let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    let (key, from, to) = (key::of_event(event), day(start), day(end));
    Some(format!("connect events show {key} --from {from} --to {to}"))
}

impl Which {
    /// Among the events as they take place first; a series as a whole has another id.
    pub(super) async fn find(&self, context: &Context) -> Result<Found, Failure> {
        let names: Vec<_> = self.calendar.iter().cloned().collect();
        let only = calendars::find(context, &names, self.provider.as_ref()).await?;
        let (start, end) = self.time(context)?;
        let mut query = Query { calendars: &only, start, end, masters: false };
        if let Some(event) = self.search(context, &query, key::of_event, |event| Some(&event.id)).await? {
            return Ok(Found { event, is_series: false });
        }
        let series = match context.settings.via {
            Via::Connect => {
                query.masters = true;
                self.search(context, &query, key::of_event, |event| Some(&event.id)).await?
            }
            // Elsewhere there are occurrences alone, and any of them stands for its series.
            _ => {
                self.search(context, &query, key::of_series, |event| event.recurring_event_id.as_ref())
                    .await?
            }
        };
        let event = series.ok_or_else(|| {
            Failure::new(Exit::NotFound, "NOT_FOUND_ERROR", format!("there is no event {:?}", self.event))
                .cause(
                    "it is not among those from 90 days ago to a year from now, or the times that were named",
                )
                .next("look elsewhere with --from and --to, or list the events: connect events list")
        })?;
        Ok(Found { event, is_series: true })
    }

    fn time(&self, context: &Context) -> Result<(Timestamp, Timestamp), Failure> {
        let zone = &context.out.zone;
        let usual = usual_time(zone)?;
        let start = match &self.from {
            Some(text) => When::parse("--from", text, zone)?.start(zone)?,
            None => usual.0,
        };
        let end = match &self.to {
            Some(text) => When::parse("--to", text, zone)?.end(zone)?,
            None => usual.1,
        };
        Ok((start, end))
    }

    /// The first event that this id, or the key of it, means.
    async fn search(
        &self,
        context: &Context,
        query: &Query<'_>,
        key: fn(&Event) -> String,
        id: fn(&Event) -> Option<&String>,
    ) -> Result<Option<Event>, Failure> {
        let is_meant = |event: &Event| {
            id(event).is_some_and(|id| *id == self.event || key(event) == self.event)
                && (self.provider.is_none() || event.provider == self.provider)
        };
        let (events, _) = query.read(context, is_meant, usize::MAX).await?;
        let mut found: Vec<Event> = Vec::new();
        for event in events {
            if found.iter().all(|other| key(other) != key(&event)) {
                found.push(event);
            }
        }
        if found.len() > 1 {
            return Err(self.ambiguous(&found, key));
        }
        Ok(found.pop())
    }

    fn ambiguous(&self, candidates: &[Event], key: fn(&Event) -> String) -> Failure {
        let named = |event: &Event| {
            let provider = event.provider.as_ref().map_or("?", Provider::as_str);
            format!("{} ({provider}, {:?})", key(event), event.title)
        };
        let candidates: Vec<_> = candidates.iter().map(named).collect();
        Failure::usage(format!("more than one event is called {:?}", self.event))
            .cause(format!("it may be {}", candidates.join(" or ")))
            .next("name it by its key, which stands first, or add --provider or --calendar")
    }
}
