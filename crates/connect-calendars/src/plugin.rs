//! Mobiscroll's calendar integration plugin in Rust, over any [`backend`](crate::backend).
//! [`CalendarSync`] has the nine operations of `googleCalendarSync` and `outlookCalendarSync`.
//!
//! | in the plugin | here |
//! |---|---|
//! | `init(config)` | [`CalendarSync::init`]; pass the settings to the client and the backend's service |
//! | `isSignedIn()`, `signIn()`, `signOut()` | `is_signed_in`, `sign_in`, `sign_out` |
//! | `getCalendars()` | `get_calendars` |
//! | `getEvents(ids, start, end)` | `get_events`, with one id or several |
//! | `addEvent(id, event)` | `add_event`; the [`NewEvent`] names its calendar |
//! | `updateEvent(id, event)` | `update_event`; [`Event::change`] creates the [`UpdateEvent`] |
//! | `deleteEvent(id, event)` | `delete_event` |
//! | `onInit`, `onSignedIn`, `onSignedOut` | [`SyncObserver`] |
//!
//! [`PageEvent`](crate::eventcalendar::PageEvent) converts JSON from a page to a [`NewEvent`] or an
//! [`UpdateEvent`]. [`eventcalendar::data`](crate::eventcalendar::data()) writes the JSON that a page shows.
//! All guests are notified of every write, unless the request sets `notify`.
//!
//! ```no_run
//! use connect_blocking::{Client, loopback::Loopback};
//! use connect_calendars::{backend::{Backend, Google}, google, plugin::CalendarSync};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = Loopback::bind()?;
//! let client = Client::builder("id", "not so secret").redirect_uri(listener.redirect_uri())
//!     .profile(google::profile())
//!     .base_url(google::BASE_URL)
//!     .build()?;
//! let sync = CalendarSync::init(Backend::new(Google::new(), client.user("me")), ());
//! sync.sign_in(|url| {
//!     println!("Open {url} in your browser");
//!     let timeout = std::time::Duration::from_secs(600);
//!     let visit = listener.callback(url, timeout).map_err(|error| error.to_string())?;
//!     let callback = visit.query().to_owned();
//!     visit.answer(true);
//!     Ok(callback)
//! })?;
//! let (start, end) = ("2026-12-01T00:00:00Z".parse()?, "2027-01-01T00:00:00Z".parse()?);
//! for event in sync.get_events("primary", start, end)?.events {
//!     println!("{}", event.title);
//! }
//! # Ok(()) }
//! ```

use std::{fmt, future::Future, sync::Arc};

use connect_core::{
    Error,
    types::{Calendar, CalendarRef, Event, NewEvent, Provider, UpdateEvent},
};
use jiff::Timestamp;

use crate::backend::{AsyncCalendarBackend, CalendarBackend, Gathered};

/// Observes the integration. Every method does nothing by default. `()` is an observer that does nothing.
pub trait SyncObserver: Send + Sync + 'static {
    /// Called when the integration is set up.
    fn on_init(&self) {}

    /// Called after a user has signed in.
    fn on_signed_in(&self) {}

    /// Called after a user has signed out.
    fn on_signed_out(&self) {}
}

impl SyncObserver for () {}

/// The ids of calendars: a string, a [`CalendarRef`], a [`Calendar`], or a list of these.
pub trait CalendarIds {
    /// Returns the calendars. A calendar given by its id alone belongs to `provider`.
    fn at(self, provider: &Provider) -> Vec<CalendarRef>;
}

macro_rules! one_id {
    ($($type:ty: $calendar:ident, $provider:ident => $value:expr;)*) => {$(
        impl CalendarIds for $type {
            fn at(self, $provider: &Provider) -> Vec<CalendarRef> {
                let $calendar = self;
                vec![$value]
            }
        }
    )*};
}

one_id! {
    &str: id, provider => CalendarRef::new(provider, id);
    &String: id, provider => CalendarRef::new(provider, id);
    String: id, provider => CalendarRef::new(provider, id);
    &CalendarRef: calendar, _provider => calendar.clone();
    CalendarRef: calendar, _provider => calendar;
    &Calendar: calendar, _provider => CalendarRef::from(calendar);
}

impl<T: CalendarIds, const N: usize> CalendarIds for [T; N] {
    fn at(self, provider: &Provider) -> Vec<CalendarRef> {
        self.into_iter().flat_map(|one| one.at(provider)).collect()
    }
}

impl<T: CalendarIds> CalendarIds for Vec<T> {
    fn at(self, provider: &Provider) -> Vec<CalendarRef> {
        self.into_iter().flat_map(|one| one.at(provider)).collect()
    }
}

