//! One interface over the calendars of Mobiscroll Connect, Google and Outlook, async and blocking.
//!
//! ```text
//!   dyn CalendarBackend       (dyn AsyncCalendarBackend)     the interface that an application uses
//!          ▲                            ▲
//!   Backend<S, connect_blocking::User>  Backend<S, connect_hyper::User>
//!          │
//!          S: CalendarService = Connect | Google | PublicGoogle | Outlook: the endpoints to call
//! ```
//!
//! ```
//! use connect_blocking::{Client, MemoryStore, Request, Response, Tokens};
//! use connect_calendars::{backend::{Backend, CalendarBackend, Google}, google};
//!
//! fn titles(calendars: &dyn CalendarBackend) -> Result<Vec<String>, connect_blocking::Error> {
//!     let start = "2026-12-01T00:00:00Z".parse().unwrap();
//!     let end = "2027-01-01T00:00:00Z".parse().unwrap();
//!     Ok(calendars.events(&[], start, end)?.events.into_iter().map(|event| event.title).collect())
//! }
//!
//! # let google = |request: Request| Ok::<_, connect_blocking::TransportError>(Response::new(
//! #     if request.uri().path().ends_with("/calendarList") { r#"{"items": [{"id": "primary"}]}"# }
//! #     else { r#"{"items": [{"id": "e", "summary": "Stand-up"}]}"# }.into()));
//! let client = Client::builder("id", "secret")
//!     .profile(google::profile())
//!     .base_url(google::BASE_URL)
//! #   .store(MemoryStore::new())
//! #   .transport(google)
//!     .build()?;
//! let user = client.user("user-123");
//! # user.import(Tokens::new("access", "refresh"))?;
//! assert_eq!(titles(&Backend::new(Google::new(), user))?, ["Stand-up"]);
//! # Ok::<(), connect_blocking::Error>(())
//! ```
//!
//! * A list contains the occurrences of a series, never the series itself. A request that updates or deletes
//!   an occurrence affects that occurrence only, unless `whole_series()` was called on the request.
//! * Several calendars are read concurrently, and their events are sorted by start. If some calendars cannot
//!   be read, the events of the readable calendars are returned, and [`Gathered::failed`] lists the errors.
//! * All guests are notified when an event is created, changed or deleted, unless the request sets `notify`.
//!   A value of `notify` that the service does not support is refused: see
//!   [`Notify`](connect_core::types::Notify).
//! * Requests have the types of Connect ([`NewEvent`], [`UpdateEvent`], [`DeleteEvent`]). The services of
//!   Google and Outlook convert requests to their own format, and refuse a request for a calendar of another
//!   provider.
//! * A guest replies to an invitation with `respond` and an [`InvitationReply`]. The API of Connect has no
//!   call for a reply.
//! * An update with guests replaces all guests of the event, and their replies are lost. To preserve the
//!   replies, call `knowing` on the provider's own request (`google::PatchEvent`, `outlook::UpdateEvent`).

mod connect;
mod gather;
#[cfg(feature = "google")]
mod google;
#[cfg(feature = "outlook")]
mod outlook;
mod service;

use async_trait::async_trait;
use connect_core::{
    AsyncCaller, Caller, CreateOutcome, Endpoint, Error, ErrorKind, PendingSignIn,
    types::{
        Calendar, CalendarRef, ConnectionStatus, DeleteEvent, Event, NewEvent, Provider, Safety, UpdateEvent,
    },
};
use http::StatusCode;
use jiff::Timestamp;

use crate::{InvitationReply, ReplyStatus};

pub use connect::Connect;
pub use gather::Gathered;
#[cfg(feature = "google")]
pub use google::{Google, PublicGoogle};
#[cfg(feature = "outlook")]
pub use outlook::Outlook;
pub use service::CalendarService;

/// The calendars of one user at one service.
#[derive(Clone, Copy, Debug)]
pub struct Backend<S, U> {
    service: S,
    user: U,
}

impl<S: CalendarService, U> Backend<S, U> {
    /// Creates the backend for a `User` of `connect_blocking` or `connect_hyper`. The user's client must have
    /// the profile and base URL of the service.
    pub fn new(service: S, user: U) -> Self {
        Self { service, user }
    }

    /// Returns the user.
    pub fn user(&self) -> &U {
        &self.user
    }

    /// Returns the service.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// Returns the request that lists the events of a calendar. Refuses a calendar of another provider.
    fn list_of(&self, calendar: &CalendarRef, start: Timestamp, end: Timestamp) -> Result<S::Events, Error> {
        match self.service.provider() {
            Some(provider) if provider != calendar.provider => {
                let other = calendar.provider.as_str();
                Err(Error::validation(format!(
                    "the calendar belongs to the provider {other:?} (expected {provider})"
                )))
            }
            _ => self.service.events(calendar, start, end),
        }
    }
}

