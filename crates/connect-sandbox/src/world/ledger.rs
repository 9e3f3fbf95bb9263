//! A change log of items, written by comparing the current items with the items of the last
//! comparison.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, VecDeque};

/// The known items by id, and a log of each item's earlier versions.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Ledger<T> {
    comparisons: u64,
    seen: BTreeMap<String, T>,
    /// The deleted items, and when they were found to be deleted.
    gone: BTreeMap<String, (T, Timestamp)>,
    log: VecDeque<LogEntry<T>>,
    /// The number of entries dropped from the front of the log.
    dropped: u64,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct LogEntry<T> {
    id: String,
    before: Option<T>,
}

/// The maximum number of log entries. A sync token that is older than the first entry has expired.
const MAX_ENTRIES: usize = 20_000;

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        let (seen, gone) = (BTreeMap::new(), BTreeMap::new());
        Self { comparisons: 0, seen, gone, log: VecDeque::new(), dropped: 0 }
    }
}

impl<T: Clone + PartialEq> Ledger<T> {
    /// Logs the changes since the last comparison. The first comparison logs no changes.
    pub(crate) fn compare(&mut self, present: &BTreeMap<String, T>, now: Timestamp) {
        if self.comparisons == 0 {
            self.comparisons = 1;
            self.seen.clone_from(present);
            return;
        }
        let changed = present.iter().filter(|(id, one)| self.seen.get(*id) != Some(*one));
        let lost = self.seen.keys().filter(|id| !present.contains_key(*id));
        let ids: Vec<_> = changed.map(|(id, _)| id).chain(lost).cloned().collect();
        self.compare_ids(ids, present, now);
    }

    /// Logs the changes of the items `ids`. The caller guarantees that no other item has changed.
    pub(crate) fn compare_ids(
        &mut self,
        ids: impl IntoIterator<Item = String>,
        present: &BTreeMap<String, T>,
        now: Timestamp,
    ) {
        self.comparisons += 1;
        for id in ids {
            let one = present.get(&id);
            if self.seen.get(&id) == one {
                continue;
            }
            let before = match one.cloned() {
                Some(one) => {
                    self.gone.remove(&id);
                    self.seen.insert(id.clone(), one)
                }
                None => {
                    let before = self.seen.remove(&id);
                    self.gone.extend(before.clone().map(|before| (id.clone(), (before, now))));
                    before
                }
            };
            self.log.push_back(LogEntry { id, before });
        }
        while self.log.len() > MAX_ENTRIES {
            self.log.pop_front();
            self.dropped += 1;
        }
    }

    pub(crate) fn comparisons(&self) -> u64 {
        self.comparisons
    }

    /// Returns the current position in the log.
    pub(crate) fn position(&self) -> u64 {
        self.dropped + self.log.len() as u64
    }

    /// Returns the items that changed since `position`, each with its version at `position`.
    ///
    /// Returns `None` if the log does not have all entries since `position`.
    pub(crate) fn since(&self, position: u64) -> Option<BTreeMap<&str, Option<&T>>> {
        let skipped = usize::try_from(position.checked_sub(self.dropped)?).ok()?;
        if skipped > self.log.len() {
            return None;
        }
        let mut changed = BTreeMap::new();
        for entry in self.log.iter().skip(skipped) {
            changed.entry(entry.id.as_str()).or_insert(entry.before.as_ref());
        }
        Some(changed)
    }

    /// Returns the deleted item with this id, and when it was found to be deleted.
    pub(crate) fn gone(&self, id: &str) -> Option<&(T, Timestamp)> {
        self.gone.get(id)
    }

    pub(crate) fn all_gone(&self) -> impl Iterator<Item = &(T, Timestamp)> {
        self.gone.values()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn present(text: &str) -> BTreeMap<String, char> {
        text.chars().enumerate().map(|(id, one)| (id.to_string(), one)).collect()
    }

    #[test]
    fn changed_items_are_returned_as_they_were() {
        let mut ledger = Ledger::default();
        let now = Timestamp::UNIX_EPOCH;
        ledger.compare(&present("ab"), now);
        let start = ledger.position();
        assert!(ledger.since(start).unwrap().is_empty());
        ledger.compare(&present("xbc"), now);
        ledger.compare(&present("yb"), now);
        assert_eq!(ledger.since(start).unwrap(), [("0", Some(&'a')), ("2", None)].into());
        assert_eq!((ledger.gone("2"), ledger.gone("0")), (Some(&('c', now)), None));
        assert_eq!(ledger.since(ledger.position() + 1), None);
    }

    #[test]
    fn log_forgets_oldest_entries() {
        let mut ledger = Ledger::default();
        for value in 0..=MAX_ENTRIES + 1 {
            ledger.compare(&BTreeMap::from([("a".to_owned(), value)]), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(ledger.since(0), None);
        assert_eq!(ledger.since(1).unwrap(), [("a", Some(&1))].into());
    }
}
