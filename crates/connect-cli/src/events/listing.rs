//! Prints a list of events while it is read.

use std::ops::ControlFlow;

use connect_hyper::types::{Event, EventTime, Provider};
use jiff::{civil::DateTime, tz::TimeZone};

use super::{days::Days, names::CalendarNames, read::Query, rule};
use crate::{
    calendars,
    context::Context,
    failure::Failure,
    key,
    output::{JsonList, Layout, Output, note},
    table::tab_separated,
    text::{brief, clean},
};

/// A list of events, and how it is shown.
pub(super) struct Listing<'a> {
    pub(super) query: Query<'a>,
    pub(super) provider: Option<&'a Provider>,
    pub(super) limit: usize,
    /// Whether a list by day shows the keys of events.
    pub(super) has_keys: bool,
}

/// The forms of a list.
enum Printer<'a> {
    Json(JsonList),
    Days(Box<Days<'a>>),
    Lines(&'a TimeZone),
}

impl Listing<'_> {
    /// Prints each page when it was read. Ends if the output is a closed pipe.
    pub(super) async fn print(&self, context: &Context) -> Result<(), Failure> {
        let mut pages = self.query.pages(context, self.limit);
        let mut printer = None;
        let (mut count, mut more) = (0, false);
        loop {
            let mut page = match pages.next().await {
                Ok(Some(page)) => page,
                Ok(None) => break,
                Err(failure) => {
                    let rest = printer.map(Printer::interrupted).unwrap_or_default();
                    let _ = context.out.write(&rest)?;
                    return Err(failure);
                }
            };
            page.retain(|event| self.provider.is_none() || event.provider.as_ref() == self.provider);
            more = page.len() > self.limit - count;
            page.truncate(self.limit - count);
            count += page.len();
            let printer = match &mut printer {
                Some(printer) => printer,
                None if page.is_empty() => continue,
                printer => printer.insert(self.printer(context).await),
            };
            if context.out.write(&printer.page(&page)?)?.is_break() {
                return Ok(());
            }
            if more {
                break;
            }
        }
        let end = match printer {
            Some(printer) => printer.end(),
            None if context.out.json => context.out.json_list("events").end(),
            None => context.out.remark("No events in this date range."),
        };
        if let (ControlFlow::Continue(()), true) = (context.out.write(&end)?, more) {
            note(&format!("Only the first {count} events are shown."));
        }
        Ok(())
    }

    async fn printer<'a>(&self, context: &'a Context) -> Printer<'a> {
        let Output { json, layout, zone, .. } = &context.out;
        match layout {
            _ if *json => Printer::Json(context.out.json_list("events")),
            Layout::Lines => Printer::Lines(zone),
            Layout::Screen(screen) => {
                // A series is listed on the day of its first occurrence.
                let first =
                    (!self.query.masters).then(|| self.query.start.to_zoned_datetime(zone.clone()).date());
                let names = names(context).await;
                Printer::Days(Box::new(Days::new(screen, zone, names, first, self.has_keys)))
            }
        }
    }
}

impl Printer<'_> {
    fn page(&mut self, events: &[Event]) -> Result<String, Failure> {
        match self {
            Self::Json(list) => list.items(events),
            Self::Days(days) => Ok(days.add(events)),
            Self::Lines(zone) => Ok(events.iter().map(|event| line(event, zone)).collect()),
        }
    }

    /// Returns the events that were read but not printed. A JSON document stays incomplete.
    fn interrupted(self) -> String {
        match self {
            Self::Days(mut days) => days.end(),
            Self::Json(_) | Self::Lines(_) => String::new(),
        }
    }

    fn end(self) -> String {
        match self {
            Self::Json(list) => list.end(),
            Self::Days(mut days) => days.end(),
            Self::Lines(_) => String::new(),
        }
    }
}

/// Returns the names of the calendars. If they cannot be listed, events show the ids of their calendars.
async fn names(context: &Context) -> CalendarNames {
    if context.is_public {
        return CalendarNames::default();
    }
    match calendars::listed(context).await {
        Ok(calendars) => CalendarNames::of(calendars),
        Err(failure) => {
            note(&format!(
                "The calendars cannot be listed, so their ids are shown: {}",
                brief(&failure.message)
            ));
            CalendarNames::default()
        }
    }
}

/// Returns an event as tab-separated cells; the README lists them.
fn line(event: &Event, zone: &TimeZone) -> String {
    let key = key::of_event(event);
    let (start, end) = times(event, zone);
    let rules = rule::rules(event).unwrap_or_default().join("; ");
    let provider = event.provider.as_ref().map_or("", Provider::as_str);
    let calendar = event.calendar_id.as_deref().unwrap_or_default();
    let series = event.recurring_event_id.as_deref().unwrap_or_default();
    let cells = [&*key, &start, &end, &event.title, provider, calendar, &event.id, series, &rules];
    let cells: Vec<_> = cells.into_iter().map(clean).collect();
    tab_separated(cells.iter().map(String::as_str))
}

/// Returns the start and the end of the event; for an all-day event, the first and the last day.
fn times(event: &Event, zone: &TimeZone) -> (String, String) {
    let minute = |at: DateTime| at.strftime("%Y-%m-%d %H:%M").to_string();
    let text = |time: &EventTime| match time {
        EventTime::Instant(at) => minute(at.to_zoned_datetime(zone.clone()).datetime()),
        EventTime::Local(local) => minute(*local),
        other => other.to_string(),
    };
    let start = event.start.as_ref().map(text).unwrap_or_default();
    let end = match (&event.start, &event.end) {
        (Some(EventTime::Date(first)), Some(EventTime::Date(end))) => {
            end.yesterday().unwrap_or(*end).max(*first).to_string()
        }
        (_, end) => end.as_ref().map(text).unwrap_or_default(),
    };
    (start, end)
}