/// Defines the blocking or the async trait, and implements it for every service.
macro_rules! backend {
    (
        $(#[$about:meta])*
        $backend:ident, $caller:ident, $gather:ident, $(#[$attr:meta])? [$($async:tt)*] [$($wait:tt)*]
    ) => {
        $(#[$about])*
        $(#[$attr])?
        pub trait $backend: Send + Sync {
            /// Returns the provider of the calendars, or `None` if they may belong to several providers.
            fn provider(&self) -> Option<Provider>;

            /// Returns the calendars of the user.
            $($async)* fn calendars(&self) -> Result<Vec<Calendar>, Error>;

            /// Returns the state of the connected accounts. `None` for a service without several accounts.
            $($async)* fn connections(&self) -> Result<Option<ConnectionStatus>, Error>;

            /// Returns the events between `start` and `end` in these calendars.
            ///
            /// If `calendars` is empty, the events of all calendars are returned.
            ///
            /// # Errors
            /// If no calendar could be read.
            $($async)* fn events(
                &self,
                calendars: &[CalendarRef],
                start: Timestamp,
                end: Timestamp,
            ) -> Result<Gathered, Error>;

            /// Creates an event. The request is retried only if the event was certainly not created.
            $($async)* fn create(&self, event: &NewEvent) -> Result<Event, Error>;

            /// Creates an event at most once, even if a response is lost. `key` is an id that the
            /// application chooses for the event.
            ///
            /// # Errors
            /// If the event was certainly not created.
            $($async)* fn create_once(&self, key: &str, event: &NewEvent) -> Result<CreateOutcome, Error>;

            /// Updates an event.
            $($async)* fn update(&self, change: &UpdateEvent) -> Result<Event, Error>;

            /// Deletes an event.
            $($async)* fn delete(&self, event: &DeleteEvent) -> Result<(), Error>;

            /// Replies to an invitation. Only the user's own entry among the guests changes.
            ///
            /// For an occurrence of a series, the reply applies to the occurrence only, unless
            /// `whole_series()` was called on the reply. If the response is lost, the reply is repeated. If
            /// another guest replies at the same time, both replies are kept. Outlook may remove a declined
            /// event from the calendar.
            ///
            /// # Errors
            /// If the user organizes the event or is not one of its guests. Always for Mobiscroll Connect,
            /// whose API has no such call.
            $($async)* fn respond(&self, event: &Event, reply: &InvitationReply) -> Result<(), Error>;

            /// Returns whether the user has tokens. Does not check that the service still accepts them.
            $($async)* fn is_signed_in(&self) -> Result<bool, Error>;

            /// Starts a sign-in. Open `url()` of the result in the browser of the user, and pass the result
            /// to [`finish`](Self::finish).
            fn sign_in(&self) -> Result<PendingSignIn, Error>;

            /// Finishes a sign-in with the query of the request to the redirect URI.
            $($async)* fn finish(&self, sign_in: PendingSignIn, callback: &str) -> Result<(), Error>;

            /// Signs the user out.
            $($async)* fn sign_out(&self) -> Result<(), Error>;
        }

        $(#[$attr])?
        impl<S: CalendarService, U: $caller> $backend for Backend<S, U> {
            fn provider(&self) -> Option<Provider> {
                self.service.provider()
            }

            $($async)* fn calendars(&self) -> Result<Vec<Calendar>, Error> {
                gather::$gather::list(&self.user, self.service.calendars()?)$($wait)*
            }

            $($async)* fn connections(&self) -> Result<Option<ConnectionStatus>, Error> {
                match self.service.connections() {
                    Some(request) => self.user.call(&request)$($wait)*.map(Some),
                    None => Ok(None),
                }
            }

            $($async)* fn events(
                &self,
                calendars: &[CalendarRef],
                start: Timestamp,
                end: Timestamp,
            ) -> Result<Gathered, Error> {
                if let Some(list) = self.service.together(calendars, start, end)? {
                    match gather::$gather::list(&self.user, list)$($wait)* {
                        Ok(events) => return Ok(Gathered::new(vec![], events)),
                        Err(error) if calendars.len() > 1 && may_concern_one_calendar(&error) => {}
                        Err(error) => return Err(error),
                    }
                }
                let found;
                let calendars = if calendars.is_empty() {
                    found = self.calendars()$($wait)*?.iter().map(CalendarRef::from).collect::<Vec<_>>();
                    &found
                } else {
                    calendars
                };
                let (mut lists, mut refused) = (Vec::new(), Vec::new());
                for calendar in calendars {
                    match self.list_of(calendar, start, end) {
                        Ok(list) => lists.push((calendar.clone(), list)),
                        Err(error) => refused.push((calendar.clone(), Err(error))),
                    }
                }
                let mut read = gather::$gather::each(&self.user, lists, self.service.at_once())$($wait)*;
                read.extend(refused);
                Gathered::of(read)
            }

            $($async)* fn create(&self, event: &NewEvent) -> Result<Event, Error> {
                let response = self.user.call(&self.service.create(event)?)$($wait)*?;
                Ok(self.service.created(response, event.target()))
            }

            $($async)* fn create_once(&self, key: &str, event: &NewEvent) -> Result<CreateOutcome, Error> {
                if key.is_empty() {
                    return Err(Error::validation("the key of an event must not be empty"));
                }
                let has_key = |event: &Event| self.service.is_of_key(event, key);
                if !self.service.refuses_known_keys() {
                    let known = gather::$gather::list(&self.user, self.service.find(key, event)?)$($wait)*?;
                    if let Some(found) = known.into_iter().find(has_key) {
                        return Ok(CreateOutcome::Found(found));
                    }
                }
                let request = self.service.create_once(key, event)?;
                let error = match self.user.call(&request)$($wait)* {
                    Ok(response) => return Ok(CreateOutcome::Created(self.service.created(response, event.target()))),
                    // A conflict means that an earlier attempt, perhaps of another process, has created the
                    // event.
                    Err(error) if error.may_have_happened() || matches!(error.kind(), ErrorKind::Conflict) => error,
                    Err(error) => return Err(error),
                };
                let found = match gather::$gather::list(&self.user, self.service.find(key, event)?)$($wait)* {
                    Err(error) if matches!(error.kind(), ErrorKind::NotFound) => Ok(Vec::new()),
                    found => found,
                };
                match found.map(|events| events.into_iter().find(has_key)) {
                    Ok(Some(found)) => Ok(CreateOutcome::Found(found)),
                    Ok(None) if !error.may_have_happened() => Err(error),
                    Ok(None) => Ok(CreateOutcome::Absent(error)),
                    Err(_) => Ok(CreateOutcome::Unknown(error)),
                }
            }

            $($async)* fn update(&self, change: &UpdateEvent) -> Result<Event, Error> {
                let response = self.user.call(&self.service.update(change)?)$($wait)*?;
                Ok(self.service.updated(response, change.target()))
            }

            $($async)* fn delete(&self, event: &DeleteEvent) -> Result<(), Error> {
                self.user.call(&self.service.delete(event)?)$($wait)*.map(drop)
            }

            $($async)* fn respond(&self, event: &Event, reply: &InvitationReply) -> Result<(), Error> {
                let mut attempts = RespondAttempts::default();
                loop {
                    let current = match self.service.invitation(event, reply)? {
                        Some(read) => gather::$gather::list(&self.user, read)$($wait)*?.into_iter().next(),
                        None => None,
                    };
                    let request = self.service.respond(current.as_ref().unwrap_or(event), reply)?;
                    let sent = self.user.call(&request)$($wait)*.map(drop);
                    if let Some(outcome) = attempts.outcome(sent, request.safety(), reply) {
                        return outcome;
                    }
                }
            }

            $($async)* fn is_signed_in(&self) -> Result<bool, Error> {
                match self.user.tokens(std::time::Duration::MAX)$($wait)* {
                    Ok(_) => Ok(true),
                    Err(error) if matches!(error.kind(), ErrorKind::Authentication) => Ok(false),
                    Err(error) => Err(error),
                }
            }

            fn sign_in(&self) -> Result<PendingSignIn, Error> {
                self.user.sign_in(self.service.sign_in(self.user.id()))
            }

            $($async)* fn finish(&self, sign_in: PendingSignIn, callback: &str) -> Result<(), Error> {
                self.user.finish(sign_in, callback)$($wait)*
            }

            $($async)* fn sign_out(&self) -> Result<(), Error> {
                self.user.sign_out()$($wait)*
            }
        }
    };
}

backend! {
    /// The calendars of one user at any service, over a blocking client.
    CalendarBackend, Caller, blocking, [] []
}

backend! {
    /// The calendars of one user at any service, over an async client.
    AsyncCalendarBackend, AsyncCaller, asynchronous, #[async_trait] [async] [.await]
}

/// The attempts to reply to an invitation.
#[derive(Default)]
struct RespondAttempts {
    conflicts: u32,
    /// Whether the response to an earlier attempt was lost.
    lost: bool,
}

/// How often a reply is repeated because another client has changed the event.
const MAX_CONFLICTS: u32 = 5;

impl RespondAttempts {
    /// Returns the outcome of the reply, or `None` if the reply is to be sent again.
    fn outcome(
        &mut self,
        sent: Result<(), Error>,
        safety: Safety,
        reply: &InvitationReply,
    ) -> Option<Result<(), Error>> {
        let Err(error) = sent else { return Some(Ok(())) };
        let is_removed = matches!(error.kind(), ErrorKind::NotFound) && reply.status == ReplyStatus::Declined;
        if is_removed && self.lost {
            // The lost attempt declined the event, and the service removed it.
            return Some(Ok(()));
        }
        // The client has already repeated a request with another safety.
        let is_lost = error.may_have_happened() && safety == Safety::Once && !self.lost;
        let is_conflict = error.status() == Some(StatusCode::PRECONDITION_FAILED);
        let is_changed = is_conflict && self.conflicts < MAX_CONFLICTS;
        self.lost |= is_lost;
        self.conflicts += u32::from(is_changed);
        if is_lost || is_changed { None } else { Some(Err(error)) }
    }
}

/// Returns whether a single calendar may have caused the error. If so, the others can be read.
fn may_concern_one_calendar(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::Permission { .. } | ErrorKind::Validation { .. } | ErrorKind::Server
    )
}
