//! A copy of Connect calendars that sweeps and webhook deliveries keep up to date.
//!
//! Connect cannot list the changes since a cursor. A sweep therefore lists all events of a time window and
//! compares them with the copy. Between sweeps, webhook deliveries report changes immediately.
//!
//! ```text
//!   begin() ─▶ pages of the window ─────▶ Changes: new, changed and no longer listed events
//!                    ▲                         │
//!   delivered(..) ───┴─────────────────────────┴─▶ Changes of that delivery, immediately
//! ```
//!
//! * **A sweep repairs the copy** after lost, repeated, late or reordered deliveries. Run a sweep regularly,
//!   for example every hour, and whenever [`Mirror::is_stale`] returns true.
//! * **During a sweep, deliveries take precedence over pages**, because the service may have read a page
//!   before a change and sent the page after the change. No page removes a delivered event or adds a deleted
//!   event again. A page replaces a delivered event only by a version with a later `lastModified`.
//! * **A version with an earlier `lastModified` than the known version is ignored.** If `lastModified` does
//!   not show which version is older, the delivery is applied and a sweep is due. Removed events are
//!   remembered, so that a late delivery does not add them again.
//! * **Connect lists the occurrences of a series, not the series.** A delivery of a changed series does not
//!   say which occurrences the change adds or removes, so a sweep is due after such a delivery. A delivery
//!   that deletes a series removes its occurrences immediately.
//! * An event that moves between two pages during a sweep may be missing from both pages. The delivery of
//!   the event or the next sweep adds the event.
//! * With the scope `free-busy`, Connect lists busy blocks. The ids of busy blocks differ from the
//!   event ids in deliveries, so do not pass deliveries to a mirror with this scope.
//!
//! ```
//! use connect_core::types::{Delivery, EventPage, decode};
//! use connect_calendars::sync::{ChangeFeed, EventCopy, EventId, Mirror};
//!
//! let start: jiff::Timestamp = "2026-12-01T00:00:00Z".parse()?;
//! let end: jiff::Timestamp = "2027-01-01T00:00:00Z".parse()?;
//! let (mut mirror, mut copy) = (Mirror::new(start, end).calendar(("google", "work")), EventCopy::new());
//!
//! mirror.begin();
//! while let Some(request) = mirror.request() {
//!     # let response: EventPage = { let _ = request; decode(br#"{"events": [{"id": "e1",
//!     #     "provider": "google", "calendarId": "work",
//!     #     "start": "2026-12-24T09:00:00Z", "end": "2026-12-24T10:00:00Z"}]}"#)? };
//!     // let response = user.call(&request); or instead of the loop: sync::round(&user, &mut mirror)
//!     if let Some(changes) = mirror.advance(Ok(response))? {
//!         copy.apply(changes);
//!     }
//! }
//! assert_eq!(copy.len(), 1);
//!
//! // Later: a delivery for this user, verified by client.webhooks().receive(..).
//! let delivery: Delivery = decode(
//!     br#"{"provider": "google", "calendarId": "work", "events": [{"id": "e1", "changeType": "deleted"}]}"#,
//! )?;
//! copy.apply(mirror.delivered(&delivery));
//! assert!(copy.get(&EventId::new(("google", "work"), "e1")).is_none());
//!
//! // Save the cursor with the copy. In a database, save the fingerprint of each event next to the event.
//! let cursor = mirror.cursor().unwrap();
//! let mirror = Mirror::new(start, end).calendar(("google", "work")).resume(&cursor, copy.fingerprints());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod delivered;
mod index;
mod series_kind;
mod sweep;
mod tombstones;

use connect_core::{
    Error,
    types::{CalendarRef, Delivery, EventPage, ListEvents, Moment},
};

use crate::sync::{ChangeFeed, Changes, Cursor, EventId};
pub use index::Fingerprint;
use index::{Index, SweepNumber};
use series_kind::Window;
use sweep::Sweep;
use tombstones::Tombstones;

/// The largest page size of Connect.
const PAGE_SIZE: u32 = 1000;
/// The text of the cursor.
const COMPLETE: &str = "mirror-2";

