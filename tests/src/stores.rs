//! Stores that fail on demand and count what they are asked.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use connect_core::{StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written};

/// A store around another that fails the next saves.
#[derive(Clone)]
pub struct Flaky<S> {
    inner: S,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    fail_saves: AtomicUsize,
    full: AtomicBool,
    save_takes_ms: AtomicUsize,
    saves: AtomicUsize,
    locks: AtomicUsize,
}

impl<S> Flaky<S> {
    /// Fails nothing as yet.
    pub fn new(inner: S) -> Self {
        Self { inner, counts: Arc::default() }
    }

    /// Fails this many saves from now on.
    pub fn fail_saves(&self, count: usize) {
        self.counts.fail_saves.store(count, SeqCst);
    }

    /// Has no room for what is saved from now on, and knows it before.
    pub fn fill(&self) {
        self.counts.full.store(true, SeqCst);
    }

    /// Makes every save take this long.
    pub fn slow_saves(&self, time: Duration) {
        self.counts.save_takes_ms.store(time.as_millis() as usize, SeqCst);
    }

    /// How many saves have succeeded.
    pub fn saves(&self) -> usize {
        self.counts.saves.load(SeqCst)
    }

    /// How often the lock was taken.
    pub fn locks(&self) -> usize {
        self.counts.locks.load(SeqCst)
    }
}

impl<S: TokenStore> TokenStore for Flaky<S> {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        self.inner.load(key)
    }

    fn try_lock(&self, key: &TokenKey, lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        let Some(inner) = self.inner.try_lock(key, lease)? else { return Ok(None) };
        self.counts.locks.fetch_add(1, SeqCst);
        Ok(Some(Box::new(FlakyLock { inner, counts: self.counts.clone() })))
    }
}

struct FlakyLock {
    inner: Box<dyn StoreLock>,
    counts: Arc<Counts>,
}

impl StoreLock for FlakyLock {
    fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.inner.load()
    }

    fn prepare(&mut self) -> Result<(), StoreError> {
        if self.counts.full.load(SeqCst) {
            return Err(StoreError::new("the disk is full"));
        }
        self.inner.prepare()
    }

    fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        thread::sleep(Duration::from_millis(self.counts.save_takes_ms.load(SeqCst) as u64));
        if self.counts.fail_saves.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
            return Err(StoreError::new("the disk is full"));
        }
        let written = self.inner.save(tokens)?;
        self.counts.saves.fetch_add(1, SeqCst);
        Ok(written)
    }

    fn delete(&mut self) -> Result<Written, StoreError> {
        self.inner.delete()
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.inner.release()
    }
}
