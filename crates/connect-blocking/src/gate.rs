//! Who waits for whom: the refreshes of one session for each other, and a client that is closed for all of them.
//! Nobody waits longer than their own deadline.

use std::{
    sync::{Condvar, Mutex, PoisonError},
    time::Duration,
};

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
    threads: Mutex<usize>,
    fewer: Condvar,
}

/// Counted for as long as it lives.
pub(crate) struct Working<'a>(&'a Busy);

impl Busy {
    pub(crate) fn enter(&self) -> Working<'_> {
        *self.threads.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        Working(self)
    }

    /// Waits until none is left, at most this long; whether none is.
    pub(crate) fn idle_within(&self, at_most: Duration) -> bool {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.fewer.wait_timeout_while(threads, at_most, |threads| *threads > 0);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }
}

impl Drop for Working<'_> {
    fn drop(&mut self) {
        *self.0.threads.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        self.0.fewer.notify_all();
    }
}
