//! Outlook calendars through Microsoft Graph v1.0: the calls, and a change feed.
//!
//! ```text
//!   microsoft::profile() + SCOPES ──▶ sign-in ──▶ user.send(&call) ──▶ https://graph.microsoft.com/v1.0/me/..
//!                                                 user.pages(call)
//!                                                 EventFeed: changes since the last round
//! ```
//!
//! ```
//! use connect_blocking::{Client, Request, Response};
//! use connect_calendars::{microsoft, outlook::{self, CalendarView}};
//!
//! let client = Client::builder("id", "secret")
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
//! let start: jiff::Timestamp = "2026-03-01T00:00:00Z".parse()?;
//! let end: jiff::Timestamp = "2026-04-01T00:00:00Z".parse()?;
//! for event in user.pages(CalendarView::new(start, end)).items() {
//!     assert_eq!(event?.title, "Stand-up");
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! * Pass a call to the method `send` of a signed-in user, and a list call to `pages`. Build the client
//!   with [`BASE_URL`] as its base URL.
//! * Calls return the `Calendar` and the `Event` of [`connect_core::types`]; `original` is Graph's JSON
//!   object. The calendar id of an event is the calendar id of the call, [`DEFAULT_CALENDAR`] by default.
//! * Graph returns times in UTC unless `time_zone` requests another zone. Times are read as instants,
//!   or as local times if their zone is unknown.
//! * To change or delete an occurrence, use its own id; for a series, use the id of the series. Graph cannot
//!   split a series, so "this and following" is refused.
//! * The application's `custom` fields are stored as JSON text in an extended property
//!   ([`CUSTOM_PROPERTY`]). Calls that read events request the extended property. Calls that write
//!   events return the `custom` fields that they sent. The change feed returns no `custom` fields.
//!   If the response lacks the property, `custom` contains the open extensions in the response.
//! * `.parameter(..)` and `.fields(..)` set parameters and fields that have no method.
//! * The `server_code` of an error is Graph's code.

mod body;
mod calendars;
mod create;
mod delete;
mod endpoint;
mod error;
mod event;
mod exceptions;
mod feed;
mod get;
mod guests;
mod lists;
mod preferences;
mod respond;
mod response;
mod schedule;
mod subscriptions;
mod time;
mod update;

pub use body::BodyType;
pub use calendars::{CalendarPage, ListCalendars};
pub use create::CreateEvent;
pub(crate) use create::transaction_id;
pub use delete::DeleteEvent;
pub use event::etag;
pub use exceptions::{GetExceptions, SeriesExceptions};
pub use feed::{EventFeed, FeedPage, FeedRequest};
pub use get::GetEvent;
pub use lists::{CalendarView, ListEvents};
pub use respond::Respond;
pub use schedule::{GetSchedule, Schedule, Schedules};
pub use subscriptions::{SubscriptionRequest, Subscriptions};
pub use update::UpdateEvent;

/// The base URL of Microsoft Graph; national clouds have other hosts.
pub const BASE_URL: &str = "https://graph.microsoft.com/v1.0";

/// The id that selects the user's default calendar without its Graph id.
pub const DEFAULT_CALENDAR: &str = "primary";

/// The default extended property for `custom` fields. `custom_property` selects another property.
pub const CUSTOM_PROPERTY: &str = "String {5f0c2b7e-3d0a-4f55-9c61-8f1f6f0f9a3e} Name ConnectCustom";
