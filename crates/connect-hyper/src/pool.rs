//! A blocking store on tokio's blocking pool, the drop of its lock included.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use connect_core::{AsyncStoreLock, AsyncTokenStore, StoreError, StoreLock, TokenKey, TokenStore, Tokens};
use tokio::{runtime::Handle, task::spawn_blocking};

pub(crate) struct OnPool(Arc<dyn TokenStore>);

impl OnPool {
    pub(crate) fn new(store: impl TokenStore) -> Self {
        Self(Arc::new(store))
    }
}

#[async_trait]
impl AsyncTokenStore for OnPool {
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        let (store, key) = (self.0.clone(), key.clone());
        on_pool(move || store.load(&key)).await
    }

    async fn lock(&self, key: &TokenKey, lease: Duration) -> Result<Box<dyn AsyncStoreLock>, StoreError> {
        let (store, key) = (self.0.clone(), key.clone());
        let lock = on_pool(move || store.lock(&key, lease)).await?;
        Ok(Box::new(PoolLock(Some(lock))))
    }
}

/// The lock while it is here; on the pool while it works.
struct PoolLock(Option<Box<dyn StoreLock>>);

impl PoolLock {
    async fn with<T: Send + 'static>(
        &mut self,
        action: impl FnOnce(&mut Box<dyn StoreLock>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let Some(mut lock) = self.0.take() else { return Err(StoreError::lost_lease()) };
        let (lock, outcome) = on_pool(move || {
            let outcome = action(&mut lock);
            Ok((lock, outcome))
        })
        .await?;
        self.0 = Some(lock);
        outcome
    }
}

#[async_trait]
impl AsyncStoreLock for PoolLock {
    async fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.with(|lock| lock.load()).await
    }

    async fn save(&mut self, tokens: &Tokens) -> Result<(), StoreError> {
        let tokens = tokens.clone();
        self.with(move |lock| lock.save(&tokens)).await
    }

    async fn delete(&mut self) -> Result<(), StoreError> {
        self.with(|lock| lock.delete()).await
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.0.take() {
            Some(lock) => on_pool(move || lock.release()).await,
            None => Ok(()),
        }
    }
}

impl Drop for PoolLock {
    fn drop(&mut self) {
        let Some(lock) = self.0.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(lock))),
            Err(_) => drop(lock),
        }
    }
}

async fn on_pool<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    spawn_blocking(work)
        .await
        .unwrap_or_else(|error| Err(StoreError::new("the token store's work was ended").with_source(error)))
}
