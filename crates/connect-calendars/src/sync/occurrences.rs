//! The occurrences of the series in a copy of events.

use std::collections::{BTreeMap, BTreeSet};

/// The keys of occurrences, by the keys of their series.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Occurrences<K>(BTreeMap<K, BTreeSet<K>>);

impl<K> Default for Occurrences<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Ord> Occurrences<K> {
    pub(super) fn insert(&mut self, series: K, occurrence: K) {
        self.0.entry(series).or_default().insert(occurrence);
    }

    pub(super) fn remove(&mut self, series: &K, occurrence: &K) {
        if let Some(occurrences) = self.0.get_mut(series) {
            occurrences.remove(occurrence);
            if occurrences.is_empty() {
                self.0.remove(series);
            }
        }
    }

    /// Returns the occurrences of a series.
    pub(super) fn of(&self, series: &K) -> impl Iterator<Item = &K> {
        self.0.get(series).into_iter().flatten()
    }
}
