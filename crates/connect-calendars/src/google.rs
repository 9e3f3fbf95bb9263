//! Google Calendar: signing in, or an API key, and the calls of its API (v3).
//!
//! ```text
//!   profile() + SCOPES ──▶ sign-in ──▶ user.send(&call) ──────────────┐
//!                                                                     ├──▶ https://www.googleapis.com/calendar/v3/..
//!   ApiKey (public calendars) ───────▶ client.send(&key.over(&call)) ─┘
//!
//!   ListCalendars  ListEvents  ListInstances  GetEvent  FreeBusy  ListColors      reading
//!   InsertEvent (create)  PatchEvent  DeleteEvent                                 writing
//!   EventFeed                                                                     a copy that is kept in step
//! ```
//!
//! ```
//! use connect_blocking::{Client, Request, Response};
//! use connect_core::{Tokens, types::{NewEvent, Provider}};
//! use connect_calendars::google::{self, InsertEvent};
//!
//! let client = Client::builder("id", "secret", "https://app.example/callback")
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
//! * Answers are the types that Connect answers with; Google's object is in `original`, to the letter. What of it has no place there
//!   is read with [`recurrence`], [`etag`] and `original.decode()`.
//! * `.parameter(..)` and `.fields(..)` set what has no method here.
//! * Errors have Google's reason as their `server_code`. A 403 is told apart by it: too many calls are tried again later
//!   ([`RateLimited`](connect_core::ErrorKind::RateLimited)), an API that is not switched on is a matter of
//!   [`Configuration`](connect_core::ErrorKind::Configuration), and the rest of
//!   [`Permission`](connect_core::ErrorKind::Permission). With [`SCOPES`] events can be written in calendars that the user owns, and in
//!   no others.
//!
//! # What stands for what
//!
//! | here | at Google |
//! |---|---|
//! | `title`, `description`, `location` | `summary`, `description`, `location` |
//! | `start`, `end` | `dateTime`; for days `date`. Ends are exclusive |
//! | `recurrence` of a request | a line `RRULE:`, whose `UNTIL` is a day where the event is all-day |
//! | `attendees` | `attendees`; `needsAction` is `none`. The organizer is there only if among the guests |
//! | `availability` | `transparency`: `transparent` is free, all else busy |
//! | `privacy` | `visibility`; `default` is none |
//! | `color` | `colorId`, by a table: see [`color`] and [`ListColors`] |
//! | `conference` | `hangoutLink`, else the way in by video of `conferenceData` |
//! | `conference` of a request | `conferenceData.entryPoints`: a Meet that is there, or that of an add-on |
//! | `auto_conference()` | `conferenceData.createRequest`: a new Meet |
//! | `link`, `last_modified` | `htmlLink`, `updated` |
//! | `custom` | the JSON text in the private extended property [`CUSTOM_PROPERTY`]; without it the texts of all private ones |

mod body;
mod calendars;
mod change;
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

pub use connect_core::oauth::google::{SCOPES, profile, profile_at};

pub use calendars::{AccessRole, CalendarPage, ListCalendars};
pub use change::{DeleteEvent, PatchEvent};
pub use colors::{Colors, ListColors, color, color_id};
pub use custom::CUSTOM_PROPERTY;
pub use feed::EventFeed;
pub use free_busy::{CalendarBusy, FreeBusy, FreeBusyAnswer};
pub use get_event::GetEvent;
pub(crate) use insert::id_of;
pub use insert::{InsertEvent, create, create_async};
pub use key::ApiKey;
pub use list_events::{EventPage, ListEvents, ListInstances};
pub use options::SendUpdates;
pub use read::{etag, recurrence, recurrence_lines};

/// Where the API is.
pub const BASE_URL: &str = "https://www.googleapis.com/calendar/v3";
