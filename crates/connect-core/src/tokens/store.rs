//! Where tokens are kept between calls and between processes.
//!
//! The rules of a store:
//!
//! * reading needs no lock; only the holder of a key's lock writes the key;
//! * `try_lock` returns at once: the caller waits between tries, so a store never keeps a thread waiting for a lock;
//! * a lock is a lease: it ends by itself when its holder is gone, at the latest after the lease that was requested,
//!   and a holder that lost it is told so before a write happens ([`StoreError::lease_lost`]). Where the operating
//!   system ends a lock with its holder, as it does for a file's, a slow holder may keep it longer;
//! * `save` returns an error unless the tokens were written: see [`Written`];
//! * dropping a lock releases it; [`StoreLock::release`] is the orderly way.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::tokens::Tokens;

/// The key of a token pair: a user of an application at an issuer. One store serves several applications and services.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TokenKey {
    /// Who issued them: scheme and host of the service, such as `https://connect.mobiscroll.com`.
    pub issuer: Box<str>,
    /// The application's client id.
    pub client_id: Box<str>,
    /// The application's own name for the user.
    pub user: Box<str>,
}

/// Stores tokens. The blocking client uses it directly, the async client on its blocking pool.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking token store",
    note = "the async client takes an async store with `async_store`; the blocking client takes it wrapped in `connect_stores::Blocking`"
)]
pub trait TokenStore: Send + Sync + 'static {
    /// Returns the tokens stored under `key`, if any.
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError>;

    /// Takes the lock of `key` for `lease`, or returns `None` at once while another holder has it.
    fn try_lock(&self, key: &TokenKey, lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError>;
}

/// The right to write one key.
pub trait StoreLock: Send {
    /// Returns the tokens stored now.
    fn load(&mut self) -> Result<Option<Tokens>, StoreError>;

    /// Checks that a save will be possible, as far as that can be known, and that the lock is still held. Called once
    /// before an exchange: when it fails, nothing is sent, because the new tokens could be lost. By default it succeeds.
    fn prepare(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Stores `tokens` in place of what is there.
    fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError>;

    /// Removes the stored tokens. It must not need space.
    fn delete(&mut self) -> Result<Written, StoreError>;

    /// Gives the lock back.
    fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// The result of a write that has happened: every process reads the new state.
#[derive(Debug)]
pub enum Written {
    /// It also survives a crash of the machine.
    Durable,
    /// A crash of the machine may undo it, because the storage could not be synced for this reason. The client goes on
    /// with the new tokens and tells the [`Observer`](crate::Observer).
    NotSynced(StoreError),
}

/// The async twin of [`TokenStore`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async token store",
    note = "a blocking store, such as `FileStore`, is given to `store`"
)]
#[async_trait]
pub trait AsyncTokenStore: Send + Sync + 'static {
    /// Returns the tokens stored under `key`, if any.
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError>;

    /// Takes the lock of `key` for `lease`, or returns `None` at once while another holder has it.
    async fn try_lock(
        &self,
        key: &TokenKey,
        lease: Duration,
    ) -> Result<Option<Box<dyn AsyncStoreLock>>, StoreError>;
}

/// The async twin of [`StoreLock`].
#[async_trait]
pub trait AsyncStoreLock: Send {
    /// Returns the tokens stored now.
    async fn load(&mut self) -> Result<Option<Tokens>, StoreError>;

    /// Checks that a save will be possible: see [`StoreLock::prepare`]. By default it succeeds.
    async fn prepare(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Stores `tokens` in place of what is there.
    async fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError>;

    /// Removes the stored tokens. It must not need space.
    async fn delete(&mut self) -> Result<Written, StoreError>;

    /// Gives the lock back.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        (**self).load(key)
    }

    fn try_lock(&self, key: &TokenKey, lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        (**self).try_lock(key, lease)
    }
}

#[async_trait]
impl<T: AsyncTokenStore + ?Sized> AsyncTokenStore for Arc<T> {
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        (**self).load(key).await
    }

    async fn try_lock(
        &self,
        key: &TokenKey,
        lease: Duration,
    ) -> Result<Option<Box<dyn AsyncStoreLock>>, StoreError> {
        (**self).try_lock(key, lease).await
    }
}

/// A store that failed.
#[derive(Debug)]
pub struct StoreError {
    message: Box<str>,
    lease_lost: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// A failure with a text that says what to do about it. It must not hold a token.
    pub fn new(message: impl Into<Box<str>>) -> Self {
        Self { message: message.into(), lease_lost: false, source: None }
    }

    /// The lock was lost before the write: nothing was written.
    pub fn lost_lease() -> Self {
        Self { lease_lost: true, ..Self::new("the lock of the token store was lost; nothing was written") }
    }

    /// Adds the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Whether the lock was lost.
    pub fn lease_lost(&self) -> bool {
        self.lease_lost
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_ref().map(|source| &**source as &(dyn StdError + 'static))
    }
}
