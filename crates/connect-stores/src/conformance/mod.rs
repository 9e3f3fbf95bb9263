//! The rules of a store as a test, for the stores here and for your own.
//!
//! A store is given as a closure that opens a handle on it, each as another process would have one. Every rule is
//! tried; what comes back says which ones are broken. Keys and ids are new ones each time, so that a shared database
//! may be used; little stays in it.
//!
//! ```
//! use connect_core::MemoryStore;
//! use connect_stores::conformance::{Leases, token_store};
//!
//! let shared = MemoryStore::new();
//! token_store(Leases::EndWithHolder, || Ok(shared.clone()))?;
//! # Ok::<(), connect_stores::conformance::Broken>(())
//! ```

#[cfg(feature = "webhooks")]
mod guards;
mod keys;
mod locks;
mod tokens;

use std::{
    fmt,
    future::Future,
    sync::Arc,
    time::{Duration, Instant},
};

use connect_core::{AsyncTokenStore, StoreError, StoreLock, TokenKey, TokenStore};

#[cfg(feature = "webhooks")]
#[cfg(feature = "webhooks")]
pub use guards::{async_replay_guard, replay_guard};

use crate::Blocking;

/// What ends a lock that is not given back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leases {
    /// Its time: who is too slow has lost it, and is told so before a write.
    EndInTime,
    /// The end of its holder only: nobody loses a lock to another while they live, however slow they are.
    EndWithHolder,
}

/// Tries the rules of [`TokenStore`] on the store that `open` opens handles on.
pub fn token_store<S: TokenStore>(
    leases: Leases,
    open: impl Fn() -> Result<S, StoreError> + Send + Sync,
) -> Result<(), Broken> {
    let open = || open().map(|store| Arc::new(store) as Arc<dyn TokenStore>);
    let bench = Bench { open: &open, issuer: issuer()?, leases };
    let rules = tokens::RULES.iter().chain(keys::RULES).chain(locks::RULES);
    try_rules(rules.map(|(name, rule)| (*name, || rule(&bench))))
}

/// Tries the rules of [`AsyncTokenStore`]. It blocks; each handle has a runtime of its own.
pub fn async_token_store<S, F>(leases: Leases, open: impl Fn() -> F + Send + Sync) -> Result<(), Broken>
where
    S: AsyncTokenStore,
    F: Future<Output = Result<S, StoreError>> + Send + 'static,
{
    let home = Blocking::new(()).map_err(Broken::setup)?;
    token_store(leases, || Blocking::new(home.wait(|_| open())?))
}

/// The rules that a store breaks.
#[derive(Debug)]
pub struct Broken(Vec<(&'static str, String)>);

impl Broken {
    /// The names of the broken rules.
    pub fn rules(&self) -> impl Iterator<Item = &'static str> {
        self.0.iter().map(|(name, _)| *name)
    }

    fn setup(error: StoreError) -> Self {
        Self(vec![("the store can be opened", error.to_string())])
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|(name, what)| writeln!(f, "broken: {name}: {what}"))
    }
}

impl std::error::Error for Broken {}

/// A rule is broken, or the store failed while it was tried.
type Tried = Result<(), Fault>;

struct Fault(String);

impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(format!("the store failed: {error}"))
    }
}

fn broken(text: impl Into<String>) -> Tried {
    Err(Fault(text.into()))
}

fn holds(condition: bool, otherwise: &str) -> Tried {
    if condition { Ok(()) } else { broken(otherwise) }
}

fn try_rules<F: FnOnce() -> Tried>(rules: impl Iterator<Item = (&'static str, F)>) -> Result<(), Broken> {
    let faults: Vec<_> =
        rules.filter_map(|(name, rule)| rule().err().map(|Fault(what)| (name, what))).collect();
    if faults.is_empty() { Ok(()) } else { Err(Broken(faults)) }
}

/// The store under test.
struct Bench<'a> {
    open: &'a (dyn Fn() -> Result<Arc<dyn TokenStore>, StoreError> + Sync),
    /// No other run uses it.
    issuer: String,
    leases: Leases,
}

type Rule = (&'static str, fn(&Bench<'_>) -> Tried);

/// Longer than any rule needs a lock for.
const LONG: Duration = Duration::from_secs(10);

impl Bench<'_> {
    fn open(&self) -> Result<Arc<dyn TokenStore>, StoreError> {
        (self.open)()
    }

    fn key(&self, client_id: &str, user: &str) -> TokenKey {
        TokenKey { issuer: self.issuer.as_str().into(), client_id: client_id.into(), user: user.into() }
    }

    /// A key for this rule.
    fn user(&self, user: &str) -> TokenKey {
        self.key("app", user)
    }
}

/// Takes a lock that must be free.
fn lock(store: &dyn TokenStore, key: &TokenKey) -> Result<Box<dyn StoreLock>, StoreError> {
    store.lock(key, LONG)
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let started = Instant::now();
    (work(), started.elapsed())
}

fn issuer() -> Result<String, Broken> {
    Ok(format!("https://{}.example", random().map_err(Broken::setup)?))
}

fn random() -> Result<String, StoreError> {
    let number =
        getrandom::u64().map_err(|_| StoreError::new("the system has no random numbers for a new key"))?;
    Ok(format!("{number:016x}"))
}
