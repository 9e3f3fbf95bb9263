//! Events page by page: those of a time, and all of a calendar.

use std::borrow::Cow;

use connect_core::{
    Error, Paged, Response,
    types::{Event, EventPage, Moment, Safety},
};

use super::{
    DEFAULT_CALENDAR,
    answer::{Page, read},
    endpoint::{calendar_path, endpoint},
    event::event,
    preferences::{Preferences, page_size, reading},
};

/// The events of a time, each occurrence of a series by itself (`GET /me/calendars/{id}/calendarView`).
///
/// A page can be empty although more follow. The link to the next page is followed as it is, and only to the service: the
/// access token goes with it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call does nothing until it is sent"]
pub struct CalendarView {
    start: Moment,
    end: Moment,
    list: List,
    prefer: Preferences,
}

/// The events of a calendar, each series as one (`GET /me/calendars/{id}/events`). How it repeats is in
/// [`EventSeries::recurrence`](crate::EventSeries::recurrence).
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call does nothing until it is sent"]
pub struct ListEvents {
    list: List,
    prefer: Preferences,
}

/// What the two have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
struct List {
    calendar: String,
    page_size: u32,
    link: Option<Box<str>>,
}

impl Default for List {
    fn default() -> Self {
        Self { calendar: DEFAULT_CALENDAR.to_owned(), page_size: 1000, link: None }
    }
}

impl CalendarView {
    /// The events that are within this time or reach into it, in the user's own calendar.
    pub fn new(start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        let (start, end) = (start.into(), end.into());
        Self { start, end, list: List::default(), prefer: Preferences::default() }
    }
}

impl ListEvents {
    /// The events of the user's own calendar.
    pub fn new() -> Self {
        Self { list: List::default(), prefer: Preferences::default() }
    }
}

impl Default for ListEvents {
    fn default() -> Self {
        Self::new()
    }
}

macro_rules! list {
    ($name:ident, $path:literal, $query:expr) => {
        impl $name {
            /// Those of this calendar.
            pub fn calendar(mut self, id: impl Into<String>) -> Self {
                self.list.calendar = id.into();
                self
            }

            /// How many events a page has, 1 to 1000; 1000, unless given.
            pub fn page_size(mut self, size: u32) -> Self {
                self.list.page_size = size;
                self
            }
        }

        reading!($name);

        endpoint!($name: GET $path -> EventPage {
            fn path(&self) -> Result<Cow<'_, str>, Error> {
                let (_, kind) = $path.rsplit_once('/').unwrap_or_default();
                Ok(format!("{}/{kind}", calendar_path(&self.list.calendar)?).into())
            }

            fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
                let query: fn(&Self) -> Result<Vec<(Cow<'static, str>, String)>, Error> = $query;
                let mut query = query(self)?;
                query.push(("$top".into(), page_size(self.list.page_size)?.to_string()));
                Ok(self.prefer.expand(query))
            }

            fn url(&self) -> Option<Cow<'_, str>> {
                self.list.link.as_deref().map(Cow::Borrowed)
            }

            fn decode(&self, response: &Response) -> Result<EventPage, Error> {
                let page: Page = read(response, Safety::Safe)?;
                Ok(self.list.page(page, self.prefer.property()))
            }
        });

        impl Paged for $name {
            type Item = Event;

            fn at(&self, token: &str) -> Self {
                let mut next = self.clone();
                next.list.link = Some(token.into());
                next
            }

            fn next_token(page: &EventPage) -> Option<&str> {
                page.next_page_token.as_deref()
            }

            fn into_items(page: EventPage) -> Vec<Event> {
                page.events
            }
        }
    };
}

list!(CalendarView, "/me/calendars/{id}/calendarView", |view| {
    if view.end <= view.start {
        return Err(Error::validation("end: is not after the start"));
    }
    Ok(vec![("startDateTime".into(), view.start.to_string()), ("endDateTime".into(), view.end.to_string())])
});
list!(ListEvents, "/me/calendars/{id}/events", |_| Ok(Vec::new()));

impl List {
    fn page(&self, page: Page, property: &str) -> EventPage {
        let mut events = EventPage::default();
        events.next_page_token = page.next_link();
        events.events = page.value.into_iter().map(|raw| event(raw, &self.calendar, property)).collect();
        events
    }
}
