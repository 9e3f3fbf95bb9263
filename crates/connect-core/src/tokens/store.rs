//! The interface of a token store, which saves tokens and shares them between processes.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::tokens::Tokens;

/// The key of a token pair: issuer, application and user. One store can serve several applications and
/// services.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TokenKey {
    /// The issuer of the tokens: scheme and host of the service, such as `https://connect.mobiscroll.com`.
    pub issuer: Box<str>,
    /// The client id of the application.
    pub client_id: Box<str>,
    /// The id of the user in the application.
    pub user: Box<str>,
}

/// A blocking token store. The blocking client calls the store directly, the async client on a pool
/// of blocking threads.
///
/// The rules of a store:
///
/// * Loading needs no lock. Only the holder of the lock of a key may write the tokens of the key.
/// * `try_lock` returns immediately, so a store never blocks a thread for a lock. The caller waits between
///   tries.
/// * A lock ends with its lease, or when its holder releases it. After the end of the lease, a write of the
///   holder fails with [`StoreError::lost_lease`] and changes nothing. A lock that the operating system
///   releases when its holder dies, such as a file lock, may outlast its lease.
/// * `save` returns an error unless the tokens were written: see [`Written`].
/// * Dropping a lock releases it; [`StoreLock::release`] also reports errors.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking token store",
    note = "pass an async store to `async_store` of the async client, or wrap it in `connect_stores::Blocking` for the blocking client"
)]
pub trait TokenStore: Send + Sync + 'static {
    /// Returns the tokens stored under `key`, if any.
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError>;

    /// Takes the lock of `key` for the time `lease`. Returns `None` immediately if another holder
    /// has the lock.
    fn try_lock(&self, key: &TokenKey, lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError>;
}

/// The lock of one key. Only the holder of the lock may write the tokens of the key. Dropping the
/// lock releases it.
pub trait StoreLock: Send {
    /// Returns the stored tokens, if any.
    fn load(&mut self) -> Result<Option<Tokens>, StoreError>;

    /// Checks that the lock is still held and that a save will be possible, as far as the store can know.
    ///
    /// The driver calls this method once before each exchange. If the check fails, the request of
    /// the exchange is not sent, because the new tokens could be lost. Default: always succeeds.
    fn prepare(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Saves `tokens` in place of the stored tokens.
    fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError>;

    /// Deletes the stored tokens. Deleting must also work when the storage is full.
    fn delete(&mut self) -> Result<Written, StoreError>;

    /// Releases the lock.
    fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// The result of a successful write. Every later load, by any process, returns the new state.
#[derive(Debug)]
pub enum Written {
    /// The new state survives a crash of the machine.
    Durable,
    /// A crash of the machine may undo the write, because syncing the storage failed with this error. The
    /// client uses the new tokens and notifies the [`Observer`](crate::Observer).
    NotSynced(StoreError),
}

/// The async version of [`TokenStore`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async token store",
    note = "pass a blocking store, such as `FileStore`, to `store` of the async client"
)]
#[async_trait]
pub trait AsyncTokenStore: Send + Sync + 'static {
    /// Returns the tokens stored under `key`, if any.
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError>;

    /// Takes the lock of `key` for the time `lease`. Returns `None` immediately if another holder
    /// has the lock.
    async fn try_lock(
        &self,
        key: &TokenKey,
        lease: Duration,
    ) -> Result<Option<Box<dyn AsyncStoreLock>>, StoreError>;
}

/// The async version of [`StoreLock`].
#[async_trait]
pub trait AsyncStoreLock: Send {
    /// Returns the stored tokens, if any.
    async fn load(&mut self) -> Result<Option<Tokens>, StoreError>;

    /// Checks that a save will be possible: see [`StoreLock::prepare`]. Default: always succeeds.
    async fn prepare(&mut self) -> Result<(), StoreError> {
        Ok(())
    }

    /// Saves `tokens` in place of the stored tokens.
    async fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError>;

    /// Deletes the stored tokens. Deleting must also work when the storage is full.
    async fn delete(&mut self) -> Result<Written, StoreError>;

    /// Releases the lock.
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

/// The error of a token store.
#[derive(Debug)]
pub struct StoreError {
    message: Box<str>,
    lease_lost: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl StoreError {
    /// Creates an error with a message, which should say what to do and must not contain a token.
    pub fn new(message: impl Into<Box<str>>) -> Self {
        Self { message: message.into(), lease_lost: false, source: None }
    }

    /// Creates the error for a lock that was lost before the write; nothing was written.
    pub fn lost_lease() -> Self {
        Self { lease_lost: true, ..Self::new("the lock of the token store was lost; nothing was written") }
    }

    /// Sets the cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns whether the lock was lost.
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
