//! The stores that need no engine: in memory, and in the caller's own hands.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use crate::{StoreError, StoreLock, TokenKey, TokenStore, Tokens};

/// Keeps tokens for as long as the process lives. Clones share what is kept.
#[derive(Clone, Default, Debug)]
pub struct MemoryStore(Arc<Memory>);

#[derive(Default, Debug)]
struct Memory {
    state: Mutex<State>,
    released: Condvar,
}

#[derive(Default, Debug)]
struct State {
    kept: HashMap<TokenKey, Tokens>,
    locked: HashSet<TokenKey>,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TokenStore for MemoryStore {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        Ok(self.state().kept.get(key).cloned())
    }

    fn lock(&self, key: &TokenKey, lease: Duration) -> Result<Box<dyn StoreLock>, StoreError> {
        let (mut state, waited) = self
            .0
            .released
            .wait_timeout_while(self.state(), lease, |state| state.locked.contains(key))
            .unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            return Err(StoreError::new("another holder keeps the tokens locked"));
        }
        state.locked.insert(key.clone());
        drop(state);
        Ok(Box::new(MemoryLock { store: self.clone(), key: key.clone() }))
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

    fn save(&mut self, tokens: &Tokens) -> Result<(), StoreError> {
        self.store.state().kept.insert(self.key.clone(), tokens.clone());
        Ok(())
    }

    fn delete(&mut self) -> Result<(), StoreError> {
        self.store.state().kept.remove(&self.key);
        Ok(())
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.store.state().locked.remove(&self.key);
        self.store.0.released.notify_all();
    }
}

/// A closure as a store: it is handed every new pair, to be kept wherever the application keeps its users.
///
/// This is the official SDKs' "on tokens refreshed" hook, with one difference: when the closure fails, the
/// call fails, the pair stays pending, and the next call hands it over again. `None` means that the session
/// ended and the tokens are to be forgotten. What the application has kept goes back in through
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

    fn lock(&self, key: &TokenKey, lease: Duration) -> Result<Box<dyn StoreLock>, StoreError> {
        let memory = self.memory.lock(key, lease)?;
        Ok(Box::new(HookLock { memory, key: key.clone(), save: self.save.clone(), load: self.load.clone() }))
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

    fn save(&mut self, tokens: &Tokens) -> Result<(), StoreError> {
        (self.save)(&self.key, Some(tokens))?;
        self.memory.save(tokens)
    }

    fn delete(&mut self) -> Result<(), StoreError> {
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

    #[test]
    fn a_lock_keeps_others_out_until_it_is_dropped() {
        let store = MemoryStore::new();
        let held = store.lock(&key("a"), Duration::from_secs(1)).unwrap();
        assert!(store.lock(&key("a"), Duration::from_millis(5)).is_err());
        assert!(store.lock(&key("b"), Duration::from_millis(5)).is_ok(), "another user is not kept waiting");
        drop(held);
        assert!(store.lock(&key("a"), Duration::from_millis(5)).is_ok());
    }

    #[test]
    fn what_is_saved_is_there_until_it_is_deleted() {
        let stores: [Box<dyn TokenStore>; 2] =
            [Box::new(MemoryStore::new()), Box::new(TokenHook::new(|_, _| Ok(())))];
        for store in stores {
            let pair = Tokens::new("a", "r");
            let mut lock = store.lock(&key("a"), Duration::from_secs(1)).unwrap();
            assert_eq!((store.load(&key("a")).unwrap(), lock.load().unwrap()), (None, None));
            lock.save(&pair).unwrap();
            assert_eq!(lock.load().unwrap().as_ref(), Some(&pair));
            assert_eq!(store.load(&key("a")).unwrap(), Some(pair));
            assert_eq!(store.load(&key("b")).unwrap(), None);
            lock.delete().unwrap();
            assert_eq!((store.load(&key("a")).unwrap(), lock.load().unwrap()), (None, None));
            lock.release().unwrap();
            assert!(store.lock(&key("a"), Duration::from_millis(5)).is_ok());
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
        let mut lock = store.lock(&key("a"), Duration::from_secs(1)).unwrap();
        lock.save(&Tokens::new("a", "r")).unwrap();
        lock.delete().unwrap();
        assert_eq!(*told.lock().unwrap(), [("a".into(), Some(Tokens::new("a", "r"))), ("a".into(), None)]);
    }

    #[test]
    fn a_hook_that_loads_is_asked_instead_of_memory() {
        let store = TokenHook::new(|_, _| Ok(())).on_load(|key| Ok(Some(Tokens::new(&*key.user, "r"))));
        assert_eq!(store.load(&key("a")).unwrap(), Some(Tokens::new("a", "r")));
        let mut lock = store.lock(&key("b"), Duration::from_secs(1)).unwrap();
        assert_eq!(lock.load().unwrap(), Some(Tokens::new("b", "r")));
    }

    #[test]
    fn a_hook_that_fails_keeps_nothing() {
        let store = TokenHook::new(|_, _| Err(StoreError::new("no")));
        let mut lock = store.lock(&key("a"), Duration::from_secs(1)).unwrap();
        assert!(lock.save(&Tokens::new("a", "r")).is_err());
        assert_eq!(lock.load().unwrap(), None);
    }
}
