//! The tokens.

use std::{fmt, sync::LazyLock, time::Duration};

use async_trait::async_trait;
use connect_core::{AsyncStoreLock, AsyncTokenStore, StoreError, TokenKey, Tokens, Written};
use redis::{Client, Script, ScriptInvocation};

use super::link::Link;
use crate::{
    Blocking,
    lock::{EngineLock, ReleaseOnDrop, ticket},
    record::{self, Codec},
};

/// Where nothing is kept the number of the locks goes after a day: it outlives every lock that was given.
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

/// Does what a save does to the same key, and changes nothing: it writes the number that is there. A server that has no
/// memory left, or is a replica, refuses that as it would refuse the record.
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

/// Tokens in Redis, one key a user, without an end to their life. Clones share the connection.
///
/// For the blocking client there is [`blocking`](Self::blocking).
#[derive(Clone)]
pub struct RedisStore {
    link: Link,
    prefix: String,
    codec: Codec,
}

impl RedisStore {
    /// Uses a server by its URL (`redis://user:password@host/number`). Nothing is connected yet.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        Link::to(url).map(Self::over)
    }

    /// Uses a client that was set up elsewhere, with whatever TLS it has.
    pub fn with_client(client: Client) -> Self {
        Self::over(Link::over(client))
    }

    fn over(link: Link) -> Self {
        Self { link, prefix: "mobiscroll-connect".to_owned(), codec: Codec::default() }
    }

    /// What the keys begin with. Default: `mobiscroll-connect`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Seals what is saved from now on with keys of the caller.
    #[cfg(feature = "seal")]
    #[must_use]
    pub fn sealed(mut self, seal: crate::Seal) -> Self {
        self.codec = Codec::sealed(seal);
        self
    }

    /// The same store for the blocking client; it works on a thread of its own.
    pub fn blocking(self) -> Result<Blocking<Self>, StoreError> {
        Blocking::new(self)
    }

    /// The keys of the lock and of the record. The braces keep both on one node of a cluster.
    fn keys(&self, key: &TokenKey) -> [String; 2] {
        let name = record::name(key);
        ["lock", "tokens"].map(|what| format!("{}:{{{name}}}:{what}", self.prefix))
    }

    async fn load(&self, key: &TokenKey, at: &str) -> Result<Option<Tokens>, StoreError> {
        let record = self.link.field(at, "record").await?;
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
        // Redis refuses what does not fit into its clock; a century is long enough.
        let milliseconds = u64::try_from(lease.as_millis()).unwrap_or(u64::MAX).clamp(1, 3_155_760_000_000);
        // When the caller is cancelled, the release follows the lock on the same connection.
        let held = LockKey { link: self.link.clone(), keys: self.keys(key), holder: ticket()? };
        let held = ReleaseOnDrop::new(held);
        let number = held.run(&LOCK, |script| script.arg(milliseconds)).await?;
        if number == 0 {
            held.not_taken();
            return Ok(None);
        }
        Ok(Some(Box::new(RedisLock { store: self.clone(), key: key.clone(), held, number })))
    }
}

/// The key of a lock, and that of its record.
#[derive(Clone)]
struct LockKey {
    link: Link,
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
        self.link.run(&invocation).await
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
        lock_was_held(self.held.run(&PREPARE, |script| script.arg(self.number)).await?)
    }

    async fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        let record = self.store.codec.write(&self.key, tokens)?;
        lock_was_held(self.held.run(&SAVE, |script| script.arg(self.number).arg(&record[..])).await?)?;
        Ok(Written::Durable)
    }

    async fn delete(&mut self) -> Result<Written, StoreError> {
        lock_was_held(self.held.run(&DELETE, |script| script.arg(self.number)).await?)?;
        Ok(Written::Durable)
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.held.release().await
    }
}

/// A script that finds the lock returns 1.
fn lock_was_held(answer: u64) -> Result<(), StoreError> {
    if answer == 1 { Ok(()) } else { Err(StoreError::lost_lease()) }
}
