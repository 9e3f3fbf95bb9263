//! A copy of calendars at Connect. Connect hands out no cursor, so the copy is kept in step by sweeps, which list the whole
//! window, and in between by deliveries, which tell of changes at once.
//!
//! ```text
//!   begin() ─▶ pages of the window ─────▶ Changes: what is new, differs, or is listed no more
//!                    ▲                         │
//!   delivered(..) ───┴─────────────────────────┴─▶ Changes of that delivery, at once
//! ```
//!
//! * **A sweep puts right whatever went wrong**: deliveries are lost, come twice, late and in any order. Make one now and
//!   then (an hour apart, say), and whenever [`Mirror::is_stale`] says so.
//! * **What was heard during a sweep holds to its end**: a page may have been read before the change and answered after it. An
//!   event that was delivered stays though no page showed it, and one that was deleted is not brought back. A page replaces
//!   what was delivered only with something that was modified later.
//! * **Older than what is known is ignored**, judged by `lastModified`. Where that does not tell, the delivery is believed and
//!   a sweep is due. What is gone is remembered, so that a late delivery does not bring it back either.
//! * **A series is listed as its occurrences.** Which of them a change of the series adds and takes away is not in a
//!   delivery: a sweep is due then. A deleted series takes its occurrences along at once.
//! * An event that moves between two pages of a running sweep may be on neither: it is back with its delivery, or with the
//!   next sweep.
//! * The scope `free-busy` lists blocks with ids of their own: no deliveries for such a copy.
//!
//! ```
//! use connect_core::types::{Delivery, EventPage, decode};
//! use connect_calendars::{sync::{Mirror, ChangeFeed, EventCopy, EventId}};
//!
//! let (start, end) = ("2026-12-01T00:00:00Z".parse::<jiff::Timestamp>()?, "2027-01-01T00:00:00Z".parse::<jiff::Timestamp>()?);
//! let (mut mirror, mut copy) = (Mirror::new(start, end).calendar(("google", "work")), EventCopy::new());
//!
//! mirror.begin();
//! while let Some(request) = mirror.request() {
//!     # let answer: EventPage = { let _ = request; decode(br#"{"events": [{"provider": "google", "calendarId": "work", "id": "e1",
//!     #     "start": "2026-12-24T09:00:00Z", "end": "2026-12-24T10:00:00Z"}]}"#)? };
//!     // let answer = user.call(&request), or the whole loop: copy.apply(sync::round(&user, &mut mirror)?);
//!     if let Some(changes) = mirror.answered(Ok(answer))? {
//!         copy.apply(changes);
//!     }
//! }
//! assert_eq!(copy.len(), 1);
//!
//! // Later: a delivery that client.webhooks().receive(..) let through, of this user.
//! let delivery: Delivery = decode(br#"{"provider": "google", "calendarId": "work", "events": [{"id": "e1", "changeType": "deleted"}]}"#)?;
//! copy.apply(mirror.delivered(&delivery));
//! assert!(copy.get(&EventId::new(("google", "work"), "e1")).is_none());
//! let kept = mirror.cursor(); // with the copy; Mirror::new(..).resume(&kept) goes on from there
//! # assert!(kept.is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod delivered;
mod gone;
mod known;
mod nature;
mod sweep;

use connect_core::{
    Error,
    types::{CalendarRef, Delivery, EventPage, ListEvents, Moment},
};

use crate::sync::{ChangeFeed, Changes, Cursor};
use gone::Gone;
use known::Known;
use nature::Window;
use sweep::Sweep;

/// As many as a page can hold: a sweep is a request for each thousand events.
const PAGE_SIZE: u32 = 1000;

/// Keeps a copy of what calendars at Connect have in a window of time.
#[derive(Clone, Debug)]
pub struct Mirror {
    window: Window,
    calendars: Vec<CalendarRef>,
    page_size: u32,
    /// What the copy holds.
    known: Known,
    /// What the copy no longer holds.
    gone: Gone,
    /// Whether a sweep came to its end, ever.
    complete: bool,
    stale: bool,
    sweep: Option<Sweep>,
}

impl Mirror {
    /// The events of all calendars from `start` to `end`.
    pub fn new(start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        Self {
            window: Window::new(start.into(), end.into()),
            calendars: Vec::new(),
            page_size: PAGE_SIZE,
            known: Known::default(),
            gone: Gone::default(),
            complete: false,
            stale: true,
            sweep: None,
        }
    }

    /// Only the events of this calendar, and of others that are named.
    #[must_use]
    pub fn calendar(mut self, calendar: impl Into<CalendarRef>) -> Self {
        self.calendars.push(calendar.into());
        self
    }

    /// Sweeps with pages of so many events, 1 to 1000.
    #[must_use]
    pub fn page_size(mut self, events: u32) -> Self {
        self.page_size = events;
        self
    }

    /// Goes on where another one was. The window and the calendars may differ from that one's: the next sweep makes up for it.
    /// A cursor that cannot be read is as none, so that the next changes are everything there is.
    #[must_use]
    pub fn resume(mut self, cursor: &Cursor) -> Self {
        if let Some(known) = Known::read(cursor.as_str()) {
            // What was delivered since, and what went before, is not known.
            (self.known, self.stale, self.complete) = (known, true, true);
        }
        self
    }

    /// Moves the window. What is outside now goes, and what is inside comes, with the next sweep, which is due.
    pub fn window(&mut self, start: impl Into<Moment>, end: impl Into<Moment>) {
        self.window = Window::new(start.into(), end.into());
        self.stale = true;
    }

    /// Takes a delivery of this user's, and gives the changes that are certain. Whose it is says
    /// [`user_id`](Delivery::user_id): events of another user would be taken for this one's.
    pub fn delivered(&mut self, delivery: &Delivery) -> Changes {
        delivered::take(self, delivery)
    }

    /// Whether a sweep is due: none was made since it began or was resumed, or something came whose effect on the window cannot be known (a change of a
    /// series, a delivery in the shape without times, an order that cannot be told). A sweep that is under way settles what
    /// came before it began.
    pub fn is_stale(&self) -> bool {
        self.stale || self.gone.has_forgotten()
    }

    /// The list that a sweep reads.
    fn list(&self) -> ListEvents {
        let list = ListEvents::between(self.window.start, self.window.end).page_size(self.page_size);
        list.calendars(&self.calendars)
    }
}

impl ChangeFeed for Mirror {
    type Request = ListEvents;

    fn begin(&mut self) {
        if self.sweep.is_none() {
            self.gone.begin();
            self.stale = false;
            self.sweep = Some(Sweep::new(self.list()));
        }
    }

    fn request(&self) -> Option<ListEvents> {
        self.sweep.as_ref()?.request()
    }

    /// A page token that is refused begins with the first page again, the first time without an error.
    fn answered(&mut self, answer: Result<EventPage, Error>) -> Result<Option<Changes>, Error> {
        sweep::answered(self, answer)
    }

    /// Also between sweeps: it holds what was delivered since. It is as long as the copy has events, with some 40 bytes each
    /// beside their ids.
    fn cursor(&self) -> Option<Cursor> {
        self.complete.then(|| Cursor::new(self.known.write()))
    }
}
