//! The tokens.

use std::{fmt, sync::LazyLock, time::Duration};

use async_trait::async_trait;
use connect_core::{AsyncStoreLock, AsyncTokenStore, StoreError, TokenKey, Tokens};
use redis::{Client, Script, ScriptInvocation};
use tokio::runtime::Handle;

use super::link::Link;
use crate::{
    Blocking,
    record::{self, Codec},
    turn::{Turn, term, ticket},
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

    async fn lock(&self, key: &TokenKey, lease: Duration) -> Result<Box<dyn AsyncStoreLock>, StoreError> {
        let (keys, holder) = (self.keys(key), ticket()?);
        // Redis refuses what does not fit into its clock; a century is long enough.
        let milliseconds =
            u64::try_from(term(lease).as_millis()).unwrap_or(u64::MAX).clamp(1, 3_155_760_000_000);
        let mut held = Held { link: self.link.clone(), keys, holder, number: 0 };
        let mut turn = Turn::new(lease);
        loop {
            match held.run(&LOCK, |script| script.arg(milliseconds)).await {
                Ok(0) => turn.wait().await?,
                Ok(number) => {
                    held.number = number;
                    return Ok(Box::new(RedisLock {
                        store: self.clone(),
                        key: key.clone(),
                        held: Some(held),
                    }));
                }
                Err(error) => {
                    tokio::spawn(held.release()); // it may have been taken all the same
                    return Err(error);
                }
            }
        }
    }
}

/// A lock that was given.
struct Held {
    link: Link,
    keys: [String; 2],
    holder: String,
    number: u64,
}

impl Held {
    async fn run(
        &self,
        script: &Script,
        with: impl for<'a, 'b> FnOnce(&'a mut ScriptInvocation<'b>) -> &'a mut ScriptInvocation<'b>,
    ) -> Result<u64, StoreError> {
        let mut invocation = script.prepare_invoke();
        invocation.key(&self.keys[0]).key(&self.keys[1]).arg(&self.holder);
        with(&mut invocation);
        self.link.run(&invocation).await
    }

    async fn release(self) -> Result<(), StoreError> {
        self.run(&RELEASE, |script| script).await.map(drop)
    }
}

struct RedisLock {
    store: RedisStore,
    key: TokenKey,
    held: Option<Held>,
}

impl RedisLock {
    fn held(&self) -> Result<&Held, StoreError> {
        self.held.as_ref().ok_or_else(StoreError::lost_lease)
    }
}

#[async_trait]
impl AsyncStoreLock for RedisLock {
    async fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.store.load(&self.key, &self.held()?.keys[1]).await
    }

    async fn save(&mut self, tokens: &Tokens) -> Result<(), StoreError> {
        let (held, record) = (self.held()?, self.store.codec.write(&self.key, tokens)?);
        done(held.run(&SAVE, |script| script.arg(held.number).arg(&record[..])).await?)
    }

    async fn delete(&mut self) -> Result<(), StoreError> {
        let held = self.held()?;
        done(held.run(&DELETE, |script| script.arg(held.number)).await?)
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.held.take() {
            Some(held) => held.release().await,
            None => Ok(()),
        }
    }
}

fn done(written: u64) -> Result<(), StoreError> {
    if written == 1 { Ok(()) } else { Err(StoreError::lost_lease()) }
}

impl Drop for RedisLock {
    fn drop(&mut self) {
        if let (Some(held), Ok(runtime)) = (self.held.take(), Handle::try_current()) {
            runtime.spawn(held.release()); // outside a runtime the lease has to end by itself
        }
    }
}
