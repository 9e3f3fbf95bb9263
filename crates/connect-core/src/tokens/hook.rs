//! Token stores that call closures of the application.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::{
    base::opaque,
    tokens::{
        AsyncStoreLock, AsyncTokenStore, MemoryStore, StoreError, StoreLock, TokenKey, TokenStore, Tokens,
        Written,
    },
};

/// A token store that passes every new pair to a closure of the application.
///
/// The closure corresponds to the hook "on tokens refreshed" of the official SDKs, with one difference: if
/// the closure fails, the call fails, and the next call passes the pair to the closure again. If the closure
/// gets `None`, the session has ended: delete the tokens. Save all fields of a pair. The field
/// [`revision`](Tokens::revision) shows which of two pairs is newer. Return the saved tokens to the client
/// with [`on_load`](Self::on_load) or `user.import(tokens)`.
///
/// ```
/// use connect_core::{StoreError, TokenHook};
///
/// let store = TokenHook::new(|key, tokens| match tokens {
///     Some(tokens) => Ok(println!("save a pair of {}, valid until {:?}", key.user, tokens.expires_at)),
///     None => Err(StoreError::new("the database cannot be reached")),
/// });
/// ```
///
/// The lock of this store works within one process only. If several processes serve the same users, use a
/// store with a shared lock.
pub struct TokenHook {
    memory: MemoryStore,
    save: SaveHook,
    load: LoadHook,
}

type SaveHook = Arc<dyn Fn(&TokenKey, Option<&Tokens>) -> Result<(), StoreError> + Send + Sync>;
type LoadHook = Arc<dyn Fn(&TokenKey) -> Result<Option<Tokens>, StoreError> + Send + Sync>;

opaque!(TokenHook);

impl TokenHook {
    /// Creates a store that passes every new pair to `save`, and also stores the pair in memory.
    pub fn new(
        save: impl Fn(&TokenKey, Option<&Tokens>) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Self {
        let memory = MemoryStore::new();
        let kept = memory.clone();
        Self { memory, save: Arc::new(save), load: Arc::new(move |key| kept.load(key)) }
    }

    /// Loads pairs with `load` instead of from memory.
    #[must_use]
    pub fn on_load(
        mut self,
        load: impl Fn(&TokenKey) -> Result<Option<Tokens>, StoreError> + Send + Sync + 'static,
    ) -> Self {
        self.load = Arc::new(load);
        self
    }
}

impl TokenStore for TokenHook {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        (self.load)(key)
    }

    fn try_lock(&self, key: &TokenKey, lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        let Some(memory) = self.memory.try_lock(key, lease)? else { return Ok(None) };
        let (save, load) = (self.save.clone(), self.load.clone());
        Ok(Some(Box::new(HookLock { memory, key: key.clone(), save, load })))
    }
}

struct HookLock {
    memory: Box<dyn StoreLock>,
    key: TokenKey,
    save: SaveHook,
    load: LoadHook,
}

impl StoreLock for HookLock {
    fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        (self.load)(&self.key)
    }

    fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        (self.save)(&self.key, Some(tokens))?;
        self.memory.save(tokens)
    }

    fn delete(&mut self) -> Result<Written, StoreError> {
        (self.save)(&self.key, None)?;
        self.memory.delete()
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.memory.release()
    }
}

/// The async version of [`TokenHook`]: the closures return futures.
///
/// ```
/// use connect_core::{AsyncTokenHook, StoreError, TokenKey, Tokens};
///
/// # struct Database;
/// # impl Database {
/// #     async fn save(&self, _: &TokenKey, _: Option<Tokens>) -> Result<(), StoreError> { Ok(()) }
/// # }
/// # let database = std::sync::Arc::new(Database);
/// let store = AsyncTokenHook::new(move |key, tokens| {
///     let database = database.clone();
///     async move { database.save(&key, tokens).await }
/// });
/// ```
pub struct AsyncTokenHook {
    memory: MemoryStore,
    hooks: AsyncHooks,
}

