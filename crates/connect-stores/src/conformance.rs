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
mod leases;
mod locks;
mod prepare;
mod tokens;

use std::{
    fmt,
    future::Future,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use connect_core::{AsyncTokenStore, StoreError, StoreLock, TokenKey, TokenStore};

#[cfg(feature = "webhooks")]
pub use guards::{async_replay_guard, replay_guard};

use crate::Blocking;

/// What ends a lock that is not released.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leases {
    /// The end of its lease: a holder that is too slow has lost the lock, and learns so from `prepare`, `save` and
    /// `delete`.
    EndInTime,
    /// The end of its holder only: a holder that lives keeps the lock, however slow it is.
    EndWithHolder,
}

/// Tries the rules of [`TokenStore`] on the store that `open` opens handles on.
pub fn token_store<S: TokenStore>(
    leases: Leases,
    open: impl Fn() -> Result<S, StoreError> + Send + Sync,
) -> Result<(), Broken> {
    let open = || open().map(|store| Arc::new(store) as Arc<dyn TokenStore>);
    let bench = Bench { open: &open, issuer: issuer()? };
    let of_leases = if leases == Leases::EndInTime { leases::RULES } else { &[] };
    let rules = [tokens::RULES, keys::RULES, prepare::RULES, locks::RULES, of_leases].into_iter().flatten();
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
}

type Rule = (&'static str, fn(&Bench<'_>) -> Tried);

/// A lease that is longer than any rule needs a lock for.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(150);
/// How long an operation may take that returns at once: test machines are slow.
const SLACK: Duration = Duration::from_secs(2);

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
fn lock(store: &dyn TokenStore, key: &TokenKey) -> Result<Box<dyn StoreLock>, Fault> {
    lock_for(store, key, LONG)
}

/// Takes a lock that must be free, for this lease.
fn lock_for(store: &dyn TokenStore, key: &TokenKey, lease: Duration) -> Result<Box<dyn StoreLock>, Fault> {
    store.try_lock(key, lease)?.ok_or_else(|| Fault("the lock was not free".to_owned()))
}

/// Tries to take a lock again and again, until this time is over.
fn lock_within(time: Duration, store: &dyn TokenStore, key: &TokenKey) -> Result<Box<dyn StoreLock>, Fault> {
    let started = Instant::now();
    loop {
        match store.try_lock(key, LONG)? {
            Some(held) => return Ok(held),
            None if started.elapsed() >= time => {
                return Err(Fault(format!("the lock was not free within {time:?}")));
            }
            None => thread::sleep(Duration::from_millis(2)),
        }
    }
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