/// A change feed of the events of Connect calendars in a time window.
#[derive(Clone, Debug)]
pub struct Mirror {
    window: Window,
    calendars: Vec<CalendarRef>,
    page_size: u32,
    /// The ids and fingerprints of the events in the copy.
    index: Index,
    /// The events removed from the copy.
    tombstones: Tombstones,
    /// Whether a sweep has ended in this mirror, or this mirror continues from a cursor.
    complete: bool,
    stale: bool,
    /// The number of the last sweep that began.
    sweeps: SweepNumber,
    sweep: Option<Sweep>,
}

impl Mirror {
    /// Mirrors the events of all calendars from `start` (inclusive) to `end` (exclusive).
    pub fn new(start: impl Into<Moment>, end: impl Into<Moment>) -> Self {
        Self {
            window: Window::new(start.into(), end.into()),
            calendars: Vec::new(),
            page_size: PAGE_SIZE,
            index: Index::default(),
            tombstones: Tombstones::default(),
            complete: false,
            stale: true,
            sweeps: SweepNumber::default(),
            sweep: None,
        }
    }

    /// Limits the copy to this calendar and all other calendars that are added with this method.
    #[must_use]
    pub fn calendar(mut self, calendar: impl Into<CalendarRef>) -> Self {
        self.calendars.push(calendar.into());
        self
    }

    /// Sets the number of events per page of a sweep, 1 to 1000. The default is 1000.
    #[must_use]
    pub fn page_size(mut self, events: u32) -> Self {
        self.page_size = events;
        self
    }

    /// Continues from the cursor of an earlier mirror and the fingerprints of all events in the copy.
    ///
    /// The window and the calendars of the two mirrors may differ, because the next sweep corrects the copy.
    /// If the cursor is unreadable, the changes of the next sweep are [full](Changes::full).
    #[must_use]
    pub fn resume(mut self, cursor: &Cursor, copy: impl IntoIterator<Item = (EventId, Fingerprint)>) -> Self {
        if cursor.as_str() == COMPLETE {
            for (id, fingerprint) in copy {
                self.index.insert(id.into(), fingerprint);
            }
            // Deliveries since the cursor was saved, and earlier removals, are unknown.
            (self.stale, self.complete) = (true, true);
        }
        self
    }

    /// Moves the window. A sweep is then due: it removes and adds events to match the new window.
    pub fn window(&mut self, start: impl Into<Moment>, end: impl Into<Moment>) {
        self.window = Window::new(start.into(), end.into());
        self.stale = true;
    }

    /// Applies a delivery and returns all changes that do not need a sweep. Pass only deliveries of the user
    /// whose calendars are mirrored (see [`user_id`](Delivery::user_id)): a delivery of another user would
    /// add that user's events to the copy.
    pub fn delivered(&mut self, delivery: &Delivery) -> Changes {
        delivered::apply(self, delivery)
    }

    /// Returns whether a sweep is due. A sweep is due after the mirror was created or resumed, after its
    /// window was moved, and after a delivery whose effect is unknown (such as a changed series, an event
    /// without times, or versions in an unknown order). A sweep includes the effects of all deliveries before
    /// its start.
    pub fn is_stale(&self) -> bool {
        self.stale || self.tombstones.has_forgotten()
    }

    /// Returns the request for the events of the window.
    fn list(&self) -> ListEvents {
        let list = ListEvents::between(self.window.start, self.window.end).page_size(self.page_size);
        list.calendars(&self.calendars)
    }
}

impl ChangeFeed for Mirror {
    type Request = ListEvents;

    fn begin(&mut self) {
        if self.sweep.is_none() {
            self.tombstones.begin();
            self.stale = false;
            self.sweeps.0 += 1;
            self.sweep = Some(Sweep::new(self.sweeps, self.list()));
        }
    }

    fn request(&self) -> Option<ListEvents> {
        self.sweep.as_ref()?.request()
    }

    /// If the server refuses a page token, the sweep restarts from the first page. A second refusal is an
    /// error.
    fn advance(&mut self, response: Result<EventPage, Error>) -> Result<Option<Changes>, Error> {
        sweep::advance(self, response)
    }

    /// Returns a constant cursor after the first sweep. The position of the mirror is the copy itself: see
    /// [`resume`](Mirror::resume).
    fn cursor(&self) -> Option<Cursor> {
        self.complete.then(|| Cursor::new(COMPLETE))
    }
}
