//! A token store that all processes share, with leases in simulated time.

use std::collections::BTreeMap;

use connect_core::Tokens;

/// What the processes share.
#[derive(Default)]
pub(super) struct Storage {
    kept: BTreeMap<usize, Tokens>,
    locks: BTreeMap<usize, Lock>,
}

#[derive(Clone, Copy)]
struct Lock {
    holder: u64,
    until: u64,
}

impl Storage {
    pub(super) fn load(&self, user: usize) -> Option<Tokens> {
        self.kept.get(&user).cloned()
    }

    /// Takes the lock if nobody holds it.
    pub(super) fn lock(&mut self, user: usize, holder: u64, now: u64, lease: u64) -> bool {
        let free = self.locks.get(&user).is_none_or(|lock| lock.until <= now);
        if free {
            self.locks.insert(user, Lock { holder, until: now + lease });
        }
        free
    }

    pub(super) fn holds(&self, user: usize, holder: u64, now: u64) -> bool {
        self.locks.get(&user).is_some_and(|lock| lock.holder == holder && now < lock.until)
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
        self.kept.insert(user, tokens);
    }

    pub(super) fn delete(&mut self, user: usize) {
        self.kept.remove(&user);
    }
}