impl<'a, T> CalendarIds for &'a [T]
where
    &'a T: CalendarIds,
{
    fn at(self, provider: &Provider) -> Vec<CalendarRef> {
        self.iter().flat_map(|one| one.at(provider)).collect()
    }
}

/// Defines the blocking or the async integration.
macro_rules! integration {
    ($(#[$about:meta])* $sync:ident, $backend:ident, [$($async:tt)*] [$($wait:tt)*] $($sign_in:tt)*) => {
        $(#[$about])*
        #[derive(Clone)]
        pub struct $sync<B> {
            backend: B,
            observer: Arc<dyn SyncObserver>,
        }

        impl<B: $backend> $sync<B> {
            /// Sets up the integration over this backend, and calls [`SyncObserver::on_init`].
            pub fn init(backend: B, observer: impl SyncObserver) -> Self {
                let observer = Arc::new(observer);
                observer.on_init();
                Self { backend, observer }
            }

            /// Returns the backend.
            pub fn backend(&self) -> &B {
                &self.backend
            }

            /// Returns whether the user has tokens.
            pub $($async)* fn is_signed_in(&self) -> Result<bool, Error> {
                self.backend.is_signed_in()$($wait)*
            }

            $($sign_in)*

            /// Signs the user out. Does nothing if no user is signed in.
            pub $($async)* fn sign_out(&self) -> Result<(), Error> {
                if !self.is_signed_in()$($wait)*? {
                    return Ok(());
                }
                self.backend.sign_out()$($wait)*?;
                self.observer.on_signed_out();
                Ok(())
            }

            /// Returns the calendars of the user.
            pub $($async)* fn get_calendars(&self) -> Result<Vec<Calendar>, Error> {
                self.backend.calendars()$($wait)*
            }

            /// Returns the events between `start` and `end` in these calendars.
            ///
            /// # Errors
            /// If no calendar could be read, or a Connect calendar is given without its provider.
            pub $($async)* fn get_events(
                &self,
                calendars: impl CalendarIds + Send,
                start: Timestamp,
                end: Timestamp,
            ) -> Result<Gathered, Error> {
                let provider = self.backend.provider().unwrap_or_else(|| Provider::from(""));
                let calendars = calendars.at(&provider);
                if calendars.is_empty() {
                    return Ok(Gathered::default()); // for an empty list, the backend would read all calendars
                }
                self.backend.events(&calendars, start, end)$($wait)*
            }

            /// Creates an event.
            pub $($async)* fn add_event(&self, event: &NewEvent) -> Result<Event, Error> {
                self.backend.create(event)$($wait)*
            }

            /// Updates an event, or one occurrence of a series.
            pub $($async)* fn update_event(&self, change: &UpdateEvent) -> Result<Event, Error> {
                self.backend.update(change)$($wait)*
            }

            /// Deletes an event, or one occurrence of a series, and returns `event` unchanged.
            pub $($async)* fn delete_event(&self, event: Event) -> Result<Event, Error> {
                self.backend.delete(&event.delete()?)$($wait)*?;
                Ok(event)
            }
        }

        impl<B: fmt::Debug> fmt::Debug for $sync<B> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($sync)).field("backend", &self.backend).finish_non_exhaustive()
            }
        }
    };
}

integration! {
    /// The calendar integration over a blocking client.
    CalendarSync, CalendarBackend, [] []
    /// Signs the user in, unless the user has tokens.
    ///
    /// `visit` receives the authorization URL, must open this URL in the browser of the user, and must wait
    /// for the request to the redirect URI. `visit` must return the query of that request, or an error text.
    pub fn sign_in(&self, visit: impl FnOnce(&str) -> Result<String, String>) -> Result<(), Error> {
        if self.is_signed_in()? {
            return Ok(());
        }
        let sign_in = self.backend.sign_in()?;
        let callback = visit(sign_in.url()).map_err(Error::validation)?;
        self.backend.finish(sign_in, &callback)?;
        self.observer.on_signed_in();
        Ok(())
    }
}

integration! {
    /// The calendar integration over an async client.
    AsyncCalendarSync, AsyncCalendarBackend, [async] [.await]
    /// Signs the user in, unless the user has tokens.
    ///
    /// `visit` receives the authorization URL, must open this URL in the browser of the user, and must wait
    /// for the request to the redirect URI. `visit` must return the query of that request, or an error text.
    pub async fn sign_in<F, R>(&self, visit: F) -> Result<(), Error>
    where
        F: FnOnce(String) -> R,
        R: Future<Output = Result<String, String>>,
    {
        if self.is_signed_in().await? {
            return Ok(());
        }
        let sign_in = self.backend.sign_in()?;
        let callback = visit(sign_in.url().to_string()).await.map_err(Error::validation)?;
        self.backend.finish(sign_in, &callback).await?;
        self.observer.on_signed_in();
        Ok(())
    }
}
