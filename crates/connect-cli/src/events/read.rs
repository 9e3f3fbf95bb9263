//! Reads events from Mobiscroll Connect or another service.

use connect_hyper::types::{CalendarRef, Event, ListEvents};
use jiff::Timestamp;

use crate::{context::Context, failure::Failure, output::note, text::clean, via::Via};

/// Selects the events to read.
pub(super) struct Query<'a> {
    /// The calendars of the events; empty for all calendars.
    pub(super) calendars: &'a [CalendarRef],
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    /// Return each series once, instead of its occurrences.
    pub(super) masters: bool,
}

impl Query<'_> {
    /// Returns at most `limit` events that `wanted` accepts, and whether more exist.
    pub(super) async fn read(
        &self,
        context: &Context,
        wanted: impl Fn(&Event) -> bool,
        limit: usize,
    ) -> Result<(Vec<Event>, bool), Failure> {
        if context.settings.via != Via::Connect {
            return self.read_all(context, wanted, limit).await;
        }
        let mut request =
            ListEvents::between(self.start, self.end).page_size(page_size(limit)).calendars(self.calendars);
        if self.masters {
            request = request.masters();
        }
        let mut items = context.user.events().list(request).items();
        let mut events = Vec::new();
        while let Some(event) = items.next().await {
            let event = self.placed(event?);
            if !wanted(&event) {
                continue;
            }
            if events.len() == limit {
                return Ok((events, true));
            }
            events.push(event);
        }
        Ok((events, false))
    }

    fn placed(&self, event: Event) -> Event {
        match self.calendars {
            [calendar] => placed(event, calendar),
            _ => event,
        }
    }

    async fn read_all(
        &self,
        context: &Context,
        wanted: impl Fn(&Event) -> bool,
        limit: usize,
    ) -> Result<(Vec<Event>, bool), Failure> {
        let gathered = context.backend.events(self.calendars, self.start, self.end).await?;
        for (calendar, error) in gathered.failed {
            note(&clean(&format!("Cannot read calendar {}: {error}", calendar.id)));
        }
        let events = gathered.events.into_iter().map(|event| self.placed(event));
        let mut events: Vec<_> = events.filter(wanted).collect();
        let more = events.len() > limit;
        events.truncate(limit);
        Ok((events, more))
    }
}

/// Adds the calendar and the provider to an event, unless the service's response contained them.
pub(super) fn placed(mut event: Event, calendar: &CalendarRef) -> Event {
    event.calendar_id.get_or_insert_with(|| calendar.id.clone());
    event.provider.get_or_insert_with(|| calendar.provider.clone());
    event
}

/// Returns the page size: one more than `limit`, to find out whether more than `limit` events exist.
fn page_size(limit: usize) -> u32 {
    u32::try_from(limit.saturating_add(1)).unwrap_or(u32::MAX).clamp(2, 1000)
}
