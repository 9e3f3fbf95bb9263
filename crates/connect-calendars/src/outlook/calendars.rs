//! The list of a user's calendars.

use std::borrow::Cow;

use connect_core::{
    Error, Paged, Response,
    types::{Calendar, Provider, Raw, ResponseBody, Safety},
};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::{
    endpoint::endpoint,
    preferences::{Preferences, page_size},
    response::{ODataPage, non_empty_text, read, text},
};

/// Lists the user's calendars, page by page (`GET /me/calendars`).
///
/// The first page may contain only some of the calendars: read all pages.
///
/// ```
/// # use connect_blocking::{Client, Request, Response};
/// # let respond = |_: Request| -> Result<Response, _> {
/// #     Ok(Response::new(r#"{"value": [{"id": "AAMk", "name": "Work"}]}"#.into()))
/// # };
/// # let client = Client::builder("id", "secret")
/// #     .profile(connect_calendars::microsoft::profile(&connect_calendars::microsoft::Tenant::Common))
/// #     .base_url(connect_calendars::outlook::BASE_URL).transport(respond).build()?;
/// # let user = client.user("user-123");
/// # user.import(connect_blocking::Tokens::new("access", "refresh"))?;
/// use connect_calendars::outlook::ListCalendars;
///
/// for calendar in user.pages(ListCalendars::new()).items() {
///     println!("{}", calendar?.title);
/// }
/// # Ok::<(), connect_blocking::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use = "a call does nothing until it is sent"]
pub struct ListCalendars {
    prefer: Preferences,
    page_size: Option<u32>,
    link: Option<Box<str>>,
}

impl ListCalendars {
    /// Creates the call.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the maximum number of calendars per page, 1 to 1000; Graph chooses the default.
    pub fn page_size(mut self, size: u32) -> Self {
        self.page_size = Some(size);
        self
    }

    /// Sets a query parameter.
    pub fn parameter(mut self, name: impl Into<Box<str>>, value: impl Into<Box<str>>) -> Self {
        self.prefer.parameters.push((name.into(), value.into()));
        self
    }
}

endpoint!(ListCalendars: GET "/me/calendars" -> CalendarPage {
    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok("/me/calendars".into())
    }

    fn query(&self) -> Result<Vec<(Cow<'_, str>, String)>, Error> {
        let size = self.page_size.map(page_size).transpose()?;
        let size = size.map(|size| ("$top".into(), size.to_string()));
        Ok(self.prefer.with_parameters(size.into_iter().collect()))
    }

    fn url(&self) -> Option<Cow<'_, str>> {
        self.link.as_deref().map(Cow::Borrowed)
    }

    fn decode(&self, response: &Response) -> Result<CalendarPage, Error> {
        read::<ODataPage>(response, Safety::Safe).map(CalendarPage::from)
    }
});

impl Paged for ListCalendars {
    type Item = Calendar;

    fn at(&self, token: &str) -> Self {
        Self { link: Some(token.into()), ..self.clone() }
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
    /// The calendars.
    pub calendars: Vec<Calendar>,
    /// The URL of the next page; `None` on the last page.
    pub next_page_token: Option<String>,
}

impl From<ODataPage> for CalendarPage {
    fn from(page: ODataPage) -> Self {
        let next_page_token = page.next_link();
        Self { calendars: page.value.into_iter().map(calendar).collect(), next_page_token }
    }
}

impl<'de> Deserialize<'de> for CalendarPage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ODataPage::deserialize(deserializer).map(Self::from)
    }
}

impl ResponseBody for CalendarPage {}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct CalendarJson<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    hex_color: Option<&'a RawValue>,
}

fn calendar(raw: Raw) -> Calendar {
    let json: CalendarJson<'_> = raw.decode().unwrap_or_default();
    let mut calendar = Calendar::new(Provider::Microsoft, text(json.id).unwrap_or_default());
    calendar.title = text(json.name).unwrap_or_default();
    calendar.color = non_empty_text(json.hex_color);
    calendar.original = Some(raw);
    calendar
}
