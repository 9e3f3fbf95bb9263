//! The token store that all processes share, with locks in simulated time.

use std::collections::BTreeMap;

use connect_core::Tokens;

#[derive(Default)]
pub(super) struct Storage {
    /// Whether locks have no lease and only end with their holder, like file locks.
    pub(super) ends_with_holder: bool,
    records: BTreeMap<usize, Record>,
    locks: BTreeMap<usize, Lock>,
}

#[derive(Default)]
struct Record {
    tokens: Option<Tokens>,
    /// The earlier token pairs.
    older: Vec<Tokens>,
    /// The start and end of the time in which writes are refused.
    read_only: (u64, u64),
}

#[derive(Clone, Copy)]
struct Lock {
    holder: u64,
    until: u64,
}

impl Storage {
    pub(super) fn new(ends_with_holder: bool) -> Self {
        Self { ends_with_holder, ..Self::default() }
    }

    pub(super) fn load(&self, user: usize) -> Option<Tokens> {
        self.records.get(&user)?.tokens.clone()
    }

    /// Locks the user's tokens for `holder` unless they are locked. Returns whether `holder` got the lock.
    pub(super) fn lock(&mut self, user: usize, holder: u64, now: u64, lease: u64) -> bool {
        let is_free = self.locks.get(&user).is_none_or(|lock| lock.until <= now);
        if is_free {
            let until = if self.ends_with_holder { u64::MAX } else { now + lease };
            self.locks.insert(user, Lock { holder, until });
        }
        is_free
    }

    pub(super) fn holds(&self, user: usize, holder: u64, now: u64) -> bool {
        self.locks.get(&user).is_some_and(|lock| lock.holder == holder && now < lock.until)
    }

    /// Returns whether this holder's lock ends before this time.
    pub(super) fn ends_before(&self, user: usize, holder: u64, at: u64) -> bool {
        self.locks.get(&user).is_some_and(|lock| lock.holder == holder && lock.until < at)
    }

    pub(super) fn unlock(&mut self, user: usize, holder: u64) {
        if self.locks.get(&user).is_some_and(|lock| lock.holder == holder) {
            self.locks.remove(&user);
        }
    }

    /// Removes the lock, as a failing database would. Returns the holder of the lock.
    pub(super) fn lose_lock(&mut self, user: usize) -> Option<u64> {
        self.locks.remove(&user).map(|lock| lock.holder)
    }

    pub(super) fn save(&mut self, user: usize, tokens: Tokens) {
        let record = self.records.entry(user).or_default();
        let before = record.tokens.replace(tokens);
        record.older.extend(before);
    }

    pub(super) fn delete(&mut self, user: usize) {
        if let Some(record) = self.records.get_mut(&user) {
            record.older.extend(record.tokens.take());
        }
    }

    /// Restores the record from `saves` saves ago.
    pub(super) fn restore(&mut self, user: usize, saves: usize) -> Option<&Tokens> {
        let record = self.records.get_mut(&user)?;
        let older = record.older.len().checked_sub(saves)?;
        record.tokens = record.older.get(older).cloned();
        record.older.truncate(older);
        record.tokens.as_ref()
    }

    /// Refuses writes for some time.
    pub(super) fn refuse_writes(&mut self, user: usize, now: u64, time: u64) {
        self.records.entry(user).or_default().read_only = (now, now + time);
    }

    /// Returns the time since which writes are refused; `None` if they are not refused.
    pub(super) fn read_only_since(&self, user: usize, now: u64) -> Option<u64> {
        let (from, until) = self.records.get(&user)?.read_only;
        (from <= now && now < until).then_some(from)
    }
}
