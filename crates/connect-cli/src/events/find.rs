//! Finds the event that a key or an id names.
//!
//! The API cannot return a single event, so the program lists events and searches them. A request that
//! changes an occurrence must contain the id of the series, which only the list shows. Without the series id,
//! the request could change the whole series.
//!
//! A key names one event, so the weeks around today are searched first, and the whole range only if the key
//! is not found there. An id may be used by several providers, so the whole range is searched for it.

use clap::Args;
use connect_hyper::types::{CalendarRef, Event, EventTime, Provider};
use jiff::{SignedDuration, Span, Timestamp, ToSpan as _, tz::TimeZone};

use super::read::Query;
use crate::{
    calendars,
    context::Context,
    failure::{Exit, Failure},
    key,
    output::note,
    provider,
    via::Via,
    when::{self, When},
};

/// The options that name an event and limit the search for it.
#[derive(Debug, Args)]
pub(super) struct EventSelector {
    /// The event, by its key in `connect events list` or by its id.
    #[arg(value_name = "EVENT")]
    event: String,
    /// Search only this provider: google, microsoft, apple or caldav.
    #[arg(long, value_name = "PROVIDER", value_parser = provider::known, help_heading = "Search range")]
    provider: Option<Provider>,
    /// Search only this calendar, by key, id or title.
    #[arg(long, value_name = "CALENDAR", help_heading = "Search range")]
    calendar: Option<String>,
    /// Search from this date or time [default: 90 days ago].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, help_heading = "Search range")]
    from: Option<String>,
    /// Search until this date (inclusive) or time [default: one year from now].
    #[arg(long, value_name = "WHEN", allow_hyphen_values = true, help_heading = "Search range")]
    to: Option<String>,
}

/// An event, and whether it represents a whole series.
pub(super) struct FoundEvent {
    pub(super) event: Event,
    pub(super) is_series: bool,
}

/// A range of time: start and end.
type Range = (Timestamp, Timestamp);

/// Returns the search range that is used without `--from` and `--to`.
fn default_range(zone: &TimeZone) -> Result<Range, Failure> {
    around_now(zone, 90.days(), 1.year())
}

/// Returns the range that is searched first for a key: one page of most calendars.
fn near_range(zone: &TimeZone) -> Result<Range, Failure> {
    around_now(zone, 7.days(), 35.days())
}

fn around_now(zone: &TimeZone, before: Span, after: Span) -> Result<Range, Failure> {
    let now = Timestamp::now().to_zoned_datetime(zone.clone());
    let start = now.checked_sub(before).map_err(when::out_of_range)?;
    let end = now.checked_add(after).map_err(when::out_of_range)?;
    Ok((start.timestamp(), end.timestamp()))
}

/// Returns a `show` command with a search range, or `None` if the default range is enough.
///
/// The default range is enough if the event ends more than a day after the range starts, and starts more than
/// a day before the range ends.
pub(super) fn show_command(event: &Event, zone: &TimeZone) -> Option<String> {
    let at = |time: &EventTime| when::instant_of(time, zone);
    let start = event.start.as_ref().and_then(at)?;
    let end = event.end.as_ref().and_then(at).unwrap_or(start).max(start);
    let (from, to) = default_range(zone).ok()?;
    let margin = SignedDuration::from_hours(24);
    if end > from + margin && start < to - margin {
        return None;
    }
    let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    let (key, from, to) = (key::of_event(event), day(start), day(end));
    Some(format!("connect events show {key} --from {from} --to {to}"))
}

impl EventSelector {
    /// Finds the selected event: first among the occurrences, then among the series.
    pub(super) async fn find(&self, context: &Context) -> Result<FoundEvent, Failure> {
        let whole = self.range(context)?;
        let names: Vec<_> = self.calendar.iter().cloned().collect();
        let only = calendars::find(context, &names, self.provider.as_ref()).await?;
        let is_default = self.from.is_none() && self.to.is_none();
        if is_default && key::is_key(&self.event) {
            let near = near_range(&context.out.zone)?;
            if let Some(found) = self.search(context, &only, near, false).await? {
                return Ok(found);
            }
        }
        if !is_default {
            when::note_range(&context.out, [self.from.as_deref(), self.to.as_deref()], whole);
        }
        if is_default && !context.out.json {
            let day = |at: Timestamp| at.to_zoned_datetime(context.out.zone.clone()).date();
            note(&format!(
                "Searching from {} to {}; --from and --to set another range.",
                day(whole.0),
                day(whole.1)
            ));
        }
        self.search(context, &only, whole, true).await?.ok_or_else(|| {
            Failure::new(Exit::NotFound, "NOT_FOUND_ERROR", format!("event {:?} not found", self.event))
                .cause("searched from --from (default: 90 days ago) to --to (default: one year from now)")
                .next("search another range with --from and --to, or list events: connect events list")
        })
    }

    fn range(&self, context: &Context) -> Result<Range, Failure> {
        let zone = &context.out.zone;
        let default = default_range(zone)?;
        let start = match &self.from {
            Some(text) => When::parse("--from", text, zone)?.start(zone)?,
            None => default.0,
        };
        let end = match &self.to {
            Some(text) => When::parse("--to", text, zone)?.end(zone)?,
            None => default.1,
        };
        Ok((start, end))
    }

    /// Searches a range by key, and also by id if `by_id`; an error if several events match.
    async fn search(
        &self,
        context: &Context,
        calendars: &[CalendarRef],
        (start, end): Range,
        by_id: bool,
    ) -> Result<Option<FoundEvent>, Failure> {
        let is_named = |id: Option<&String>, key: &dyn Fn() -> String| {
            id.is_some_and(|id| by_id && *id == self.event || key() == self.event)
        };
        let is_event = |event: &Event| is_named(Some(&event.id), &|| key::of_event(event));
        let is_in_series =
            |event: &Event| is_named(event.recurring_event_id.as_ref(), &|| key::of_series(event));
        let of_provider = |event: &Event| self.provider.is_none() || event.provider == self.provider;
        let mut query = Query { calendars, start, end, masters: false };
        if context.settings.via == Via::Connect {
            let wanted = |event: &Event| of_provider(event) && is_event(event);
            let events = query.read(context, wanted).await?;
            if let Some(event) = self.only(events, key::of_event)? {
                return Ok(Some(FoundEvent { event, is_series: false }));
            }
            query.masters = true;
            let series = query.read(context, wanted).await?;
            let series = self.only(series, key::of_event)?;
            return Ok(series.map(|event| FoundEvent { event, is_series: true }));
        }
        // Other services list only occurrences, so the first found occurrence represents its series.
        let wanted = |event: &Event| of_provider(event) && (is_event(event) || is_in_series(event));
        let found = query.read(context, wanted).await?;
        let (events, occurrences): (Vec<_>, Vec<_>) = found.into_iter().partition(is_event);
        if let Some(event) = self.only(events, key::of_event)? {
            return Ok(Some(FoundEvent { event, is_series: false }));
        }
        let series = self.only(occurrences, key::of_series)?;
        Ok(series.map(|event| FoundEvent { event, is_series: true }))
    }

    /// Returns the first event, or an error if the events have different keys.
    fn only(&self, events: Vec<Event>, key: fn(&Event) -> String) -> Result<Option<Event>, Failure> {
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
        Failure::usage(format!("{:?} matches more than one event", self.event))
            .cause(format!("candidates: {}", candidates.join(", ")))
            .next("use a key (the first value of each candidate), or add --provider or --calendar")
    }
}
