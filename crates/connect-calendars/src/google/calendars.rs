//! The list of a user's calendars.

use std::borrow::Cow;

use connect_core::{
    Error, Paged, Response,
    types::{Calendar, Provider, Raw, ResponseBody, Safety},
};
use serde::{Deserialize, Deserializer};

use super::endpoint::{Parameters, endpoint, read};

/// Lists the user's calendars, page by page (`GET /users/me/calendarList`).
///
/// Requires a signed-in user: an API key is not enough.
///
/// ```
/// use connect_blocking::{Client, Request, Response};
/// use connect_core::Tokens;
/// use connect_calendars::google::{self, ListCalendars};
///
/// let client = Client::builder("id", "secret")
///     .profile(google::profile())
///     .base_url(google::BASE_URL)
///     .transport(|_: Request| {
///         let list = r#"{"items": [{"id": "primary", "summary": "Ada", "summaryOverride": "Me"}]}"#;
///         Ok(Response::new(list.into()))
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

/// The access that a user has to a calendar, ordered from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AccessRole {
    /// The user can see when the owner is busy.
    FreeBusyReader,
    /// The user can read events.
    Reader,
    /// The user can read and write events.
    Writer,
    /// The user can read and write events, and manage access to the calendar.
    Owner,
}

impl AccessRole {
    /// Returns Google's name of the role.
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
    /// Lists the calendars that the user has not hidden.
    pub fn new() -> Self {
        Self::default()
    }

    /// Includes hidden calendars.
    pub fn show_hidden(self) -> Self {
        self.parameter("showHidden", "true")
    }

    /// Lists only the calendars to which the user has at least this access.
    pub fn min_access_role(self, role: AccessRole) -> Self {
        self.parameter("minAccessRole", role.as_str())
    }

    /// Sets the maximum number of calendars per page, up to 250. Google's default is 100.
    pub fn page_size(self, size: u32) -> Self {
        self.parameter("maxResults", size.to_string())
    }

    /// Sets a query parameter.
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
    /// The calendars. If the user renamed a calendar, the title is `summaryOverride`, otherwise `summary`.
    pub calendars: Vec<Calendar>,
    /// The token of the next page; `None` on the last page.
    pub next_page_token: Option<String>,
    /// The sync token for later changes of the list; only on the last page.
    pub next_sync_token: Option<String>,
}

impl<'de> Deserialize<'de> for CalendarPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let page = CalendarListJson::deserialize(deserializer)?;
        let filled = |token: Option<String>| token.filter(|token| !token.is_empty());
        Ok(Self {
            calendars: page.items.into_iter().filter_map(calendar).collect(),
            next_page_token: filled(page.next_page_token),
            next_sync_token: filled(page.next_sync_token),
        })
    }
}

impl ResponseBody for CalendarPage {}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CalendarListJson {
    items: Vec<Raw>,
    next_page_token: Option<String>,
    next_sync_token: Option<String>,
}

fn calendar(raw: Raw) -> Option<Calendar> {
    // `Calendar` decodes the fields that have the same names at Connect and Google. All other fields are in
    // `extra`.
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
