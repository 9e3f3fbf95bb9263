//! Tests that check a token store or replay guard against the rules of its trait.
//!
//! Pass a closure that opens a new handle on the store, as another process would. Every rule is checked, and
//! the error lists the broken rules. Keys and ids are random, so you can use a shared database. The tests
//! leave little data in the store.
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

/// The event that ends a lock, if its holder does not release it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leases {
    /// The lock ends with its lease. After the lease, the holder's `prepare`, `save` and `delete` must fail.
    EndInTime,
    /// The lock ends when the process of its holder ends. A running holder keeps the lock, however
    /// slow the holder is.
    EndWithHolder,
}

/// Checks the rules of [`TokenStore`] with handles that `open` returns.
pub fn token_store<S: TokenStore>(
    leases: Leases,
    open: impl Fn() -> Result<S, StoreError> + Send + Sync,
) -> Result<(), Broken> {
    let open = || open().map(|store| Arc::new(store) as Arc<dyn TokenStore>);
    let test = StoreTest { open: &open, issuer: issuer()? };
    let of_leases = if leases == Leases::EndInTime { leases::RULES } else { &[] };
    let rules = [tokens::RULES, keys::RULES, prepare::RULES, locks::RULES, of_leases].into_iter().flatten();
    try_rules(rules.map(|(name, rule)| (*name, || rule(&test))))
}

/// Checks the rules of [`AsyncTokenStore`]. Blocks the calling thread. Each handle has a separate runtime.
pub fn async_token_store<S, F>(leases: Leases, open: impl Fn() -> F + Send + Sync) -> Result<(), Broken>
where
    S: AsyncTokenStore,
    F: Future<Output = Result<S, StoreError>> + Send + 'static,
{
    let runtime = Blocking::new(()).map_err(Broken::setup)?;
    token_store(leases, || Blocking::new(runtime.wait(|_| open())?))
}

/// The error that lists the rules a store breaks.
#[derive(Debug)]
pub struct Broken(Vec<(&'static str, String)>);

impl Broken {
    /// Returns the names of the broken rules.
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

/// An error if a rule is broken, or if the store failed during the check.
type RuleResult = Result<(), Fault>;

struct Fault(String);

impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(format!("the store failed: {error}"))
    }
}

fn violated(text: impl Into<String>) -> RuleResult {
    Err(Fault(text.into()))
}

fn check(condition: bool, otherwise: &str) -> RuleResult {
    if condition { Ok(()) } else { violated(otherwise) }
}

fn try_rules<F: FnOnce() -> RuleResult>(
    rules: impl Iterator<Item = (&'static str, F)>,
) -> Result<(), Broken> {
    let faults: Vec<_> =
        rules.filter_map(|(name, rule)| rule().err().map(|Fault(what)| (name, what))).collect();
    if faults.is_empty() { Ok(()) } else { Err(Broken(faults)) }
}

/// Opens the tested store, and creates keys for it.
struct StoreTest<'a> {
    open: &'a (dyn Fn() -> Result<Arc<dyn TokenStore>, StoreError> + Sync),
    /// A random issuer, so that test runs do not share keys.
    issuer: String,
}

type StoreRule = (&'static str, fn(&StoreTest<'_>) -> RuleResult);

/// A lease that does not end while a rule is checked.
const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(150);
/// The time allowed for an operation that must not wait: long, because test machines are slow.
const SLACK: Duration = Duration::from_secs(2);

impl StoreTest<'_> {
    fn open(&self) -> Result<Arc<dyn TokenStore>, StoreError> {
        (self.open)()
    }

    fn key(&self, client_id: &str, user: &str) -> TokenKey {
        TokenKey { issuer: self.issuer.as_str().into(), client_id: client_id.into(), user: user.into() }
    }

    /// Returns the key of a user in this test run.
    fn user(&self, user: &str) -> TokenKey {
        self.key("app", user)
    }
}

/// Takes a lock with a long lease. Fails if the lock is not free.
fn lock(store: &dyn TokenStore, key: &TokenKey) -> Result<Box<dyn StoreLock>, Fault> {
    lock_for(store, key, LONG)
}

/// Takes a lock with this lease. Fails if the lock is not free.
fn lock_for(store: &dyn TokenStore, key: &TokenKey, lease: Duration) -> Result<Box<dyn StoreLock>, Fault> {
    store.try_lock(key, lease)?.ok_or_else(|| Fault("the lock was not free".to_owned()))
}

/// Tries to take a lock repeatedly, for at most `time`.
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
    let number = getrandom::u64()
        .map_err(|_| StoreError::new("the system returned no random number for the ids of this test run"))?;
    Ok(format!("{number:016x}"))
}
