//! Token stores without a database: one in memory, and one that calls a closure of the application.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    base::opaque,
    tokens::{StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written},
};

/// A token store in the memory of the process. Clones share their tokens.
#[derive(Clone, Default, Debug)]
pub struct MemoryStore(Arc<Mutex<MemoryState>>);

#[derive(Default, Debug)]
struct MemoryState {
    tokens: HashMap<TokenKey, Tokens>,
    locked: HashSet<TokenKey>,
}

impl MemoryStore {
    /// Creates an empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, MemoryState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenStore for MemoryStore {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        Ok(self.state().tokens.get(key).cloned())
    }

    /// The lease is ignored: only this process can hold the lock, and the lock lasts until it is released.
    fn try_lock(&self, key: &TokenKey, _lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        let is_free = self.state().locked.insert(key.clone());
        Ok(is_free.then(|| Box::new(MemoryLock { store: self.clone(), key: key.clone() }) as _))
    }
}

struct MemoryLock {
    store: MemoryStore,
    key: TokenKey,
}

impl StoreLock for MemoryLock {
    fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.store.load(&self.key)
    }

    fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        self.store.state().tokens.insert(self.key.clone(), tokens.clone());
        Ok(Written::Durable)
    }

    fn delete(&mut self) -> Result<Written, StoreError> {
        self.store.state().tokens.remove(&self.key);
        Ok(Written::Durable)
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.store.state().locked.remove(&self.key);
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(user: &str) -> TokenKey {
        TokenKey { issuer: "https://connect.example".into(), client_id: "app".into(), user: user.into() }
    }

    fn lock(store: &dyn TokenStore, user: &str) -> Box<dyn StoreLock> {
        store.try_lock(&key(user), Duration::from_secs(1)).unwrap().expect("a free lock")
    }

    fn is_free(store: &dyn TokenStore, user: &str) -> bool {
        store.try_lock(&key(user), Duration::from_secs(1)).unwrap().is_some()
    }

    #[test]
    fn lock_excludes_others_until_dropped() {
        let store = MemoryStore::new();
        let held = lock(&store, "a");
        assert!(!is_free(&store, "a"));
        assert!(is_free(&store, "b"), "each user has a separate lock");
        drop(held);
        assert!(is_free(&store, "a"));
    }

    #[test]
    fn saved_pair_is_loaded_until_it_is_deleted() {
        let stores: [Box<dyn TokenStore>; 2] =
            [Box::new(MemoryStore::new()), Box::new(TokenHook::new(|_, _| Ok(())))];
        for store in &stores {
            let store = &**store;
            let pair = Tokens::new("a", "r");
            let mut lock = lock(store, "a");
            assert_eq!((store.load(&key("a")).unwrap(), lock.load().unwrap()), (None, None));
            lock.save(&pair).unwrap();
            assert_eq!(lock.load().unwrap().as_ref(), Some(&pair));
            assert_eq!(store.load(&key("a")).unwrap(), Some(pair));
            assert_eq!(store.load(&key("b")).unwrap(), None);
            lock.delete().unwrap();
            assert_eq!((store.load(&key("a")).unwrap(), lock.load().unwrap()), (None, None));
            lock.release().unwrap();
            assert!(is_free(store, "a"));
        }
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
