//! A sorted list of events, returned in pages.

use super::model::{Event, Instance};
use jiff::Timestamp;
use std::sync::Arc;

/// The sort key of an entry: the time that the list is sorted by, if any, then the id of the entry.
pub(crate) type Key = (Option<Timestamp>, String);

/// An entry of a cached list. The occurrences of a series share one [`Event`] to save memory.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) event: Arc<Event>,
    /// For an occurrence, its original start: the start according to the rule.
    pub(crate) occurrence: Option<Timestamp>,
    /// Whether the entry only reports that the event was deleted.
    pub(crate) gone: bool,
}

#[derive(Debug)]
pub(crate) struct Listing {
    /// The entries, sorted by key.
    pub(crate) entries: Vec<Entry>,
    /// The time of the latest change of an event in the calendar.
    pub(crate) updated: Option<Timestamp>,
}

impl Entry {
    /// Creates an entry for `one`, which is `event` or an occurrence of it.
    pub(crate) fn new(time: Option<Timestamp>, one: &Instance<'_>, event: &Arc<Event>) -> Self {
        let key = (time, one.id());
        Self { key, event: event.clone(), occurrence: one.occurrence, gone: false }
    }

    pub(crate) fn id(&self) -> &str {
        &self.key.1
    }

    /// Returns the event or the occurrence, unless it was deleted.
    pub(crate) fn live(&self) -> Option<Instance<'_>> {
        match self.occurrence {
            _ if self.gone => None,
            Some(start) => self.event.occurrence_at(start),
            None => Some(self.event.whole()),
        }
    }
}

impl Listing {
    pub(super) fn new(mut entries: Vec<Entry>, updated: Option<Timestamp>) -> Self {
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        entries.shrink_to_fit();
        Self { entries, updated }
    }

    /// Returns the entries after `key`, or all entries if `key` is `None`.
    pub(crate) fn after(&self, key: Option<&Key>) -> &[Entry] {
        let begin = key.map_or(0, |key| self.entries.partition_point(|entry| entry.key <= *key));
        self.entries.get(begin..).unwrap_or_default()
    }

    /// Returns the entries before `key`, or all entries if `key` is `None`.
    pub(crate) fn before(&self, key: Option<&Key>) -> &[Entry] {
        let end =
            key.map_or(self.entries.len(), |key| self.entries.partition_point(|entry| entry.key < *key));
        self.entries.get(..end).unwrap_or_default()
    }
}
