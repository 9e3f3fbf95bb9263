//! The functions are pure: no clock, no service. Intervals are half-open, so a meeting may begin when another
//! ends.

mod events;
mod hours;

use jiff::{SignedDuration, Timestamp};

/// The field of an occurrence with the reply to its series, if the occurrence has no reply itself.
pub(crate) const SERIES_RESPONSE: &str = "responseStatus";

pub use events::of_events;
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

    /// Returns the length; zero or negative if the end is not after the start.
    pub fn length(&self) -> SignedDuration {
        self.start.duration_until(self.end)
    }

    /// The overlap of both; empty or negative if there is no overlap.
    fn within(self, other: Self) -> Self {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    fn is_empty(&self) -> bool {
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

/// Returns the free times of at least `at_least` within `range` and the working hours. `busy` may be unsorted
/// and overlap: include the busy times of all participants.
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

/// Cuts free times into slots of `length` to book. In each free time, slots begin at its start and every
/// `step` after it, as long as they end within it. Slots overlap if `step` is shorter than `length`. Returns
/// no slots if `length` or `step` is not positive.
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
