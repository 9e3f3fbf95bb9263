//! What the copy no longer holds, so that an older page or a late delivery does not bring it back.

use std::collections::BTreeMap;

use super::known::{Key, Modified};

/// How much is remembered beyond the sweep in which it went: some megabytes at the most.
const MOST: usize = 10_000;

/// Events that went, by key.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone {
    entries: BTreeMap<Key, Entry>,
    sweep: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    absence: Absence,
    /// The sweep in which it was heard, or after whose end.
    sweep: u64,
}

/// Why an event is not in the copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Absence {
    /// It was deleted, no later than this.
    Deleted(Option<Modified>),
    /// It has left the window, or no page showed it any more: the last time it was known to be modified.
    Outside(Option<Modified>),
}

impl Gone {
    /// A sweep begins: its pages know of what went before.
    pub(super) fn begin(&mut self) {
        self.sweep += 1;
    }

    /// A sweep has ended.
    pub(super) fn end(&mut self) {
        if self.entries.len() > MOST {
            self.entries.retain(|_, entry| entry.sweep == self.sweep);
        }
    }

    pub(super) fn insert(&mut self, key: Key, absence: Absence) {
        self.entries.insert(key, Entry { absence, sweep: self.sweep });
    }

    /// It is there, and so is its series.
    pub(super) fn is_back(&mut self, key: &Key, series: Option<&str>) {
        self.entries.remove(key);
        if let Some(series) = series {
            self.entries.remove(&key.beside(series));
        }
    }

    /// Whether the event, or its series, went.
    pub(super) fn absence(&self, key: &Key, series: Option<&str>) -> Option<Absence> {
        self.entry(key, series).map(|entry| entry.absence)
    }

    /// The same for a page of the sweep that is under way: of what went before, the page knows better.
    pub(super) fn since_begin(&self, key: &Key, series: Option<&str>) -> Option<Absence> {
        self.entry(key, series).filter(|entry| entry.sweep == self.sweep).map(|entry| entry.absence)
    }

    fn entry(&self, key: &Key, series: Option<&str>) -> Option<&Entry> {
        let series = series.and_then(|series| self.entries.get(&key.beside(series)));
        let deleted = series.filter(|entry| matches!(entry.absence, Absence::Deleted(_)));
        // Of the two, what was heard later: the event may have left the window before its series was deleted.
        self.entries.get(key).into_iter().chain(deleted).max_by_key(|entry| entry.sweep)
    }
}
