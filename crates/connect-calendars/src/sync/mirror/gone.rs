//! What the copy no longer holds, so that an older page or a late delivery does not bring it back.

use std::collections::BTreeMap;

use super::known::{Key, Modified};

/// How much is remembered beyond the sweep in which it went: some megabytes at the most.
const MOST: usize = 10_000;

/// Events that went, by key. Nothing is taken back when one returns: what is known comes first, and
/// times decide what of this still holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone {
    /// Single events, occurrences, and series with all of theirs.
    deleted: BTreeMap<Key, Entry>,
    outside: BTreeMap<Key, Entry>,
    sweep: u64,
    /// Whether something was forgotten since the last sweep ended.
    forgot: bool,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    at: Option<Modified>,
    /// The sweep in which it was heard, or after whose end.
    sweep: u64,
}

/// Why an event is not in the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// It was deleted, no later than this.
    Deleted(Option<Modified>),
    /// It has left the window, or no page showed it any more, or it is a series, which no page shows: the last time it was
    /// known to be modified.
    Outside(Option<Modified>),
}

impl Gone {
    /// A sweep begins: its pages know of what went before.
    pub(super) fn begin(&mut self) {
        self.sweep += 1;
    }

    /// A sweep has ended.
    pub(super) fn end(&mut self) {
        self.forgot = false;
        for entries in [&mut self.deleted, &mut self.outside] {
            if entries.len() > MOST {
                entries.retain(|_, entry| entry.sweep == self.sweep);
            }
        }
    }

    /// Whether a late delivery might bring something back, until the next sweep.
    pub(super) fn has_forgotten(&self) -> bool {
        self.forgot
    }

    pub(super) fn insert(&mut self, key: Key, absence: Absence) {
        self.insert_as_of(self.sweep, key, absence);
    }

    /// What is older than what is known: it decides of late deliveries, and not of the pages of a sweep.
    pub(super) fn insert_old(&mut self, key: Key, absence: Absence) {
        self.insert_as_of(0, key, absence);
    }

    fn insert_as_of(&mut self, sweep: u64, key: Key, absence: Absence) {
        for entries in [&mut self.deleted, &mut self.outside] {
            // A mirror that hears of deletions and never sweeps.
            if entries.len() > 2 * MOST {
                entries.clear();
                self.forgot = true;
            }
        }
        match absence {
            Absence::Deleted(at) => {
                // What left the window after the deletion is later news than it.
                if at.is_none() || self.outside.get(&key).is_some_and(|entry| is_until(entry.at, at)) {
                    self.outside.remove(&key);
                }
                let entry = self.deleted.entry(key).or_insert(Entry { at, sweep });
                // It may have been restored since the one that is known.
                *entry = Entry { at: entry.at.max(at), sweep: entry.sweep.max(sweep) };
            }
            Absence::Outside(at) => {
                let entry = self.outside.entry(key).or_insert(Entry { at, sweep });
                *entry = Entry { at: at.and(entry.at.max(at)), sweep: entry.sweep.max(sweep) };
            }
        }
    }

    /// Whether the event, or its series, went. An occurrence that is older than the last change of its series went as well:
    /// that change made a sweep due, which would have shown it.
    pub(super) fn absence(&self, key: &Key, series: Option<&str>) -> Option<Absence> {
        let changed = series.and_then(|series| self.outside.get(&key.beside(series)));
        let outside = [self.outside.get(key), changed].into_iter().flatten().map(|entry| entry.at);
        let outside = outside.reduce(|one, other| one.and(other).and(one.max(other)));
        absence(outside, self.deleted_since(0, key, series))
    }

    /// The same for a page of the sweep that is under way: of what went before, the page knows better.
    pub(super) fn since_begin(&self, key: &Key, series: Option<&str>) -> Option<Absence> {
        let outside = self.outside.get(key).filter(|entry| entry.sweep >= self.sweep);
        absence(outside.map(|entry| entry.at), self.deleted_since(self.sweep, key, series))
    }

    fn deleted_since(&self, sweep: u64, key: &Key, series: Option<&str>) -> Option<Option<Modified>> {
        let series = series.and_then(|series| self.deleted.get(&key.beside(series)));
        let deleted = [self.deleted.get(key), series].into_iter().flatten();
        deleted.filter(|entry| entry.sweep >= sweep).map(|entry| entry.at).max()
    }
}

/// What left the window after a deletion was restored before.
fn absence(outside: Option<Option<Modified>>, deleted: Option<Option<Modified>>) -> Option<Absence> {
    match (outside, deleted) {
        (Some(outside), Some(deleted)) if is_until(outside, deleted) => Some(Absence::Deleted(deleted)),
        (Some(outside), _) => Some(Absence::Outside(outside)),
        (None, deleted) => deleted.map(Absence::Deleted),
    }
}

/// Whether the first is known, and no later than the second.
fn is_until(one: Option<Modified>, other: Option<Modified>) -> bool {
    one.is_some() && one <= other
}
