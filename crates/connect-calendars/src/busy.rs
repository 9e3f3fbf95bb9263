//! Computes busy times, free times within working hours, and slots to book.
//!
//! ```text
//!   events ── of_events ─┐
//!                        ├─▶ merge ─▶ busy times ── free ─▶ free times ── slots ─▶ slots to book
//!   free/busy responses ─┘
//! ```
//!
//! The functions use no clock and do no I/O. An interval excludes its end, so one meeting may begin at the
//! time at which another ends.
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
//! let hours = WorkingHours::new(TimeZone::get("Europe/Berlin")?) // an hour ahead of UTC in winter
//!     .on(Weekday::Monday, time(9, 0, 0, 0), time(12, 0, 0, 0))?
//!     .on(Weekday::Monday, time(13, 0, 0, 0), time(17, 0, 0, 0))?;
//! let day = Interval::new(at("2026-12-14T00:00:00Z")?, at("2026-12-15T00:00:00Z")?);
//! let half_an_hour = SignedDuration::from_mins(30);
//! let free = free(day, &busy, &hours, half_an_hour);
//! let morning = Interval::new(at("2026-12-14T08:00:00Z")?, ada.start);
//! let afternoon = Interval::new(bob.end, at("2026-12-14T16:00:00Z")?); // from 13:00 to 17:00 in Berlin
//! assert_eq!(free, [morning, afternoon]);
//! assert_eq!(slots(&free, SignedDuration::from_hours(1), SignedDuration::from_hours(1)).len(), 4);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod events;
mod hours;

use jiff::{SignedDuration, Timestamp};

/// The name of the extra field that contains the user's reply to the whole series of an occurrence.
pub(crate) const SERIES_RESPONSE: &str = "responseStatus";

pub use events::of_events;
pub(crate) use events::{Claim, claim, times};
pub use hours::{UnclearHours, WorkingHours};

/// A span of time from `start` (inclusive) to `end` (exclusive).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Interval {
    /// The start, inclusive.
    pub start: Timestamp,
    /// The end, exclusive.
    pub end: Timestamp,
}

impl Interval {
    /// Creates the interval from `start` (inclusive) to `end` (exclusive).
    pub fn new(start: Timestamp, end: Timestamp) -> Self {
        Self { start, end }
    }

    /// Returns the length, which is zero or negative if the end is not after the start.
    pub fn length(&self) -> SignedDuration {
        self.start.duration_until(self.end)
    }

    /// The overlap of this interval and `other`. If the intervals do not overlap, the length of the
    /// result is zero or negative.
    pub(crate) fn within(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.end <= self.start
    }
}

/// Merges intervals that overlap or touch, and sorts them. Intervals whose end is not after their start are
/// dropped.
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

/// Returns the free times of at least `at_least` within `range` and the working hours.
///
/// `busy` has the busy times of all participants, in any order.
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
                break; // this busy time may reach into the next working hours
            }
            busy.next();
        }
        free.push(Interval::new(start, work.end));
    }
    free.retain(|one| !one.is_empty() && one.length() >= at_least);
    free
}

/// Divides free times into slots that can be booked. Each slot has the length `length`.
///
/// In each free time, the first slot begins at the start of the free time, and each further slot begins one
/// `step` after the start of the previous slot. All slots end within the free time. Slots overlap if `step`
/// is shorter than `length`. Returns no slots if `length` or `step` is not positive.
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
