//! A blocking store on tokio's blocking pool, the drop of its lock included.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use connect_core::{
    AsyncStoreLock, AsyncTokenStore, StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written,
};
use tokio::{runtime::Handle, sync::Semaphore, task::spawn_blocking};

/// How many threads of the pool a store uses at a time: the others are the application's.
const THREADS: usize = 8;
/// How many of them read without a lock, so that a holder of one does not wait behind a crowd of readers.
const READERS: usize = THREADS / 2;

/// A blocking store, and the threads that it may use.
#[derive(Clone)]
pub(crate) struct OnPool(Arc<Inner>);

struct Inner {
    store: Box<dyn TokenStore>,
    threads: Semaphore,
    readers: Semaphore,
}

impl OnPool {
    pub(crate) fn new(store: impl TokenStore) -> Self {
        let (threads, readers) = (Semaphore::new(THREADS), Semaphore::new(READERS));
        Self(Arc::new(Inner { store: Box::new(store), threads, readers }))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&dyn TokenStore) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = self.0.clone();
        let _thread = self.0.threads.acquire().await;
        spawn_blocking(move || work(&*inner.store)).await.unwrap_or_else(|error| {
            Err(StoreError::new("the token store's work was ended").with_source(error))
        })
    }
}

#[async_trait]
impl AsyncTokenStore for OnPool {
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        let key = key.clone();
        let _reader = self.0.readers.acquire().await;
        self.run(move |store| store.load(&key)).await
    }

    /// Reads the tokens as well, so that a holder's time does not run while its load waits for a thread.
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
        Ok(Some(Box::new(PoolLock { pool: self.clone(), lock: Some(lock), loaded: Some(loaded) })))
    }
}

/// The lock while it is here; on the pool while it works.
struct PoolLock {
    pool: OnPool,
    lock: Option<Box<dyn StoreLock>>,
    /// The tokens as they were when the lock was taken, until something is written.
    loaded: Option<Result<Option<Tokens>, StoreError>>,
}

impl PoolLock {
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
impl AsyncStoreLock for PoolLock {
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

impl Drop for PoolLock {
    fn drop(&mut self) {
        let Some(lock) = self.lock.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => {
                let pool = self.pool.clone();
                runtime.spawn(async move { pool.run(move |_| lock.release()).await });
            }
            Err(_) => drop(lock),
        }
    }
}
