//! An asynchronous store as a blocking one.
//!
//! Its connections live on a runtime of their own, on one thread; whoever calls waits for what is done there. So it
//! works wherever there is a thread to wait on: in a script, on tokio's blocking pool, in a test.

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

/// An asynchronous store, or a guard against replays, for the blocking client.
///
/// Its work is done on a thread of its own. Clones share the store and the thread, which ends with the last of them.
pub struct Blocking<S> {
    inner: Arc<S>,
    home: Arc<Home>,
}

impl<S: Send + Sync + 'static> Blocking<S> {
    /// Takes an asynchronous store; it fails when no thread can be started.
    pub fn new(inner: S) -> Result<Self, StoreError> {
        Ok(Self { inner: Arc::new(inner), home: Arc::new(Home::new()?) })
    }

    /// Waits for something that is done with the asynchronous store.
    ///
    /// Called on the thread of an asynchronous runtime, it keeps that thread waiting.
    pub fn wait<T, F>(&self, work: impl FnOnce(Arc<S>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, StoreError>> + Send + 'static,
    {
        self.home.wait(work(self.inner.clone()))
    }
}

impl<S> Clone for Blocking<S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), home: self.home.clone() }
    }
}

impl<S: fmt::Debug> fmt::Debug for Blocking<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blocking").field(&self.inner).finish()
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
        Ok(lock.map(|lock| Box::new(BlockingLock { lock: Some(lock), home: self.home.clone() }) as _))
    }
}

/// The lock while it is here; on its thread while it works.
struct BlockingLock {
    lock: Option<Box<dyn AsyncStoreLock>>,
    home: Arc<Home>,
}

/// What a piece of work gives back: the lock, and what came of it.
type Worked<T> = (Box<dyn AsyncStoreLock>, Result<T, StoreError>);

impl BlockingLock {
    fn with<T, F>(&mut self, work: impl FnOnce(Box<dyn AsyncStoreLock>) -> F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Future<Output = Worked<T>> + Send + 'static,
    {
        let Some(lock) = self.lock.take() else { return Err(StoreError::lost_lease()) };
        let work = work(lock);
        let (lock, outcome) = self.home.wait(async move { Ok(work.await) })?;
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
            Some(lock) => self.home.wait(async move { lock.release().await }),
            None => Ok(()),
        }
    }
}

impl Drop for BlockingLock {
    fn drop(&mut self) {
        if let Some(lock) = self.lock.take() {
            self.home.runtime.spawn(async move { drop(lock) });
        }
    }
}

/// The thread that the connections live on.
pub(crate) struct Home {
    runtime: Handle,
    /// Dropped, it ends the thread.
    _stop: oneshot::Sender<()>,
}

impl Home {
    fn new() -> Result<Self, StoreError> {
        let failed =
            |error| StoreError::new("the thread of the token store cannot be started").with_source(error);
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
        waiting.recv().unwrap_or_else(|_| Err(StoreError::new("the token store's work was ended")))
    }
}
