//! Mobiscroll's calendar integration plugin (`googleCalendarSync`, `outlookCalendarSync`), in Rust: its nine operations under
//! their names, over any [`backend`](crate::backend).
//!
//! | in the plugin | here |
//! |---|---|
//! | `init(config)` | [`CalendarSync::init`]; what is set up in `config` is on the client and on the backend's service |
//! | `isSignedIn()`, `signIn()`, `signOut()` | `is_signed_in`, `sign_in`, `sign_out` |
//! | `getCalendars()` | `get_calendars` |
//! | `getEvents(ids, start, end)` | `get_events`, with one id or many |
//! | `addEvent(id, event)` | `add_event`: a [`NewEvent`] names its calendar |
//! | `updateEvent(id, event)` | `update_event`: what is to be changed, from [`Event::change`] |
//! | `deleteEvent(id, event)` | `delete_event` |
//! | `onInit`, `onSignedIn`, `onSignedOut` | [`SyncObserver`] |
//!
//! What a page sends becomes a [`NewEvent`] or an [`UpdateEvent`] with [`PageEvent`](crate::eventcalendar::PageEvent), and what it
//! shows comes from [`eventcalendar::data`](crate::eventcalendar::data()). Guests are told of every write, unless the request chooses
//! otherwise with `notify`.
//!
//! ```no_run
//! use connect_blocking::{Client, loopback::Loopback};
//! use connect_calendars::{backend::{Backend, Google}, google, plugin::CalendarSync};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = Loopback::bind()?;
//! let client = Client::builder("id", "not so secret", listener.redirect_uri())
//!     .profile(google::profile())
//!     .base_url(google::BASE_URL)
//!     .build()?;
//! let sync = CalendarSync::init(Backend::new(Google::new(), client.user("me")), ());
//! sync.sign_in(|url| {
//!     println!("Open {url} in your browser");
//!     let visit = listener.callback(url, std::time::Duration::from_secs(600)).map_err(|error| error.to_string())?;
//!     let callback = visit.query().to_owned();
//!     visit.answer(true);
//!     Ok(callback)
//! })?;
//! for event in sync.get_events("primary", "2026-12-01T00:00:00Z".parse()?, "2027-01-01T00:00:00Z".parse()?)?.events {
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

/// Learns what becomes of the integration. All it does not care for it leaves out; `()` cares for nothing.
pub trait SyncObserver: Send + Sync + 'static {
    /// It is set up.
    fn on_init(&self) {}

    /// A user has signed in.
    fn on_signed_in(&self) {}

    /// A user has signed out.
    fn on_signed_out(&self) {}
}

impl SyncObserver for () {}

/// The ids of one calendar or of many: a text, a [`CalendarRef`], a [`Calendar`], or a list of such.
pub trait CalendarIds {
    /// The calendars, those that are named by their id alone at this provider.
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

/// Defines the integration in one colour.
macro_rules! integration {
    ($(#[$about:meta])* $sync:ident, $backend:ident, [$($async:tt)*] [$($wait:tt)*] $($sign_in:tt)*) => {
        $(#[$about])*
        #[derive(Clone)]
        pub struct $sync<B> {
            backend: B,
            observer: Arc<dyn SyncObserver>,
        }

        impl<B: $backend> $sync<B> {
            /// Over this backend; the observer is told at once.
            pub fn init(backend: B, observer: impl SyncObserver) -> Self {
                let observer = Arc::new(observer);
                observer.on_init();
                Self { backend, observer }
            }

            /// The backend.
            pub fn backend(&self) -> &B {
                &self.backend
            }

            /// Whether there are tokens of the user.
            pub $($async)* fn is_signed_in(&self) -> Result<bool, Error> {
                self.backend.is_signed_in()$($wait)*
            }

            $($sign_in)*

            /// Signs the user out, unless nobody is signed in.
            pub $($async)* fn sign_out(&self) -> Result<(), Error> {
                if !self.is_signed_in()$($wait)*? {
                    return Ok(());
                }
                self.backend.sign_out()$($wait)*?;
                self.observer.on_signed_out();
                Ok(())
            }

            /// The calendars of the user.
            pub $($async)* fn get_calendars(&self) -> Result<Vec<Calendar>, Error> {
                self.backend.calendars()$($wait)*
            }

            /// The events of a time in these calendars.
            ///
            /// # Errors
            /// When none of them could be read, and when a calendar of Connect is named without its provider.
            pub $($async)* fn get_events(
                &self,
                calendars: impl CalendarIds + Send,
                start: Timestamp,
                end: Timestamp,
            ) -> Result<Gathered, Error> {
                let provider = self.backend.provider().unwrap_or_else(|| Provider::from(""));
                let calendars = calendars.at(&provider);
                if calendars.is_empty() {
                    return Ok(Gathered::default()); // and not the events of all
                }
                self.backend.events(&calendars, start, end)$($wait)*
            }

            /// Creates an event.
            pub $($async)* fn add_event(&self, event: &NewEvent) -> Result<Event, Error> {
                self.backend.create(event)$($wait)*
            }

            /// Changes an event, or one occurrence of a series.
            pub $($async)* fn update_event(&self, change: &UpdateEvent) -> Result<Event, Error> {
                self.backend.update(change)$($wait)*
            }

            /// Deletes an event, or one occurrence of a series, and hands it back.
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
    /// The calendar integration.
    CalendarSync, CalendarBackend, [] []
    /// Signs the user in, unless they are: `visit` sends their browser to the URL, waits until it comes back to the redirect
    /// URI, and tells with which query, or why it did not.
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
    /// The calendar integration, over an asynchronous client.
    AsyncCalendarSync, AsyncCalendarBackend, [async] [.await]
    /// Signs the user in, unless they are: `visit` sends their browser to the URL, waits until it comes back to the redirect
    /// URI, and tells with which query, or why it did not.
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
