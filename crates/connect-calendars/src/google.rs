//! Google Calendar API v3: access by sign-in or API key, the calls, and a change feed.
//!
//! ```text
//!   profile() + SCOPES ──▶ sign-in ──▶ user.send(&call) ──────────────┐
//!                                                                     ├──▶ https://www.googleapis.com/calendar/v3/..
//!   ApiKey (public calendars) ───────▶ client.send(&key.over(&call)) ─┘
//!
//!   read:           ListCalendars  ListEvents  ListInstances  GetEvent  FreeBusy  ListColors
//!   write:          InsertEvent (create)  PatchEvent  DeleteEvent  Respond
//!   follow changes: EventFeed, Channels (notifications)
//! ```
//!
//! ```
//! use connect_blocking::{Client, Request, Response};
//! use connect_core::{Tokens, types::{NewEvent, Provider}};
//! use connect_calendars::google::{self, InsertEvent};
//!
//! let client = Client::builder("id", "secret")
//!     .profile(google::profile())
//!     .base_url(google::BASE_URL)
//!     .transport(|request: Request| {
//!         assert_eq!(request.uri(), "https://www.googleapis.com/calendar/v3/calendars/primary/events");
//!         Ok(Response::new(r#"{"id": "e1", "summary": "Check-up"}"#.into()))
//!     })
//!     .build()?;
//! # let user = client.user("user-123");
//! # user.import(Tokens::new("access", "refresh"))?;
//! # let (start, end) = (jiff::Timestamp::UNIX_EPOCH, jiff::Timestamp::MAX);
//! let new = NewEvent::new((Provider::Google, "primary"), "Check-up", start, end);
//! let event = user.send(&InsertEvent::new(&new))?;
//! assert_eq!((event.title.as_str(), event.calendar_id.as_deref()), ("Check-up", Some("primary")));
//! # Ok::<(), connect_blocking::Error>(())
//! ```
//!
//! * Calls return the types of [`connect_core::types`]. The `original` of an event or a calendar is
//!   Google's JSON object, unchanged. To read a field that only Google has, use [`recurrence`], [`etag`] or
//!   `original.decode()`.
//! * `.parameter(..)` and `.fields(..)` set parameters and fields that have no method.
//! * The `server_code` of an error is the `reason` in the error of Google. It also decides the kind of a 403
//!   error: [`RateLimited`](connect_core::ErrorKind::RateLimited) for too many requests, which are retried
//!   later, [`Configuration`](connect_core::ErrorKind::Configuration) for an API that is not enabled, and
//!   [`Permission`](connect_core::ErrorKind::Permission) for any other reason.
//! * [`SCOPES`] allow writing events only in calendars that the user owns.
//!
//! # Field mapping
//!
//! | this SDK | Google |
//! |---|---|
//! | `title`, `description`, `location` | `summary`, `description`, `location` |
//! | `start`, `end` | `dateTime`, or `date` for an all-day event. Ends are exclusive |
//! | `recurrence` of a request | an `RRULE:` line; its `UNTIL` is a date if the event is all-day |
//! | `attendees` | `attendees`; `needsAction` is read as `none`. An organizer who is not a guest is omitted |
//! | `availability` | `transparency`: `transparent` is free, other values are busy |
//! | `privacy` | `visibility`; `default` is read as `None` |
//! | `color` | `colorId`, through a table: see [`color`] and [`ListColors`] |
//! | `conference` | `hangoutLink`; if that is missing, the video entry point of `conferenceData` |
//! | `conference` of a request | `conferenceData.entryPoints`: a link to an existing conference |
//! | `auto_conference()` | `conferenceData.createRequest`: a new Google Meet conference |
//! | `link`, `last_modified` | `htmlLink`, `updated` |
//! | `custom` | JSON text in [`CUSTOM_PROPERTY`]; if that is missing, all private properties |

mod body;
mod calendars;
mod change;
mod channels;
mod colors;
mod custom;
mod endpoint;
mod explain;
mod feed;
mod free_busy;
mod get_event;
mod insert;
mod json;
mod key;
mod list_events;
mod options;
mod read;
mod respond;

pub use connect_core::oauth::google::{SCOPES, profile, profile_at};

pub use calendars::{AccessRole, CalendarPage, ListCalendars};
pub use change::{DeleteEvent, PatchEvent};
pub use channels::{ChannelRequest, Channels};
pub use colors::{Colors, ListColors, color, color_id};
pub use custom::CUSTOM_PROPERTY;
pub use feed::EventFeed;
pub use free_busy::{CalendarBusy, FreeBusy, FreeBusyResponse};
pub use get_event::GetEvent;
pub(crate) use insert::id_of;
pub use insert::{InsertEvent, create, create_async};
pub use key::ApiKey;
pub use list_events::{EventPage, ListEvents, ListInstances};
pub use options::SendUpdates;
pub use read::{etag, recurrence, recurrence_lines};
pub use respond::Respond;

/// The base URL of the Google Calendar API.
pub const BASE_URL: &str = "https://www.googleapis.com/calendar/v3";