#[derive(Clone)]
struct AsyncHooks {
    save: Arc<dyn Fn(TokenKey, Option<Tokens>) -> HookFuture<()> + Send + Sync>,
    load: Arc<dyn Fn(TokenKey) -> HookFuture<Option<Tokens>> + Send + Sync>,
}

type HookFuture<T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send>>;

opaque!(AsyncTokenHook);

impl AsyncTokenHook {
    /// Creates a store that passes every new pair to `save`, and also stores the pair in memory.
    pub fn new<F>(save: impl Fn(TokenKey, Option<Tokens>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<(), StoreError>> + Send + 'static,
    {
        let memory = MemoryStore::new();
        let kept = memory.clone();
        let hooks = AsyncHooks {
            save: Arc::new(move |key, tokens| Box::pin(save(key, tokens))),
            load: Arc::new(move |key| Box::pin(std::future::ready(kept.load(&key)))),
        };
        Self { memory, hooks }
    }

    /// Loads pairs with `load` instead of from memory.
    #[must_use]
    pub fn on_load<F>(mut self, load: impl Fn(TokenKey) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Option<Tokens>, StoreError>> + Send + 'static,
    {
        self.hooks.load = Arc::new(move |key| Box::pin(load(key)));
        self
    }
}

#[async_trait]
impl AsyncTokenStore for AsyncTokenHook {
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        (self.hooks.load)(key.clone()).await
    }

    async fn try_lock(
        &self,
        key: &TokenKey,
        lease: Duration,
    ) -> Result<Option<Box<dyn AsyncStoreLock>>, StoreError> {
        let Some(memory) = self.memory.try_lock(key, lease)? else { return Ok(None) };
        Ok(Some(Box::new(AsyncHookLock { memory, key: key.clone(), hooks: self.hooks.clone() })))
    }
}

struct AsyncHookLock {
    memory: Box<dyn StoreLock>,
    key: TokenKey,
    hooks: AsyncHooks,
}

#[async_trait]
impl AsyncStoreLock for AsyncHookLock {
    async fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        (self.hooks.load)(self.key.clone()).await
    }

    async fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        (self.hooks.save)(self.key.clone(), Some(tokens.clone())).await?;
        self.memory.save(tokens)
    }

    async fn delete(&mut self) -> Result<Written, StoreError> {
        (self.hooks.save)(self.key.clone(), None).await?;
        self.memory.delete()
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.memory.release()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn key(user: &str) -> TokenKey {
        TokenKey { issuer: "https://connect.example".into(), client_id: "app".into(), user: user.into() }
    }

    fn lock(store: &dyn TokenStore, user: &str) -> Box<dyn StoreLock> {
        store.try_lock(&key(user), Duration::from_secs(1)).unwrap().expect("a free lock")
    }

    #[test]
    fn hook_receives_every_saved_pair_and_deletion() {
        let received = Arc::new(Mutex::new(Vec::new()));
        let receiver = received.clone();
        let store = TokenHook::new(move |key, tokens| {
            receiver.lock().unwrap().push((key.user.clone(), tokens.cloned()));
            Ok(())
        });
        let mut lock = lock(&store, "a");
        lock.save(&Tokens::new("a", "r")).unwrap();
        lock.delete().unwrap();
        assert_eq!(
            *received.lock().unwrap(),
            [("a".into(), Some(Tokens::new("a", "r"))), ("a".into(), None)]
        );
    }

    #[test]
    fn hook_with_on_load_does_not_load_from_memory() {
        let store = TokenHook::new(|_, _| Ok(())).on_load(|key| Ok(Some(Tokens::new(&*key.user, "r"))));
        assert_eq!(store.load(&key("a")).unwrap(), Some(Tokens::new("a", "r")));
        let mut lock = lock(&store, "b");
        assert_eq!(lock.load().unwrap(), Some(Tokens::new("b", "r")));
    }

    #[test]
    fn hook_that_fails_saves_nothing() {
        let store = TokenHook::new(|_, _| Err(StoreError::new("no")));
        let mut lock = lock(&store, "a");
        assert!(lock.save(&Tokens::new("a", "r")).is_err());
        assert_eq!(lock.load().unwrap(), None);
    }
}
