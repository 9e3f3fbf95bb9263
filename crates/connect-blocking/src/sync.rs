//! Locks and semaphores with a timeout, and a count of the threads that `Client::close` waits for.

use std::{
    num::NonZeroU32,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// Limits the refreshes and requests that run at the same time for one session.
#[derive(Debug, Default)]
pub(crate) struct SessionLocks {
    pub(crate) refresh: TimedLock,
    pub(crate) slots: Semaphore,
}

/// A semaphore whose limit is an argument of each acquisition.
#[derive(Debug, Default)]
pub(crate) struct Semaphore {
    taken: Mutex<u32>,
    free: Condvar,
}

/// A permit, returned when dropped.
pub(crate) struct SemaphorePermit<'a>(&'a Semaphore);

impl Semaphore {
    /// Takes a permit when fewer than `limit` permits are taken. Returns `None` after `max_wait`.
    pub(crate) fn acquire_within(
        &self,
        limit: NonZeroU32,
        max_wait: Duration,
    ) -> Option<SemaphorePermit<'_>> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, waited) = self
            .free
            .wait_timeout_while(taken, max_wait, |taken| *taken >= limit.get())
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        *taken += 1;
        Some(SemaphorePermit(self))
    }
}

impl Drop for SemaphorePermit<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) -= 1;
        // Wakes all waiters, since each may have a different limit.
        self.0.free.notify_all();
    }
}

/// A lock that is acquired with a timeout.
#[derive(Debug, Default)]
pub(crate) struct TimedLock {
    taken: Mutex<bool>,
    free: Condvar,
}

/// The lock, released when dropped.
pub(crate) struct TimedLockGuard<'a>(&'a TimedLock);

impl TimedLock {
    /// Acquires the lock when the lock is free. Returns `None` after `max_wait`.
    pub(crate) fn lock_within(&self, max_wait: Duration) -> Option<TimedLockGuard<'_>> {
        let taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut taken, waited) = self
            .free
            .wait_timeout_while(taken, max_wait, |taken| *taken)
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return None;
        }
        *taken = true;
        Some(TimedLockGuard(self))
    }
}

impl Drop for TimedLockGuard<'_> {
    fn drop(&mut self) {
        *self.0.taken.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.free.notify_one();
    }
}

/// Counts the threads that are changing tokens.
#[derive(Debug, Default)]
pub(crate) struct RunningThreads {
    count: Mutex<ThreadCount>,
    fewer: Condvar,
}

#[derive(Debug, Default)]
struct ThreadCount {
    running: usize,
    /// Whether the client is closed. If so, `enter_unless_closed` counts no further thread.
    closed: bool,
}

/// Counts a thread while this value exists.
pub(crate) struct ThreadGuard<'a>(&'a RunningThreads);

impl RunningThreads {
    pub(crate) fn enter(&self) -> ThreadGuard<'_> {
        self.count().running += 1;
        ThreadGuard(self)
    }

    pub(crate) fn enter_unless_closed(&self) -> Option<ThreadGuard<'_>> {
        let mut count = self.count();
        if count.closed {
            return None;
        }
        count.running += 1;
        Some(ThreadGuard(self))
    }

    /// Sets `closed`, and waits for at most `max_wait` until all counted threads have ended.
    /// Returns whether all counted threads have ended.
    pub(crate) fn close_within(&self, max_wait: Duration) -> bool {
        let mut count = self.count();
        count.closed = true;
        let waited = self.fewer.wait_timeout_while(count, max_wait, |count| count.running > 0);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    fn count(&self) -> MutexGuard<'_, ThreadCount> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ThreadGuard<'_> {
    fn drop(&mut self) {
        self.0.count().running -= 1;
        self.0.fewer.notify_all();
    }
}
