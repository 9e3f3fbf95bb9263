//! Wraps an asynchronous store for callers that block.
//!
//! The store runs on a separate thread with its own tokio runtime. Each call waits for that thread, so a
//! caller needs no runtime. A caller on tokio's blocking pool can also use the wrapper.

#[cfg(feature = "webhooks")]
mod guard;

use std::{
    fmt,
    future::Future,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use connect_core::{
    AsyncStoreLock, AsyncTokenStore, StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written,
};
use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// Wraps an asynchronous token store or replay guard for the blocking client.
///
/// The store runs on a separate thread. Clones share the store and the thread. The thread ends when the last
/// clone is dropped.
///
/// ```
/// use connect_core::AsyncTokenHook;
/// use connect_stores::Blocking;
///
/// let store = AsyncTokenHook::new(|_key, _tokens| async { Ok(()) });
/// let store = Blocking::new(store)?; // pass it to `store` of the blocking client
/// # Ok::<(), connect_core::StoreError>(())
/// ```
pub struct Blocking<S> {
    store: Arc<S>,
    thread: Arc<RuntimeThread>,
}

impl<S: Send + Sync + 'static> Blocking<S> {
    /// Wraps an asynchronous store. Fails if the thread cannot be started.
    pub fn new(store: S) -> Result<Self, StoreError> {
        Ok(Self { store: Arc::new(store), thread: Arc::new(RuntimeThread::new()?) })
    }

    /// Runs an operation of the asynchronous store and waits for its result.
    ///
    /// Blocks the calling thread until the operation ends, even if the thread belongs to an
    /// asynchronous runtime.
    pub fn wait<T, F>(&self, work: impl FnOnce(Arc<S>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.thread.wait(work(self.store.clone()))
    }
}

impl<S> Clone for Blocking<S> {
    fn clone(&self) -> Self {
        Self { store: self.store.clone(), thread: self.thread.clone() }
    }
}

impl<S: fmt::Debug> fmt::Debug for Blocking<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blocking").field(&self.store).finish()
    }
}

impl<S: AsyncTokenStore> TokenStore for Blocking<S> {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        let key = key.clone();
        self.wait(|store| async move { store.load(&key).await })
    }

    fn try_lock(&self, key: &TokenKey, lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        let key = key.clone();
        let lock = self.wait(|store| async move { store.try_lock(&key, lease).await })?;
        Ok(lock.map(|lock| Box::new(BlockingLock { lock: Some(lock), thread: self.thread.clone() }) as _))
    }
}

struct BlockingLock {
    /// `None` while an operation on the thread owns the lock, and after an unfinished operation.
    lock: Option<Box<dyn AsyncStoreLock>>,
    thread: Arc<RuntimeThread>,
}

/// The lock after an operation, and the result of the operation.
type LockAndOutcome<T> = (Box<dyn AsyncStoreLock>, Result<T, StoreError>);

impl BlockingLock {
    fn with<T, F>(&mut self, work: impl FnOnce(Box<dyn AsyncStoreLock>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = LockAndOutcome<T>> + Send + 'static,
    {
        let Some(lock) = self.lock.take() else { return Err(StoreError::lost_lease()) };
        let work = work(lock);
        let (lock, outcome) = self.thread.wait(async move { Ok(work.await) })?;
        self.lock = Some(lock);
        outcome
    }
}

impl StoreLock for BlockingLock {
    fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.with(|mut lock| async move {
            let outcome = lock.load().await;
            (lock, outcome)
        })
    }

    fn prepare(&mut self) -> Result<(), StoreError> {
        self.with(|mut lock| async move {
            let outcome = lock.prepare().await;
            (lock, outcome)
        })
    }

    fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        let tokens = tokens.clone();
        self.with(|mut lock| async move {
            let outcome = lock.save(&tokens).await;
            (lock, outcome)
        })
    }

    fn delete(&mut self) -> Result<Written, StoreError> {
        self.with(|mut lock| async move {
            let outcome = lock.delete().await;
            (lock, outcome)
        })
    }

    fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.lock.take() {
            Some(lock) => self.thread.wait(async move { lock.release().await }),
            None => Ok(()),
        }
    }
}

impl Drop for BlockingLock {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            self.thread.runtime.spawn(async move { drop(lock) });
        }
    }
}

/// The thread of a store or replay guard. The thread runs its own tokio runtime.
pub(crate) struct RuntimeThread {
    runtime: Handle,
    /// Ends the thread when dropped.
    _stop: oneshot::Sender<()>,
}

impl RuntimeThread {
    fn new() -> Result<Self, StoreError> {
        let failed = |error| {
            StoreError::new("cannot start the thread of the token store or replay guard").with_source(error)
        };
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel::<()>();
        thread::Builder::new()
            .name("token-store".to_owned())
            .spawn(move || runtime.block_on(async { drop(stopped.await) }))
            .map_err(failed)?;
        Ok(Self { runtime: handle, _stop: stop })
    }

    fn wait<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (done, waiting) = mpsc::sync_channel(1);
        self.runtime.spawn(async move { drop(done.send(work.await)) });
        waiting.recv().unwrap_or_else(|_| {
            Err(StoreError::new("the thread of the token store or replay guard did not finish the operation"))
        })
    }
}
