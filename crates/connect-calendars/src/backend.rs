//! Calendars wherever they are: one interface over Mobiscroll Connect, Google and Outlook, and either client.
//!
//! ```text
//!   dyn CalendarBackend       (dyn AsyncCalendarBackend)     what an application is written against
//!          ▲                            ▲
//!   Backend<S, connect_blocking::User>  Backend<S, connect_hyper::User>
//!          │
//!          S: CalendarService = Connect | Google | PublicGoogle | Outlook: which endpoints to call
//! ```
//!
//! ```
//! use connect_blocking::{Client, MemoryStore, Request, Response, Tokens};
//! use connect_calendars::{backend::{Backend, CalendarBackend, Google}, google};
//!
//! fn titles(calendars: &dyn CalendarBackend) -> Result<Vec<String>, connect_blocking::Error> {
//!     let (start, end) = ("2026-12-01T00:00:00Z".parse().unwrap(), "2027-01-01T00:00:00Z".parse().unwrap());
//!     Ok(calendars.events(&[], start, end)?.events.into_iter().map(|event| event.title).collect())
//! }
//!
//! # let google = |request: Request| Ok::<_, connect_blocking::TransportError>(Response::new(
//! #     if request.uri().path().ends_with("/calendarList") { r#"{"items": [{"id": "primary"}]}"# }
//! #     else { r#"{"items": [{"id": "e", "summary": "Stand-up", "start": {"dateTime": "2026-12-01T09:00:00Z"}}]}"# }.into()));
//! let client = Client::builder("id", "secret", "https://app.example/callback")
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
//! * Events are occurrences, never series: each of a series' days is one. An update or a deletion of one is of that one alone,
//!   unless the request says otherwise.
//! * Where several calendars are read, a few are read at the same time, and their events come in the order of their starts.
//!   A calendar that cannot be read is named beside the events of the others ([`Gathered::failed`]).
//! * Guests are told of what is created, changed and deleted: all of them, unless the request chooses otherwise with its
//!   `notify`. What a service cannot be told is refused: see [`Notify`](connect_core::types::Notify).
//! * Requests are those of Connect ([`NewEvent`], [`UpdateEvent`], [`DeleteEvent`]): Google and Outlook get what they say in
//!   their own form. One that names the calendar of another provider is refused. A list of guests replaces the one that is
//!   there, with what its guests have answered: the calls themselves can keep that (`knowing`).

mod connect;
mod gather;
#[cfg(feature = "google")]
mod google;
#[cfg(feature = "outlook")]
mod outlook;
mod service;

use async_trait::async_trait;
use connect_core::{
    AsyncCaller, Caller, Error, ErrorKind, Once, PendingSignIn,
    types::{Calendar, CalendarRef, DeleteEvent, Event, NewEvent, Provider, UpdateEvent},
};
use jiff::Timestamp;

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
    /// The calendars of this user: a `User` of `connect_blocking` or `connect_hyper`. Its client has to be one for the
    /// service: with its profile and base URL.
    pub fn new(service: S, user: U) -> Self {
        Self { service, user }
    }

    /// The user.
    pub fn user(&self) -> &U {
        &self.user
    }

    /// The service.
    pub fn service(&self) -> &S {
        &self.service
    }

    /// Of a calendar of the service's own.
    fn list_of(&self, calendar: &CalendarRef, start: Timestamp, end: Timestamp) -> Result<S::Events, Error> {
        match self.service.provider() {
            Some(provider) if provider != calendar.provider => {
                let other = calendar.provider.as_str();
                Err(Error::validation(format!("the calendar is one of {other:?}, not of {provider}")))
            }
            _ => self.service.events(calendar, start, end),
        }
    }
}

