//! A token store that all processes share, with locks in simulated time.

use std::collections::BTreeMap;

use connect_core::Tokens;

/// What the processes share.
#[derive(Default)]
pub(super) struct Storage {
    /// Whether a lock ends with its holder alone, as a file's does, and not with its lease.
    pub(super) ends_with_holder: bool,
    records: BTreeMap<usize, Record>,
    locks: BTreeMap<usize, Lock>,
}

#[derive(Default)]
struct Record {
    tokens: Option<Tokens>,
    /// The pairs that were here before.
    older: Vec<Tokens>,
    /// From when until when nothing can be written.
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

    /// Takes the lock if nobody holds it.
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

    /// Whether this holder's lock ends before this time.
    pub(super) fn ends_before(&self, user: usize, holder: u64, at: u64) -> bool {
        self.locks.get(&user).is_some_and(|lock| lock.holder == holder && lock.until < at)
    }

    pub(super) fn unlock(&mut self, user: usize, holder: u64) {
        if self.locks.get(&user).is_some_and(|lock| lock.holder == holder) {
            self.locks.remove(&user);
        }
    }

    /// The engine forgets who holds it.
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

    /// Puts an older record in place of what is there: the one so many saves ago.
    pub(super) fn restore(&mut self, user: usize, saves: usize) -> Option<&Tokens> {
        let record = self.records.get_mut(&user)?;
        let older = record.older.len().checked_sub(saves)?;
        record.tokens = record.older.get(older).cloned();
        record.older.truncate(older);
        record.tokens.as_ref()
    }

    /// Nothing can be written for a while.
    pub(super) fn refuse_writes(&mut self, user: usize, now: u64, time: u64) {
        self.records.entry(user).or_default().read_only = (now, now + time);
    }

    /// Since when nothing can be written, if that is so.
    pub(super) fn read_only_since(&self, user: usize, now: u64) -> Option<u64> {
        let (from, until) = self.records.get(&user)?.read_only;
        (from <= now && now < until).then_some(from)
    }
}
