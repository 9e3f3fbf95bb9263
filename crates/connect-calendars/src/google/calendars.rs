//! The calendars of a user.

use std::borrow::Cow;

use connect_core::{
    Error, Paged, Response,
    types::{Answer, Calendar, Provider, Raw, Safety},
};
use serde::{Deserialize, Deserializer};

use super::endpoint::{Parameters, endpoint, read};

/// The calendars in the user's list, page by page (`GET /users/me/calendarList`). An API key is not enough.
///
/// ```
/// use connect_blocking::{Client, Request, Response};
/// use connect_core::Tokens;
/// use connect_calendars::google::{self, ListCalendars};
///
/// let client = Client::builder("id", "secret", "https://app.example/callback")
///     .profile(google::profile())
///     .base_url(google::BASE_URL)
///     .transport(|_: Request| {
///         Ok(Response::new(r##"{"items": [{"id": "primary", "summary": "ada@example.com", "summaryOverride": "Me"}]}"##.into()))
///     })
///     .build()?;
/// # let user = client.user("user-123");
/// # user.import(Tokens::new("access", "refresh"))?;
/// for calendar in user.pages(ListCalendars::new()).items() {
///     assert_eq!(calendar?.title, "Me");
/// }
/// # Ok::<(), connect_blocking::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[must_use = "a call does nothing until it is sent"]
pub struct ListCalendars {
    parameters: Parameters,
}

/// What a user may do with a calendar, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AccessRole {
    /// See when its owner is busy.
    FreeBusyReader,
    /// Read events.
    Reader,
    /// Write events.
    Writer,
    /// Everything.
    Owner,
}

impl AccessRole {
    /// The text on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::FreeBusyReader => "freeBusyReader",
            Self::Reader => "reader",
            Self::Writer => "writer",
            Self::Owner => "owner",
        }
    }
}

impl ListCalendars {
    /// Those that the user has not hidden.
    pub fn new() -> Self {
        Self::default()
    }

    /// The hidden ones as well.
    pub fn show_hidden(self) -> Self {
        self.parameter("showHidden", "true")
    }

    /// Only those in which the user may do this at least.
    pub fn min_access_role(self, role: AccessRole) -> Self {
        self.parameter("minAccessRole", role.as_str())
    }

    /// How many calendars a page has, 250 at most. Google's default is 100.
    pub fn page_size(self, size: u32) -> Self {
        self.parameter("maxResults", size.to_string())
    }

    /// Sets a parameter that has no method here.
    pub fn parameter(mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) -> Self {
        self.parameters.set(name, value);
        self
    }
}

endpoint!(ListCalendars: GET "/users/me/calendarList" -> CalendarPage {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok("/users/me/calendarList".into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        Ok(self.parameters.query())
    }

    fn decode(&self, response: &Response) -> Result<CalendarPage, Error> {
        read(response, Safety::Safe)
    }
});

impl Paged for ListCalendars {
    type Item = Calendar;

    fn at(&self, token: &str) -> Self {
        self.clone().parameter("pageToken", token)
    }

    fn next_token(page: &CalendarPage) -> Option<&str> {
        page.next_page_token.as_deref()
    }

    fn into_items(page: CalendarPage) -> Vec<Calendar> {
        page.calendars
    }
}

/// A page of calendars.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct CalendarPage {
    /// The calendars: the title is the user's own where they gave one.
    pub calendars: Vec<Calendar>,
    /// The token of the page after this one; none on the last.
    pub next_page_token: Option<String>,
    /// What changes of the list can be asked for with, on the last page.
    pub next_sync_token: Option<String>,
}

impl<'de> Deserialize<'de> for CalendarPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let page = Page::deserialize(deserializer)?;
        let filled = |token: Option<String>| token.filter(|token| !token.is_empty());
        Ok(Self {
            calendars: page.items.into_iter().filter_map(calendar).collect(),
            next_page_token: filled(page.next_page_token),
            next_sync_token: filled(page.next_sync_token),
        })
    }
}

impl Answer for CalendarPage {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    items: Vec<Raw>,
    next_page_token: Option<String>,
    next_sync_token: Option<String>,
}

fn calendar(raw: Raw) -> Option<Calendar> {
    // Where Google has the same name for the same thing it is read as it is, anything else is in `extra`.
    let read: Calendar = raw.decode().ok()?;
    let field = |name: &str| read.extra.get(name).and_then(Raw::text).filter(|text| !text.is_empty());
    let mut calendar = Calendar::new(Provider::Google, read.id.clone());
    calendar.title = field("summaryOverride").or_else(|| field("summary")).unwrap_or_default();
    calendar.color = field("backgroundColor");
    calendar.time_zone = read.time_zone;
    calendar.description = read.description;
    calendar.original = Some(raw);
    Some(calendar)
}