/// Defines a trait and implements it for every service, in one colour.
macro_rules! backend {
    (
        $(#[$about:meta])*
        $backend:ident, $caller:ident, $gather:ident, $(#[$attr:meta])? [$($async:tt)*] [$($wait:tt)*]
    ) => {
        $(#[$about])*
        $(#[$attr])?
        pub trait $backend: Send + Sync {
            /// Whose calendars they are; nothing if a calendar has to say that itself.
            fn provider(&self) -> Option<Provider>;

            /// The calendars.
            $($async)* fn calendars(&self) -> Result<Vec<Calendar>, Error>;

            /// The events of a time in these calendars, or in all: what is on between `start` and `end`.
            ///
            /// # Errors
            /// When no calendar could be read.
            $($async)* fn events(
                &self,
                calendars: &[CalendarRef],
                start: Timestamp,
                end: Timestamp,
            ) -> Result<Gathered, Error>;

            /// Creates an event. Repeated only where it surely was not created.
            $($async)* fn create(&self, event: &NewEvent) -> Result<Event, Error>;

            /// Creates an event so that a lost answer does not make two of one: `key` is the application's own id of it.
            ///
            /// # Errors
            /// When it was surely not created.
            $($async)* fn create_once(&self, key: &str, event: &NewEvent) -> Result<Once, Error>;

            /// Changes an event.
            $($async)* fn update(&self, change: &UpdateEvent) -> Result<Event, Error>;

            /// Deletes an event.
            $($async)* fn delete(&self, event: &DeleteEvent) -> Result<(), Error>;

            /// Whether there are tokens of the user. Whether they still work is known when they are used.
            $($async)* fn is_signed_in(&self) -> Result<bool, Error>;

            /// Starts to sign the user in: send their browser to its `url()`, and keep it until they come back.
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

            $($async)* fn events(
                &self,
                calendars: &[CalendarRef],
                start: Timestamp,
                end: Timestamp,
            ) -> Result<Gathered, Error> {
                if let Some(list) = self.service.together(calendars, start, end)? {
                    match gather::$gather::list(&self.user, list)$($wait)* {
                        Ok(events) => return Ok(Gathered::new(vec![], events)),
                        Err(error) if calendars.len() > 1 && is_of_one_calendar(&error) => {}
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
                let answer = self.user.call(&self.service.create(event)?)$($wait)*?;
                Ok(self.service.created(answer, event.target()))
            }

            $($async)* fn create_once(&self, key: &str, event: &NewEvent) -> Result<Once, Error> {
                if key.is_empty() {
                    return Err(Error::validation("the key of an event must not be empty"));
                }
                let request = self.service.create_once(key, event)?;
                let error = match self.user.call(&request)$($wait)* {
                    Ok(answer) => return Ok(Once::Created(self.service.created(answer, event.target()))),
                    // A conflict: an earlier try, perhaps of another process, has created it.
                    Err(error) if error.may_have_happened() || matches!(error.kind(), ErrorKind::Conflict) => error,
                    Err(error) => return Err(error),
                };
                let found = match gather::$gather::list(&self.user, self.service.find(key, event)?)$($wait)* {
                    Err(error) if matches!(error.kind(), ErrorKind::NotFound) => Ok(Vec::new()),
                    found => found,
                };
                let is_it = |event: &Event| self.service.is_of_key(event, key);
                match found.map(|events| events.into_iter().find(is_it)) {
                    Ok(Some(found)) => Ok(Once::Found(found)),
                    Ok(None) if !error.may_have_happened() => Err(error),
                    Ok(None) => Ok(Once::Absent(error)),
                    Err(_) => Ok(Once::Unknown(error)),
                }
            }

            $($async)* fn update(&self, change: &UpdateEvent) -> Result<Event, Error> {
                let answer = self.user.call(&self.service.update(change)?)$($wait)*?;
                Ok(self.service.updated(answer, change.target()))
            }

            $($async)* fn delete(&self, event: &DeleteEvent) -> Result<(), Error> {
                self.user.call(&self.service.delete(event)?)$($wait)*.map(drop)
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
    /// The calendars of one user, wherever they are.
    CalendarBackend, Caller, blocking, [] []
}

backend! {
    /// The calendars of one user, wherever they are: the asynchronous twin of [`CalendarBackend`].
    AsyncCalendarBackend, AsyncCaller, asynchronous, #[async_trait] [async] [.await]
}

/// Whether an error of a request about many calendars may be about one of them.
fn is_of_one_calendar(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::Permission { .. } | ErrorKind::Validation { .. } | ErrorKind::Server
    )
}
