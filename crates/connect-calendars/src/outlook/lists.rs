//! The calls that list the events in a date range, and all events of a calendar.

use std::borrow::Cow;

use connect_core::{
    Error, Paged, Response,
    types::{Event, EventPage, Moment, Safety},
};

use super::{
    DEFAULT_CALENDAR,
    endpoint::{calendar_path, endpoint},
    event::event,
    preferences::{Preferences, page_size, read_options},
    response::{ODataPage, read},
};

/// Lists single events and occurrences in a date range (`GET /me/calendars/{id}/calendarView`).
///
/// A page may be empty although more pages follow. The link to the next page is used unchanged. A link
/// is refused if its server is not that of the base URL, because the request contains the access token.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call does nothing until it is sent"]
pub struct CalendarView {
    start: Moment,
    end: Moment,
    list: ListOptions,
    prefer: Preferences,
}

/// Lists single events and series of a calendar (`GET /me/calendars/{id}/events`).
///
/// [`EventSeries::recurrence`](crate::EventSeries::recurrence) returns the recurrence of a series.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "a call does nothing until it is sent"]
pub struct ListEvents {
    list: ListOptions,
    prefer: Preferences,
}

/// The options that `CalendarView` and `ListEvents` share.
#[derive(Clone, Debug, PartialEq, Eq)]
struct ListOptions {
    calendar: String,
    page_size: u32,
    link: Option<Box<str>>,
}

impl Default for ListOptions {
    fn default() -> Self {
        Self { calendar: DEFAULT_CALENDAR.to_owned(), page_size: 1000, link: None }
    }
}

impl CalendarView {
    /// Lists the events that overlap a date range, in the user's default calendar.
    pub fn new(start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        let (start, end) = (start.into(), end.into());
        Self { start, end, list: ListOptions::default(), prefer: Preferences::default() }
    }
}

impl ListEvents {
    /// Lists the events of the user's default calendar.
    pub fn new() -> Self {
        Self { list: ListOptions::default(), prefer: Preferences::default() }
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
            /// Selects a calendar by its id, instead of the default calendar.
            pub fn calendar(mut self, id: impl Into<String>) -> Self {
                self.list.calendar = id.into();
                self
            }

            /// Sets the maximum number of events per page, 1 to 1000; the default is 1000.
            pub fn page_size(mut self, size: u32) -> Self {
                self.list.page_size = size;
                self
            }
        }

        read_options!($name);

        endpoint!($name: GET $path -> EventPage {
            fn path(&self) -> Result<Cow<'_, str>, Error> {
                let (_, kind) = $path.rsplit_once('/').unwrap_or_default();
                Ok(format!("{}/{kind}", calendar_path(&self.list.calendar)?).into())
            }

            fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
                let query: fn(&Self) -> Result<Vec<(Cow<'static, str>, String)>, Error> = $query;
                let mut query = query(self)?;
                query.push(("$top".into(), page_size(self.list.page_size)?.to_string()));
                Ok(self.prefer.with_custom_property(query))
            }

            fn url(&self) -> Option<Cow<'_, str>> {
                self.list.link.as_deref().map(Cow::Borrowed)
            }

            fn decode(&self, response: &Response) -> Result<EventPage, Error> {
                let page: ODataPage = read(response, Safety::Safe)?;
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
        return Err(Error::validation("end: must be after the start"));
    }
    Ok(vec![("startDateTime".into(), view.start.to_string()), ("endDateTime".into(), view.end.to_string())])
});
list!(ListEvents, "/me/calendars/{id}/events", |_| Ok(Vec::new()));

impl ListOptions {
    fn page(&self, page: ODataPage, property: &str) -> EventPage {
        let mut events = EventPage::default();
        events.next_page_token = page.next_link();
        events.events = page.value.into_iter().map(|raw| event(raw, &self.calendar, property)).collect();
        events
    }
}
