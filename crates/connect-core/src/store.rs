//! Where tokens are kept between calls and between processes.
//!
//! The rules of a store:
//!
//! * reading needs no lock; only who holds the lock of a key writes it;
//! * a lock is a lease: it ends by itself when its holder is gone, at the latest after the time asked for,
//!   and a holder that lost it is told so before a write happens ([`StoreError::lease_lost`]); where the system
//!   itself ends a lock with its holder, as it does for a file's, a holder that is merely slow may keep it;
//! * `save` returns when the tokens are kept for good, and an error when they may not be;
//! * dropping a lock releases it; [`StoreLock::release`] is the orderly way.

use std::{error::Error as StdError, fmt, sync::Arc, time::Duration};

use async_trait::async_trait;

use crate::Tokens;

/// Whose tokens: a user of an application at an issuer. One store serves several applications and services.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TokenKey {
    /// Who issued them: scheme and host of the service, such as `https://connect.mobiscroll.com`.
    pub issuer: Box<str>,
    /// The application's client id.
    pub client_id: Box<str>,
    /// The application's own name for the user.
    pub user: Box<str>,
}

/// Keeps tokens. Used by the blocking client, and by the asynchronous one on its blocking pool.
pub trait TokenStore: Send + Sync + 'static {
    /// The tokens kept under `key`, if any.
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError>;

    /// Waits for the right to write `key`, and takes it for at most `lease`.
    fn lock(&self, key: &TokenKey, lease: Duration) -> Result<Box<dyn StoreLock>, StoreError>;
}

/// The right to write one key.
pub trait StoreLock: Send {
    /// The tokens kept now.
    fn load(&mut self) -> Result<Option<Tokens>, StoreError>;
    /// Keeps `tokens` in place of what is there.
    fn save(&mut self, tokens: &Tokens) -> Result<(), StoreError>;
    /// Removes what is kept.
    fn delete(&mut self) -> Result<(), StoreError>;
    /// Gives the right back.
    fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// The asynchronous twin of [`TokenStore`].
#[async_trait]
pub trait AsyncTokenStore: Send + Sync + 'static {
    /// The tokens kept under `key`, if any.
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError>;

    /// Waits for the right to write `key`, and takes it for at most `lease`.
    async fn lock(&self, key: &TokenKey, lease: Duration) -> Result<Box<dyn AsyncStoreLock>, StoreError>;
}

/// The asynchronous twin of [`StoreLock`].
#[async_trait]
pub trait AsyncStoreLock: Send {
    /// The tokens kept now.
    async fn load(&mut self) -> Result<Option<Tokens>, StoreError>;
    /// Keeps `tokens` in place of what is there.
    async fn save(&mut self, tokens: &Tokens) -> Result<(), StoreError>;
    /// Removes what is kept.
    async fn delete(&mut self) -> Result<(), StoreError>;
    /// Gives the right back.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

impl<T: TokenStore + ?Sized> TokenStore for Arc<T> {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        (**self).load(key)
    }

    fn lock(&self, key: &TokenKey, lease: Duration) -> Result<Box<dyn StoreLock>, StoreError> {
        (**self).lock(key, lease)
    }
}

#[async_trait]
impl<T: AsyncTokenStore + ?Sized> AsyncTokenStore for Arc<T> {
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        (**self).load(key).await
    }

    async fn lock(&self, key: &TokenKey, lease: Duration) -> Result<Box<dyn AsyncStoreLock>, StoreError> {
        (**self).lock(key, lease).await
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
