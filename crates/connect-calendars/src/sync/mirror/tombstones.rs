//! Remembers removed events, so that an older page or a late delivery does not add them again.

use std::collections::BTreeMap;

use super::index::{EventKey, Modified};

/// The number of tombstones above which a sweep deletes the tombstones of earlier sweeps. All
/// 10,000 tombstones together take a few megabytes of memory.
const MAX_TOMBSTONES: usize = 10_000;

/// Removed events, by key. If an event is added again, its tombstone is not deleted, because callers check
/// the index first and compare times.
#[derive(Clone, Debug, Default)]
pub(super) struct Tombstones {
    /// Deleted events. The tombstone of a series also applies to its occurrences.
    deleted: BTreeMap<EventKey, Tombstone>,
    outside: BTreeMap<EventKey, Tombstone>,
    sweep: u64,
    /// Whether, since the end of the last sweep, tombstones were deleted to limit their number.
    forgot: bool,
}

#[derive(Clone, Copy, Debug)]
struct Tombstone {
    at: Option<Modified>,
    /// The number of the sweep during which, or after which, the event was removed.
    sweep: u64,
}

/// The reason why an event is not in the copy, with the time of its last known modification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// The event was deleted, no later than this time.
    Deleted(Option<Modified>),
    /// The event left the window, is no longer listed, or is a series, which lists never contain.
    Outside(Option<Modified>),
}

impl Tombstones {
    /// Begins a sweep. Earlier tombstones do not apply to the pages of the sweep, because the service creates
    /// these pages after the earlier removals.
    pub(super) fn begin(&mut self) {
        self.sweep += 1;
    }

    /// Ends a sweep, and deletes the tombstones of earlier sweeps if there are too many.
    pub(super) fn end(&mut self) {
        self.forgot = false;
        for entries in [&mut self.deleted, &mut self.outside] {
            if entries.len() > MAX_TOMBSTONES {
                entries.retain(|_, entry| entry.sweep == self.sweep);
            }
        }
    }

    /// Whether a late delivery might add a removed event again before the next sweep.
    pub(super) fn has_forgotten(&self) -> bool {
        self.forgot
    }

    pub(super) fn insert(&mut self, key: EventKey, absence: Absence) {
        self.insert_as_of(self.sweep, key, absence);
    }

    /// Records the removal of an event of which the mirror has a later version.
    ///
    /// Late deliveries are compared with this tombstone. Sweeps ignore the tombstone, because their pages
    /// show whether the event exists.
    pub(super) fn insert_old(&mut self, key: EventKey, absence: Absence) {
        self.insert_as_of(0, key, absence);
    }

    fn insert_as_of(&mut self, sweep: u64, key: EventKey, absence: Absence) {
        for entries in [&mut self.deleted, &mut self.outside] {
            // Limits the memory of a mirror that receives deliveries but is never swept.
            if entries.len() > 2 * MAX_TOMBSTONES {
                entries.clear();
                self.forgot = true;
            }
        }
        match absence {
            Absence::Deleted(at) => {
                // If the event left the window after this deletion, the entry in `outside` is still valid.
                if at.is_none() || self.outside.get(&key).is_some_and(|entry| is_no_later_than(entry.at, at))
                {
                    self.outside.remove(&key);
                }
                let entry = self.deleted.entry(key).or_insert(Tombstone { at, sweep });
                // The event may have been restored and deleted again.
                *entry = Tombstone { at: entry.at.max(at), sweep: entry.sweep.max(sweep) };
            }
            Absence::Outside(at) => {
                let entry = self.outside.entry(key).or_insert(Tombstone { at, sweep });
                *entry = Tombstone { at: at.and(entry.at.max(at)), sweep: entry.sweep.max(sweep) };
            }
        }
    }

    /// Returns the reason why the event or its series is not in the copy.
    ///
    /// For an occurrence of a changed series, returns `Outside` with the time of the change, because the next
    /// sweep lists the occurrences that still exist.
    pub(super) fn absence(&self, key: &EventKey, series: Option<&str>) -> Option<Absence> {
        let changed = series.and_then(|series| self.outside.get(&key.sibling(series)));
        let outside = [self.outside.get(key), changed].into_iter().flatten().map(|entry| entry.at);
        let outside = outside.reduce(|one, other| one.and(other).and(one.max(other)));
        absence(outside, self.deleted_since(0, key, series))
    }

    /// Like [`absence`](Self::absence), for a page of the current sweep. Removals before the sweep are
    /// ignored.
    pub(super) fn absence_since_begin(&self, key: &EventKey, series: Option<&str>) -> Option<Absence> {
        let outside = self.outside.get(key).filter(|entry| entry.sweep >= self.sweep);
        absence(outside.map(|entry| entry.at), self.deleted_since(self.sweep, key, series))
    }

    fn deleted_since(&self, sweep: u64, key: &EventKey, series: Option<&str>) -> Option<Option<Modified>> {
        let series = series.and_then(|series| self.deleted.get(&key.sibling(series)));
        let deleted = [self.deleted.get(key), series].into_iter().flatten();
        deleted.filter(|entry| entry.sweep >= sweep).map(|entry| entry.at).max()
    }
}

/// Returns the later of the two absences. An event that left the window after a deletion must have been
/// restored after the deletion, so the deletion no longer counts.
fn absence(outside: Option<Option<Modified>>, deleted: Option<Option<Modified>>) -> Option<Absence> {
    match (outside, deleted) {
        (Some(outside), Some(deleted)) if is_no_later_than(outside, deleted) => {
            Some(Absence::Deleted(deleted))
        }
        (Some(outside), _) => Some(Absence::Outside(outside)),
        (None, deleted) => deleted.map(Absence::Deleted),
    }
}

/// Whether the first time is known, and no later than the second.
fn is_no_later_than(one: Option<Modified>, other: Option<Modified>) -> bool {
    one.is_some() && one <= other
}
