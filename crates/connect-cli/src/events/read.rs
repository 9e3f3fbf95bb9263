//! Reads events from Mobiscroll Connect or another service.

use connect_hyper::{
    Pages,
    types::{CalendarRef, Event, ListEvents},
};
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

/// The events of a query, page by page.
///
/// A page is requested only when it is needed, so that no request is sent after the output was closed.
pub(super) struct EventPages<'a> {
    query: &'a Query<'a>,
    context: &'a Context,
    /// The pages of Mobiscroll Connect. Other services list the events of one calendar, so their events are
    /// one page: they can be sorted only when all calendars were read.
    pages: Option<Pages<ListEvents>>,
    is_complete: bool,
    /// The number of events read.
    count: usize,
}

impl Query<'_> {
    /// Returns the pages; a page has about `limit` events if that is less than a full page.
    pub(super) fn pages<'a>(&'a self, context: &'a Context, limit: usize) -> EventPages<'a> {
        let pages = (context.settings.via == Via::Connect).then(|| {
            let list = ListEvents::between(self.start, self.end);
            let list = list.page_size(page_size(limit)).calendars(self.calendars);
            context.user.events().list(if self.masters { list.masters() } else { list })
        });
        EventPages { query: self, context, pages, is_complete: false, count: 0 }
    }

    /// Returns all events that `wanted` accepts.
    pub(super) async fn read(
        &self,
        context: &Context,
        wanted: impl Fn(&Event) -> bool,
    ) -> Result<Vec<Event>, Failure> {
        let mut pages = self.pages(context, usize::MAX);
        let mut events = Vec::new();
        while let Some(page) = pages.next().await? {
            events.extend(page.into_iter().filter(&wanted));
        }
        Ok(events)
    }

    fn placed(&self, event: Event) -> Event {
        match self.calendars {
            [calendar] => placed(event, calendar),
            _ => event,
        }
    }
}

impl EventPages<'_> {
    /// Returns the next page, or `None` after the last page.
    pub(super) async fn next(&mut self) -> Result<Option<Vec<Event>>, Failure> {
        if self.is_complete {
            return Ok(None);
        }
        let progress = self.context.out.progress;
        let text = match self.count {
            0 => "Reading events".to_owned(),
            count => format!("Reading events: {count}"),
        };
        let events = match &mut self.pages {
            Some(pages) => progress.while_waiting(&text, pages.next_page()).await?.map(|page| page.events),
            None => {
                self.is_complete = true;
                Some(progress.while_waiting(&text, self.query.gather(self.context)).await?)
            }
        };
        self.is_complete |= events.is_none();
        self.count += events.as_ref().map_or(0, Vec::len);
        Ok(events.map(|events| events.into_iter().map(|event| self.query.placed(event)).collect()))
    }
}

impl Query<'_> {
    async fn gather(&self, context: &Context) -> Result<Vec<Event>, Failure> {
        let gathered = context.backend.events(self.calendars, self.start, self.end).await?;
        for (calendar, error) in gathered.failed {
            note(&clean(&format!("Cannot read calendar {}: {error}", calendar.id)));
        }
        Ok(gathered.events)
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
