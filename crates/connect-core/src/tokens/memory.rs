//! The token store in memory.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::tokens::{StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written};

/// A token store in the memory of the process. Clones share their tokens.
///
/// ```
/// use connect_core::{MemoryStore, TokenStore};
///
/// let store = MemoryStore::new(); // the default of both clients
/// # let app = connect_core::App::new(connect_core::Config::new("id", "secret", [7; 32]))?;
/// assert!(store.load(&app.token_key("user-123")).is_ok_and(|tokens| tokens.is_none()));
/// # Ok::<(), connect_core::Error>(())
/// ```
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
            [Box::new(MemoryStore::new()), Box::new(crate::TokenHook::new(|_, _| Ok(())))];
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
}
