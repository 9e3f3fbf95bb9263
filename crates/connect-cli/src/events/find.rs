//! Finding the event that a key or an id means.
//!
//! The API has no request for one event, so its events are listed and searched. That is no detour for a
//! change: it needs the provider, the calendar and, for an occurrence, the series, and whoever sends a change
//! of an occurrence without its series may change them all.

use clap::Args;
use connect_hyper::types::{CalendarRef, Event, Provider};
use jiff::{Timestamp, ToSpan as _};

use super::read::Query;
use crate::{
    calendars,
    context::Context,
    failure::{Exit, Failure},
    key,
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
    #[arg(long, value_name = "PROVIDER", help_heading = "Where to look")]
    provider: Option<Provider>,
    /// Its calendar, by key or id.
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

impl Which {
    /// Among the events as they take place first; a series as a whole has another id.
    pub(super) async fn find(&self, context: &Context) -> Result<Found, Failure> {
        let names: Vec<_> = self.calendar.iter().cloned().collect();
        let only = calendars::find(context, &names, self.provider.as_ref()).await?;
        let (start, end) = self.time(context)?;
        let mut query = Query { calendars: &only, start, end, masters: false };
        if let Some(event) = self.search(context, &query).await? {
            return Ok(Found { event, is_series: false });
        }
        query.masters = true;
        let series = match context.settings.via {
            Via::Connect => self.search(context, &query).await?,
            _ => None,
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
        let now = Timestamp::now().to_zoned_datetime(zone.clone());
        let start = match &self.from {
            Some(text) => When::parse("--from", text, zone)?.start(zone)?,
            None => now.checked_sub(90.days()).map_err(when::out_of_range)?.timestamp(),
        };
        let end = match &self.to {
            Some(text) => When::parse("--to", text, zone)?.end(zone)?,
            None => now.checked_add(1.year()).map_err(when::out_of_range)?.timestamp(),
        };
        Ok((start, end))
    }

    async fn search(&self, context: &Context, query: &Query<'_>) -> Result<Option<Event>, Failure> {
        let (events, _) = query.read(context, |event| self.is(event), usize::MAX).await?;
        let mut found: Option<Event> = None;
        for event in events {
            match &found {
                Some(other) if place(other) != place(&event) => return Err(self.ambiguous(other, &event)),
                _ => found = Some(event),
            }
        }
        Ok(found.map(|event| with_calendar(event, query.calendars)))
    }

    fn is(&self, event: &Event) -> bool {
        (event.id == self.event || key::of_event(event) == self.event)
            && (self.provider.is_none() || event.provider == self.provider)
    }

    fn ambiguous(&self, one: &Event, other: &Event) -> Failure {
        let named = |event: &Event| {
            format!(
                "{} of {}",
                key::of_event(event),
                event.provider.as_ref().map_or("nobody", Provider::as_str)
            )
        };
        Failure::usage(format!("more than one event is called {:?}", self.event))
            .cause(format!("{}, {}", named(one), named(other)))
            .next("name it by its key, or add --provider or --calendar")
    }
}

fn place(event: &Event) -> (Option<&Provider>, Option<&str>, &str) {
    (event.provider.as_ref(), event.calendar_id.as_deref(), &event.id)
}

/// Some answers do not name the calendar; where only one was asked, it is that.
fn with_calendar(event: Event, only: &[CalendarRef]) -> Event {
    match (&event.calendar_id, only) {
        (None, [calendar]) => event.calendar(&calendar.id),
        _ => event,
    }
}
