//! The stores that need no engine: in memory, and in the caller's own hands.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{
    base::opaque,
    tokens::{StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written},
};

/// Keeps tokens for as long as the process lives. Clones share what is kept.
#[derive(Clone, Default, Debug)]
pub struct MemoryStore(Arc<Mutex<MemoryState>>);

#[derive(Default, Debug)]
struct MemoryState {
    tokens: HashMap<TokenKey, Tokens>,
    locked: HashSet<TokenKey>,
}

impl MemoryStore {
    /// An empty store.
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

    /// The lock lasts until it is released: only this process holds it.
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

/// A closure as a store: it is handed every new pair, to be kept wherever the application keeps its users.
///
/// This is the official SDKs' "on tokens refreshed" hook, with one difference: when the closure fails, the
/// call fails, the pair stays pending, and the next call hands it over again. `None` means that the session
/// ended and the tokens are to be forgotten. Keep all fields of a pair: [`revision`](Tokens::revision) tells an older pair
/// from a newer one. What the application has kept goes back in through
/// [`on_load`](Self::on_load), or through `user.import(tokens)`.
///
/// ```
/// use connect_core::{StoreError, TokenHook};
/// let store = TokenHook::new(|key, tokens| match tokens {
///     Some(tokens) => Ok(println!("keep a pair of {} until {:?}", key.user, tokens.expires_at)),
///     None => Err(StoreError::new("the database is away")),
/// });
/// ```
///
/// The lock works within the process only: where several processes share the users, use a store with a lock.
pub struct TokenHook {
    memory: MemoryStore,
    save: SaveHook,
    load: LoadHook,
}

type SaveHook = Arc<dyn Fn(&TokenKey, Option<&Tokens>) -> Result<(), StoreError> + Send + Sync>;
type LoadHook = Arc<dyn Fn(&TokenKey) -> Result<Option<Tokens>, StoreError> + Send + Sync>;

opaque!(TokenHook);

impl TokenHook {
    /// Hands every new pair to `save`, and remembers it for this process.
    pub fn new(
        save: impl Fn(&TokenKey, Option<&Tokens>) -> Result<(), StoreError> + Send + Sync + 'static,
    ) -> Self {
        let memory = MemoryStore::new();
        let kept = memory.clone();
        Self { memory, save: Arc::new(save), load: Arc::new(move |key| kept.load(key)) }
    }

    /// Reads pairs through `load` instead of from memory.
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
        assert!(is_free(&store, "b"), "another user's lock is another one");
        drop(held);
        assert!(is_free(&store, "a"));
    }

    #[test]
    fn what_is_saved_is_there_until_it_is_deleted() {
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
    fn a_hook_is_handed_every_pair_and_told_of_their_end() {
        let told = Arc::new(Mutex::new(Vec::new()));
        let hears = told.clone();
        let store = TokenHook::new(move |key, tokens| {
            hears.lock().unwrap().push((key.user.clone(), tokens.cloned()));
            Ok(())
        });
        let mut lock = lock(&store, "a");
        lock.save(&Tokens::new("a", "r")).unwrap();
        lock.delete().unwrap();
        assert_eq!(*told.lock().unwrap(), [("a".into(), Some(Tokens::new("a", "r"))), ("a".into(), None)]);
    }

    #[test]
    fn a_hook_that_loads_is_asked_instead_of_memory() {
        let store = TokenHook::new(|_, _| Ok(())).on_load(|key| Ok(Some(Tokens::new(&*key.user, "r"))));
        assert_eq!(store.load(&key("a")).unwrap(), Some(Tokens::new("a", "r")));
        let mut lock = lock(&store, "b");
        assert_eq!(lock.load().unwrap(), Some(Tokens::new("b", "r")));
    }

    #[test]
    fn a_hook_that_fails_keeps_nothing() {
        let store = TokenHook::new(|_, _| Err(StoreError::new("no")));
        let mut lock = lock(&store, "a");
        assert!(lock.save(&Tokens::new("a", "r")).is_err());
        assert_eq!(lock.load().unwrap(), None);
    }
}
