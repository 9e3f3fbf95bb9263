//! The token store in Redis.

use std::{fmt, sync::LazyLock, time::Duration};

use async_trait::async_trait;
use connect_core::{AsyncStoreLock, AsyncTokenStore, StoreError, TokenKey, Tokens, Written};
use redis::{Client, Script, ScriptInvocation};

use super::connection::RedisConnection;
use crate::{
    Blocking,
    lock::{EngineLock, ReleaseOnDrop, random_holder},
    record::{self, Codec},
};

/// Takes the lock. If the user has no record, the fencing number expires a day after the lease.
static LOCK: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if not redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 0 end
         local number = redis.call('HINCRBY', KEYS[2], 'number', 1)
         if redis.call('HEXISTS', KEYS[2], 'record') == 0 then
             redis.call('PEXPIRE', KEYS[2], 86400000 + ARGV[2])
         end
         return number",
    )
});

/// Checks that a save is possible: writes the same fencing number to the key again.
///
/// A server that is out of memory, or is a read-only replica, refuses this write as it would refuse the save.
static PREPARE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         if redis.call('HGET', KEYS[2], 'number') ~= ARGV[2] then return 0 end
         redis.call('HSET', KEYS[2], 'number', ARGV[2])
         return 1",
    )
});

static SAVE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         if redis.call('HGET', KEYS[2], 'number') ~= ARGV[2] then return 0 end
         redis.call('HSET', KEYS[2], 'record', ARGV[3])
         redis.call('PERSIST', KEYS[2])
         return 1",
    )
});

static DELETE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
         if redis.call('HGET', KEYS[2], 'number') ~= ARGV[2] then return 0 end
         if redis.call('HDEL', KEYS[2], 'record') == 1 then redis.call('PEXPIRE', KEYS[2], 86400000) end
         return 1",
    )
});

static RELEASE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0",
    )
});

/// A token store in Redis. The Redis key of a user's tokens does not expire. Clones share the connection.
///
/// [`blocking`](Self::blocking) returns a store for the blocking client.
///
/// ```
/// use connect_stores::RedisStore;
///
/// # async fn example() -> Result<(), connect_core::StoreError> {
/// let store = RedisStore::new("redis://cache.example/")?;
/// // Pass it to `async_store` of the async client, or `store.blocking()?` to the blocking client.
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisStore {
    connection: RedisConnection,
    prefix: String,
    codec: Codec,
}

impl RedisStore {
    /// Creates a store for the server at this URL (`redis://user:password@host/number`).
    ///
    /// The store connects on first use.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        RedisConnection::from_url(url).map(Self::with_connection)
    }

    /// Creates a store that uses an existing client, with the client's TLS settings.
    pub fn with_client(client: Client) -> Self {
        Self::with_connection(RedisConnection::with_client(client))
    }

    fn with_connection(connection: RedisConnection) -> Self {
        Self { connection, prefix: "mobiscroll-connect".to_owned(), codec: Codec::default() }
    }

    /// Sets the prefix of all Redis keys. Default: `mobiscroll-connect`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Encrypts tokens in later saves, and decrypts tokens in loads, with the keys of `seal`.
    #[cfg(feature = "seal")]
    #[must_use]
    pub fn sealed(mut self, seal: crate::Seal) -> Self {
        self.codec = Codec::sealed(seal);
        self
    }

    /// Returns a replay guard that shares the connection and the prefix of this store.
    #[cfg(feature = "webhooks")]
    pub fn replay_guard(&self) -> super::RedisReplayGuard {
        super::RedisReplayGuard::with_connection(self.connection.clone()).prefix(&*self.prefix)
    }

    /// Returns this store for the blocking client. The store runs on a separate thread.
    pub fn blocking(self) -> Result<Blocking<Self>, StoreError> {
        Blocking::new(self)
    }

    /// Returns the keys of the lock and of the record. The braces put both keys on one node of a cluster.
    fn keys(&self, key: &TokenKey) -> [String; 2] {
        let name = record::record_name(key);
        ["lock", "tokens"].map(|what| format!("{}:{{{name}}}:{what}", self.prefix))
    }

    async fn load(&self, key: &TokenKey, at: &str) -> Result<Option<Tokens>, StoreError> {
        let record = self.connection.hash_field(at, "record").await?;
        record.map(|record| self.codec.read(key, &record, &format!("the key {at}"))).transpose()
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RedisStore");
        debug.field("prefix", &self.prefix).field("codec", &self.codec).finish_non_exhaustive()
    }
}

#[async_trait]
impl AsyncTokenStore for RedisStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        self.load(key, &self.keys(key)[1]).await
    }

    async fn try_lock(
        &self,
        key: &TokenKey,
        lease: Duration,
    ) -> Result<Option<Box<dyn AsyncStoreLock>>, StoreError> {
        // At most 100 years, because Redis refuses a time beyond its clock's range.
        let milliseconds = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX).clamp(1, 3_155_760_000_000);
        // If the caller is cancelled, the release is sent after the lock script, on the same connection.
        let held =
            LockKey { connection: self.connection.clone(), keys: self.keys(key), holder: random_holder()? };
        let held = ReleaseOnDrop::new(held);
        let number = held.run(&LOCK, |script| script.arg(milliseconds)).await?;
        if number == 0 {
            held.not_taken();
            return Ok(None);
        }
        Ok(Some(Box::new(RedisLock { store: self.clone(), key: key.clone(), held, number })))
    }
}

/// The Redis keys of a lock and of its record, and the holder of the lock.
#[derive(Clone)]
struct LockKey {
    connection: RedisConnection,
    keys: [String; 2],
    holder: String,
}

impl LockKey {
    async fn run(
        &self,
        script: &Script,
        with: impl for<'a, 'b> FnOnce(&'a mut ScriptInvocation<'b>) -> &'a mut ScriptInvocation<'b> + Send,
    ) -> Result<u64, StoreError> {
        let mut invocation = script.prepare_invoke();
        invocation.key(&self.keys[0]).key(&self.keys[1]).arg(&self.holder);
        with(&mut invocation);
        self.connection.run(&invocation).await
    }
}

impl EngineLock for LockKey {
    async fn release(&self) -> Result<(), StoreError> {
        self.run(&RELEASE, |script| script).await.map(drop)
    }
}

struct RedisLock {
    store: RedisStore,
    key: TokenKey,
    held: ReleaseOnDrop<LockKey>,
    number: u64,
}

#[async_trait]
impl AsyncStoreLock for RedisLock {
    async fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.store.load(&self.key, &self.held.keys[1]).await
    }

    async fn prepare(&mut self) -> Result<(), StoreError> {
        ensure_lock_held(self.held.run(&PREPARE, |script| script.arg(self.number)).await?)
    }

    async fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        let record = self.store.codec.write(&self.key, tokens)?;
        ensure_lock_held(self.held.run(&SAVE, |script| script.arg(self.number).arg(&record[..])).await?)?;
        Ok(Written::Durable)
    }

    async fn delete(&mut self) -> Result<Written, StoreError> {
        ensure_lock_held(self.held.run(&DELETE, |script| script.arg(self.number)).await?)?;
        Ok(Written::Durable)
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.held.release().await
    }
}

/// Returns the error `StoreError::lost_lease` unless the script returned 1.
fn ensure_lock_held(result: u64) -> Result<(), StoreError> {
    if result == 1 { Ok(()) } else { Err(StoreError::lost_lease()) }
}
