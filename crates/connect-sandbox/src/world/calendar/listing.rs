//! A list of events in order, of which pages are cut.

use super::model::{Event, Instance};
use jiff::Timestamp;
use std::sync::Arc;

/// What entries are in order of: nothing or a time, and then the id, which never changes.
pub(crate) type Key = (Option<Timestamp>, String);

/// One entry of a list: little more than its place, since the list is kept.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: Key,
    pub(crate) event: Arc<Event>,
    /// For an occurrence, the start the rule gives it.
    pub(crate) occurrence: Option<Timestamp>,
    /// Whether there is nothing more to tell than that it is gone.
    pub(crate) gone: bool,
}

#[derive(Debug)]
pub(crate) struct Listing {
    /// In order of their keys.
    pub(crate) entries: Vec<Entry>,
    /// When an event of the calendar was changed last.
    pub(crate) updated: Option<Timestamp>,
}

impl Entry {
    /// `one` is the event, or an occurrence of it.
    pub(crate) fn new(time: Option<Timestamp>, one: &Instance<'_>, event: &Arc<Event>) -> Self {
        let key = (time, one.id());
        Self { key, event: event.clone(), occurrence: one.occurrence, gone: false }
    }

    pub(crate) fn id(&self) -> &str {
        &self.key.1
    }

    /// The event or the occurrence, unless it is gone.
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

    /// The entries that follow the one with this key.
    pub(crate) fn after(&self, key: Option<&Key>) -> &[Entry] {
        let begin = key.map_or(0, |key| self.entries.partition_point(|entry| entry.key <= *key));
        self.entries.get(begin..).unwrap_or_default()
    }

    /// The entries before the one with this key.
    pub(crate) fn before(&self, key: Option<&Key>) -> &[Entry] {
        let end =
            key.map_or(self.entries.len(), |key| self.entries.partition_point(|entry| entry.key < *key));
        self.entries.get(..end).unwrap_or_default()
    }
}
