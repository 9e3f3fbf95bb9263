//! Outlook: calendars and events of Microsoft Graph v1.0, in the types that Connect has for all providers.
//!
//! ```text
//!   microsoft::profile() + SCOPES ──▶ sign-in ──▶ user.send(&call) ──▶ https://graph.microsoft.com/v1.0/me/..
//!                                                 user.pages(call)
//!                                                 EventFeed: what has changed since
//! ```
//!
//! ```
//! use connect_blocking::{Client, Request, Response};
//! use connect_calendars::{microsoft, outlook::{self, CalendarView}};
//!
//! let client = Client::builder("id", "secret", "https://app.example/callback")
//!     .profile(microsoft::profile(&microsoft::Tenant::Common))
//!     .base_url(outlook::BASE_URL)
//!     .transport(|request: Request| {
//!         assert_eq!(request.uri().path(), "/v1.0/me/calendar/calendarView");
//!         Ok(Response::new(r#"{"value": [{"id": "AAMk", "subject": "Stand-up", "isAllDay": false,
//!             "start": {"dateTime": "2026-03-30T07:00:00.0000000", "timeZone": "UTC"}}]}"#.into()))
//!     })
//!     .build()?;
//! let user = client.user("user-123");
//! # user.import(connect_blocking::Tokens::new("access", "refresh"))?;
//! let (start, end) = ("2026-03-01T00:00:00Z".parse::<jiff::Timestamp>()?, "2026-04-01T00:00:00Z".parse::<jiff::Timestamp>()?);
//! for event in user.pages(CalendarView::new(start, end)).items() {
//!     assert_eq!(event?.title, "Stand-up");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * A call is a value, for the `send` of a signed-in user; lists are for `pages`. The client needs [`BASE_URL`].
//! * What comes back are the `Calendar` and the `Event` of [`connect_core::types`], with Graph's own object in `original`. An
//!   event's calendar is the one that was asked; that of the user is [`DEFAULT_CALENDAR`] where it was not named otherwise.
//! * Times come in UTC unless `time_zone` asks for another zone, and read as instants; those of a zone that nobody knows stay
//!   local times.
//! * An occurrence is changed or deleted by its own id, a series by that of the series. Graph cannot split a series, so "this and
//!   following" is refused.
//! * The application's own fields (`custom`) are the JSON text of one extended property of the event ([`CUSTOM_PROPERTY`]). Reads
//!   ask for it; the answer to a write has what was written, and the feed of changes has none. Of events without it, open
//!   extensions are read where they came along.
//! * What has no method here goes through: `parameter` sets one of the query, `fields` those of an event.
//! * Errors have Graph's own code as `server_code`.

mod answer;
mod calendars;
mod create;
mod delete;
mod draft;
mod endpoint;
mod error;
mod event;
mod feed;
mod get;
mod guests;
mod lists;
mod preferences;
mod schedule;
mod time;
mod update;

pub use calendars::{CalendarPage, ListCalendars};
pub use create::CreateEvent;
pub(crate) use create::transaction_id;
pub use delete::DeleteEvent;
pub use draft::BodyType;
pub use event::etag;
pub use feed::{EventFeed, FeedPage, FeedRequest};
pub use get::GetEvent;
pub use lists::{CalendarView, ListEvents};
pub use schedule::{GetSchedule, Schedule, Schedules};
pub use update::UpdateEvent;

/// Microsoft Graph. National clouds have hosts of their own.
pub const BASE_URL: &str = "https://graph.microsoft.com/v1.0";

/// What the user's own calendar goes by where its id is not known.
pub const DEFAULT_CALENDAR: &str = "primary";

/// The extended property that holds an event's `custom` fields, unless `custom_property` names another.
pub const CUSTOM_PROPERTY: &str = "String {5f0c2b7e-3d0a-4f55-9c61-8f1f6f0f9a3e} Name ConnectCustom";
