//! Who waits for whom: the refreshes of one session for each other, and a client that is closed for all of them.
//! Nobody waits longer than their own deadline.

use std::{
    num::NonZeroU32,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Where the refreshes and the requests of one session queue.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    pub(crate) refresh: Gate,
    pub(crate) slots: Slots,
}

/// As many requests as the service takes from one user.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    taken: Mutex<u32>,
    free: Condvar,
}

/// The right to send a request; given back when dropped.
pub(crate) struct Slot<'a>(&'a Slots);

impl Slots {
    /// Waits until less than `at_once` are taken, at most this long.
    pub(crate) fn take(&self, at_once: NonZeroU32, at_most: Duration) -> Option<Slot<'_>> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, waited) = self
            .free
            .wait_timeout_while(taken, at_most, |taken| *taken >= at_once.get())
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        *taken += 1;
        Some(Slot(self))
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        // Not one: it might be one whose endpoint allows fewer.
        self.0.free.notify_all();
    }
}

/// Where the refreshes of one session queue, one at a time.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    taken: Mutex<bool>,
    free: Condvar,
}

/// The right to refresh; given back when dropped.
pub(crate) struct Pass<'a>(&'a Gate);

impl Gate {
    /// Waits for the gate, at most this long.
    pub(crate) fn enter(&self, at_most: Duration) -> Option<Pass<'_>> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, waited) = self
            .free
            .wait_timeout_while(taken, at_most, |taken| *taken)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        *taken = true;
        Some(Pass(self))
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.free.notify_one();
    }
}

/// Counts the threads that are changing tokens.
#[derive(Debug, Default)]
pub(crate) struct Busy {
    threads: Mutex<Threads>,
    fewer: Condvar,
}

#[derive(Debug, Default)]
struct Threads {
    running: usize,
    /// Whether no more of them begin.
    closed: bool,
}

/// Counted for as long as it lives.
pub(crate) struct Working<'a>(&'a Busy);

impl Busy {
    pub(crate) fn enter(&self) -> Working<'_> {
        self.threads().running += 1;
        Working(self)
    }

    pub(crate) fn enter_unless_closed(&self) -> Option<Working<'_>> {
        let mut threads = self.threads();
        if threads.closed {
            return None;
        }
        threads.running += 1;
        Some(Working(self))
    }

    /// Lets no more begin, and waits until none is left, at most this long; whether none is.
    pub(crate) fn close_within(&self, at_most: Duration) -> bool {
        let mut threads = self.threads();
        threads.closed = true;
        let waited = self.fewer.wait_timeout_while(threads, at_most, |threads| threads.running > 0);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn threads(&self) -> MutexGuard<'_, Threads> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        self.0.threads().running -= 1;
        self.0.fewer.notify_all();
    }
}
