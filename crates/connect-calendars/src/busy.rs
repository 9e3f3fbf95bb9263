//! When people are busy, and when they are free.
//!
//! ```text
//!   events ── of_events ─┐
//!                        ├─▶ intervals ── merge ─▶ busy ── free(range, .., hours, at least) ─▶ free ── slots ─▶ to book
//!   free/busy answers ───┘
//! ```
//!
//! All of it is pure: no clock, no service. Intervals are half-open, so a meeting may begin when another one ends.
//!
//! ```
//! use connect_calendars::busy::{Interval, WorkingHours, free, merge, slots};
//! use jiff::{SignedDuration, Timestamp, civil::{Weekday, time}, tz::TimeZone};
//!
//! let at = |text: &str| text.parse::<Timestamp>();
//! let ada = Interval::new(at("2026-12-14T08:30:00Z")?, at("2026-12-14T10:00:00Z")?);
//! let bob = Interval::new(at("2026-12-14T09:30:00Z")?, at("2026-12-14T12:00:00Z")?);
//! let busy = merge([bob, ada]);
//! assert_eq!(busy, [Interval::new(ada.start, bob.end)]);
//!
//! let hours = WorkingHours::new(TimeZone::get("Europe/Berlin")?) // in winter an hour ahead of UTC
//!     .on(Weekday::Monday, time(9, 0, 0, 0), time(12, 0, 0, 0))?
//!     .on(Weekday::Monday, time(13, 0, 0, 0), time(17, 0, 0, 0))?;
//! let day = Interval::new(at("2026-12-14T00:00:00Z")?, at("2026-12-15T00:00:00Z")?);
//! let half_an_hour = SignedDuration::from_mins(30);
//! let free = free(day, &busy, &hours, half_an_hour);
//! let before = Interval::new(at("2026-12-14T08:00:00Z")?, ada.start);
//! let after = Interval::new(bob.end, at("2026-12-14T16:00:00Z")?); // noon in UTC, when lunch is over
//! assert_eq!(free, [before, after]);
//! assert_eq!(slots(&free, SignedDuration::from_hours(1), SignedDuration::from_hours(1)).len(), 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod events;
mod hours;

use jiff::{SignedDuration, Timestamp};

/// Where an occurrence that does not say it itself has how its series was answered.
pub(crate) const SERIES_RESPONSE: &str = "responseStatus";

pub use events::of_events;
pub use hours::{UnclearHours, WorkingHours};

/// A time that is taken, from `start` to `end`, exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// When it begins.
    pub start: Timestamp,
    /// When it is over.
    pub end: Timestamp,
}

impl Interval {
    /// From `start` to `end`, exclusive.
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// How long it is; not above zero where the end is not after the start.
    pub fn length(&self) -> SignedDuration {
        self.start.duration_until(self.end)
    }

    /// What both have in common; empty, or worse, if that is nothing.
    fn within(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    fn is_empty(&self) -> bool {
        self.end <= self.start
    }
}

/// The same time in as few intervals as it takes: in order, without overlaps, with those that touch in one. What ends
/// before or when it begins is none.
pub fn merge(intervals: impl IntoIterator<Item = Interval>) -> Vec<Interval> {
    let mut all: Vec<_> = intervals.into_iter().filter(|one| !one.is_empty()).collect();
    all.sort_unstable();
    let mut merged: Vec<Interval> = Vec::with_capacity(all.len());
    for one in all {
        match merged.last_mut() {
            Some(last) if one.start <= last.end => last.end = last.end.max(one.end),
            _ => merged.push(one),
        }
    }
    merged
}

/// The time within `range` and the working hours that is not busy, in pieces of `at_least` that length. `busy` may be in
/// any order and overlap: put together everyone's who has to be there.
pub fn free(
    range: Interval,
    busy: &[Interval],
    hours: &WorkingHours,
    at_least: SignedDuration,
) -> Vec<Interval> {
    let busy = merge(busy.iter().copied());
    let mut busy = busy.iter().peekable();
    let mut free = Vec::new();
    for work in hours.within(range) {
        let mut start = work.start;
        while busy.next_if(|one| one.end <= work.start).is_some() {}
        while let Some(one) = busy.peek().filter(|one| one.start < work.end) {
            free.push(Interval::new(start, one.start));
            start = one.end;
            if one.end > work.end {
                break; // it may reach into the next working hours
            }
            busy.next();
        }
        free.push(Interval::new(start, work.end));
    }
    free.retain(|one| !one.is_empty() && one.length() >= at_least);
    free
}

/// Free time cut into pieces to book: of each piece of free time, those that begin at its start and every `step` after it
/// and still end in it. With a step shorter than the length they overlap. None for a length or step that is not above zero.
pub fn slots(free: &[Interval], length: SignedDuration, step: SignedDuration) -> Vec<Interval> {
    let mut slots = Vec::new();
    if length <= SignedDuration::ZERO || step <= SignedDuration::ZERO {
        return slots;
    }
    for one in free {
        let mut start = Some(one.start);
        while let Some(slot) =
            start.and_then(|start| Some(Interval::new(start, start.checked_add(length).ok()?)))
        {
            if slot.end > one.end {
                break;
            }
            slots.push(slot);
            start = slot.start.checked_add(step).ok();
        }
    }
    slots
}
