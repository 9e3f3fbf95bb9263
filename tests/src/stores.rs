//! Token stores that fail on demand or count their use.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use connect_core::{StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written};

/// Wraps a store and fails saves on demand.
#[derive(Clone)]
pub struct Flaky<S> {
    inner: S,
    counts: Arc<OperationCounts>,
}

#[derive(Default)]
struct OperationCounts {
    fail_saves: AtomicUsize,
    full: AtomicBool,
    save_takes_ms: AtomicUsize,
    saves: AtomicUsize,
    locks: AtomicUsize,
}

impl<S> Flaky<S> {
    /// Wraps a store. Saves succeed until a method below makes them fail.
    pub fn new(inner: S) -> Self {
        Self { inner, counts: Arc::default() }
    }

    /// Fails the next `count` saves.
    pub fn fail_saves(&self, count: usize) {
        self.counts.fail_saves.store(count, SeqCst);
    }

    /// Makes `prepare` fail as if the disk were full, or makes it succeed again if `full` is false.
    pub fn fill(&self, full: bool) {
        self.counts.full.store(full, SeqCst);
    }

    /// Makes every save take this long.
    pub fn slow_saves(&self, time: Duration) {
        self.counts.save_takes_ms.store(time.as_millis() as usize, SeqCst);
    }

    /// Returns how many saves have succeeded.
    pub fn saves(&self) -> usize {
        self.counts.saves.load(SeqCst)
    }

    /// Returns how many locks the store has granted.
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
    counts: Arc<OperationCounts>,
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

/// Wraps a store and counts the held locks and the threads inside the store.
#[derive(Clone)]
pub struct Watched<S> {
    inner: S,
    locks: Arc<Gauge>,
    threads: Arc<Gauge>,
}

/// A counter and its highest value.
#[derive(Default)]
struct Gauge {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Gauge {
    fn up(self: &Arc<Self>) -> GaugeGuard {
        self.most.fetch_max(self.now.fetch_add(1, SeqCst) + 1, SeqCst);
        GaugeGuard(self.clone())
    }
}

/// Decrements the counter when dropped.
struct GaugeGuard(Arc<Gauge>);

impl Drop for GaugeGuard {
    fn drop(&mut self) {
        self.0.now.fetch_sub(1, SeqCst);
    }
}

impl<S> Watched<S> {
    /// Wraps a store with counters at zero.
    pub fn new(inner: S) -> Self {
        Self { inner, locks: Arc::default(), threads: Arc::default() }
    }

    /// Returns the highest number of locks held at the same time.
    pub fn most_locks(&self) -> usize {
        self.locks.most.load(SeqCst)
    }

    /// Returns the highest number of threads inside the store at the same time.
    pub fn most_threads(&self) -> usize {
        self.threads.most.load(SeqCst)
    }
}

/// The pause before each operation, so that the operations of several threads overlap.
const PAUSE: Duration = Duration::from_micros(200);

impl<S: TokenStore> TokenStore for Watched<S> {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        let _thread = self.threads.up();
        thread::sleep(PAUSE);
        self.inner.load(key)
    }

    fn try_lock(&self, key: &TokenKey, lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        let _thread = self.threads.up();
        thread::sleep(PAUSE);
        let Some(inner) = self.inner.try_lock(key, lease)? else { return Ok(None) };
        Ok(Some(Box::new(WatchedLock { inner, threads: self.threads.clone(), _lock: self.locks.up() })))
    }
}

struct WatchedLock {
    inner: Box<dyn StoreLock>,
    threads: Arc<Gauge>,
    _lock: GaugeGuard,
}

impl WatchedLock {
    fn watched<T>(&mut self, work: impl FnOnce(&mut dyn StoreLock) -> T) -> T {
        let _thread = self.threads.up();
        thread::sleep(PAUSE);
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
