//! Runs a blocking token store, and the release of its locks, on the threads for blocking work.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use connect_core::{
    AsyncStoreLock, AsyncTokenStore, StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written,
};
use tokio::sync::Semaphore;

use crate::runtime::Executor;

/// The number of threads that one store may use. The application can use the other threads.
const MAX_THREADS: usize = 8;
/// The maximum number of threads that read without a lock. The limit leaves threads for the holder of a lock.
const MAX_READERS: usize = MAX_THREADS / 2;

/// A blocking store with limits on the threads that it uses.
#[derive(Clone)]
pub(crate) struct PooledStore(Arc<PooledStoreInner>);

struct PooledStoreInner {
    store: Box<dyn TokenStore>,
    runtime: Executor,
    threads: Semaphore,
    readers: Semaphore,
}

impl PooledStore {
    pub(crate) fn new(store: Box<dyn TokenStore>, runtime: Executor) -> Self {
        let (threads, readers) = (Semaphore::new(MAX_THREADS), Semaphore::new(MAX_READERS));
        Self(Arc::new(PooledStoreInner { store, runtime, threads, readers }))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn TokenStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.0.clone();
        let _thread = self.0.threads.acquire().await;
        self.0.runtime.spawn_blocking(move || work(&*inner.store)).await.unwrap_or_else(|ended| {
            Err(StoreError::new("the task of the token store panicked or was cancelled").with_source(ended))
        })
    }
}

#[async_trait]
impl AsyncTokenStore for PooledStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        let key = key.clone();
        let _reader = self.0.readers.acquire().await;
        self.run(move |store| store.load(&key)).await
    }

    /// Takes the lock and loads the tokens on one thread.
    ///
    /// A separate load could wait for another thread until the lease runs out.
    async fn try_lock(
        &self,
        key: &TokenKey,
        lease: Duration,
    ) -> Result<Option<Box<dyn AsyncStoreLock>>, StoreError> {
        let key = key.clone();
        let taken = self.run(move |store| {
            let Some(mut lock) = store.try_lock(&key, lease)? else { return Ok(None) };
            let loaded = lock.load();
            Ok(Some((lock, loaded)))
        });
        let Some((lock, loaded)) = taken.await? else { return Ok(None) };
        Ok(Some(Box::new(PooledLock { pool: self.clone(), lock: Some(lock), loaded: Some(loaded) })))
    }
}

/// A lock of a blocking store; `lock` is `None` while a blocking thread uses it.
struct PooledLock {
    pool: PooledStore,
    lock: Option<Box<dyn StoreLock>>,
    /// The tokens that `try_lock` loaded. `load` returns them if it is the first method called.
    loaded: Option<Result<Option<Tokens>, StoreError>>,
}

impl PooledLock {
    async fn with<T: Send + 'static>(
        &mut self,
        action: impl FnOnce(&mut dyn StoreLock) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.loaded = None;
        let Some(mut lock) = self.lock.take() else { return Err(StoreError::lost_lease()) };
        let done = self.pool.run(move |_| {
            let outcome = action(&mut *lock);
            Ok((lock, outcome))
        });
        let (lock, outcome) = done.await?;
        self.lock = Some(lock);
        outcome
    }
}

#[async_trait]
impl AsyncStoreLock for PooledLock {
    async fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        match self.loaded.take() {
            Some(loaded) => loaded,
            None => self.with(|lock| lock.load()).await,
        }
    }

    async fn prepare(&mut self) -> Result<(), StoreError> {
        self.with(|lock| lock.prepare()).await
    }

    async fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        let tokens = tokens.clone();
        self.with(move |lock| lock.save(&tokens)).await
    }

    async fn delete(&mut self) -> Result<Written, StoreError> {
        self.with(|lock| lock.delete()).await
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.lock.take() {
            Some(lock) => self.pool.run(move |_| lock.release()).await,
            None => Ok(()),
        }
    }
}

impl Drop for PooledLock {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        match self.pool.0.runtime.current() {
            Ok(runtime) => {
                let pool = self.pool.clone();
                drop(runtime.spawn(async move { pool.run(move |_| lock.release()).await }));
            }
            Err(_) => drop(lock),
        }
    }
}
