//! Stores that fail on demand, and stores that count what they are asked.

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

    /// Has no room for what is saved from now on, and knows it before; or has room again.
    pub fn fill(&self, full: bool) {
        self.counts.full.store(full, SeqCst);
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

/// A store around another that counts the locks that are held, and the threads that are in it.
#[derive(Clone)]
pub struct Watched<S> {
    inner: S,
    locks: Arc<Gauge>,
    threads: Arc<Gauge>,
}

/// A number and the highest that it has been.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    fn up(self: &Arc<Self>) -> Up {
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        Up(self.clone())
    }
}

/// Counted for as long as it lives.
struct Up(Arc<Gauge>);

impl Drop for Up {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

impl<S> Watched<S> {
    /// Nothing is counted as yet.
    pub fn new(inner: S) -> Self {
        Self { inner, locks: Arc::default(), threads: Arc::default() }
    }

    /// How many locks were held at the same time at most.
    pub fn most_locks(&self) -> usize {
        self.locks.most.load(SeqCst)
    }

    /// How many threads were in it at the same time at most.
    pub fn most_threads(&self) -> usize {
        self.threads.most.load(SeqCst)
    }
}

/// Long enough for others to come in between.
const MOMENT: Duration = Duration::from_micros(200);

impl<S: TokenStore> TokenStore for Watched<S> {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        let _thread = self.threads.up();
        thread::sleep(MOMENT);
        self.inner.load(key)
    }

    fn try_lock(&self, key: &TokenKey, lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        let _thread = self.threads.up();
        thread::sleep(MOMENT);
        let Some(inner) = self.inner.try_lock(key, lease)? else { return Ok(None) };
        Ok(Some(Box::new(WatchedLock { inner, threads: self.threads.clone(), _lock: self.locks.up() })))
    }
}

struct WatchedLock {
    inner: Box<dyn StoreLock>,
    threads: Arc<Gauge>,
    _lock: Up,
}

impl WatchedLock {
    fn watched<T>(&mut self, work: impl FnOnce(&mut dyn StoreLock) -> T) -> T {
        let _thread = self.threads.up();
        thread::sleep(MOMENT);
        work(&mut *self.inner)
    }
}

impl StoreLock for WatchedLock {
    fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.watched(|lock| lock.load())
    }

    fn prepare(&mut self) -> Result<(), StoreError> {
        self.watched(|lock| lock.prepare())
    }

    fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        self.watched(|lock| lock.save(tokens))
    }

    fn delete(&mut self) -> Result<Written, StoreError> {
        self.watched(|lock| lock.delete())
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.inner.release()
    }
}
