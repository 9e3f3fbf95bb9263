//! What has changed since a moment, whoever changed it: found by comparing what is there with what was there before.

use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// Things by id, and how each of them was before each change.
#[derive(Debug)]
pub(crate) struct Ledger<T> {
    looks: u64,
    seen: BTreeMap<String, T>,
    /// What was there and is no more, and since when.
    gone: BTreeMap<String, (T, Timestamp)>,
    log: VecDeque<Entry<T>>,
    /// How many entries were dropped from the front.
    dropped: u64,
}

#[derive(Debug)]
struct Entry<T> {
    id: String,
    before: Option<T>,
}

/// Older changes are forgotten: a sync token from before them has expired.
const KEPT: usize = 20_000;

impl<T> Default for Ledger<T> {
    fn default() -> Self {
        let (seen, gone) = (BTreeMap::new(), BTreeMap::new());
        Self { looks: 0, seen, gone, log: VecDeque::new(), dropped: 0 }
    }
}

impl<T: Clone + PartialEq> Ledger<T> {
    /// Takes note of what has changed since the last look. Before the first one nothing has.
    pub(crate) fn look(&mut self, present: &BTreeMap<String, T>, now: Timestamp) {
        if self.looks == 0 {
            self.looks = 1;
            self.seen.clone_from(present);
            return;
        }
        let changed = present.iter().filter(|(id, one)| self.seen.get(*id) != Some(*one));
        let lost = self.seen.keys().filter(|id| !present.contains_key(*id));
        let ids: Vec<_> = changed.map(|(id, _)| id).chain(lost).cloned().collect();
        self.look_at(ids, present, now);
    }

    /// The same where nothing but `ids` can be different.
    pub(crate) fn look_at(
        &mut self,
        ids: impl IntoIterator<Item = String>,
        present: &BTreeMap<String, T>,
        now: Timestamp,
    ) {
        self.looks += 1;
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
            self.log.push_back(Entry { id, before });
        }
        while self.log.len() > KEPT {
            self.log.pop_front();
            self.dropped += 1;
        }
    }

    /// How often it has looked.
    pub(crate) fn looks(&self) -> u64 {
        self.looks
    }

    /// Where it is now.
    pub(crate) fn position(&self) -> u64 {
        self.dropped + self.log.len() as u64
    }

    /// What has changed since `position`, as it was then; `None` if that is forgotten.
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

    /// What was there under this id, and when it was found to be gone.
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
    fn tells_how_things_were() {
        let mut ledger = Ledger::default();
        let now = Timestamp::UNIX_EPOCH;
        ledger.look(&present("ab"), now);
        let start = ledger.position();
        assert!(ledger.since(start).unwrap().is_empty());
        ledger.look(&present("xbc"), now);
        ledger.look(&present("yb"), now);
        assert_eq!(ledger.since(start).unwrap(), [("0", Some(&'a')), ("2", None)].into());
        assert_eq!((ledger.gone("2"), ledger.gone("0")), (Some(&('c', now)), None));
        assert_eq!(ledger.since(ledger.position() + 1), None);
    }

    #[test]
    fn forgets_what_is_long_ago() {
        let mut ledger = Ledger::default();
        for turn in 0..=KEPT + 1 {
            ledger.look(&BTreeMap::from([("a".to_owned(), turn)]), Timestamp::UNIX_EPOCH);
        }
        assert_eq!(ledger.since(0), None);
        assert_eq!(ledger.since(1).unwrap(), [("a", Some(&1))].into());
    }
}
