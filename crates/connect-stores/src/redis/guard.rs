//! The replay guard that remembers handled webhook deliveries in Redis.

use std::{fmt, sync::LazyLock, time::Duration};

use async_trait::async_trait;
use connect_core::{
    StoreError,
    webhooks::{AsyncReplayClaim, AsyncReplayGuard, Claimed, SHORTEST_MEMORY},
};
use jiff::Timestamp;
use redis::{Client, Script};
use tokio::time::Instant;

use super::connection::RedisConnection;
use crate::{
    Blocking,
    claim::{EngineClaim, HeldClaim},
    lock::random_holder,
    record::digest,
};

static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 'new' end
         if redis.call('GET', KEYS[1]) == 'done' then return 'done' end
         return 'in hand'",
    )
});

/// Marks a delivery as handled, even if the claim has expired or another handler has a newer claim.
static DONE: LazyLock<Script> =
    LazyLock::new(|| Script::new("redis.call('SET', KEYS[1], 'done', 'PX', ARGV[1]) return 'done'"));

static FREE: LazyLock<Script> = LazyLock::new(|| {
    Script::new("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 'free'")
});

/// A replay guard in Redis, shared by all processes that receive deliveries.
///
/// The guard remembers a delivery for 24 hours after its claim. A claim lasts 60 s. Clones share the
/// connection.
///
/// ```
/// use connect_stores::RedisReplayGuard;
///
/// # async fn example() -> Result<(), connect_core::StoreError> {
/// let guard = RedisReplayGuard::new("redis://cache.example/")?;
/// // Pass it to `async_replay_guard` of the async client, or `guard.blocking()?` to the blocking client.
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct RedisReplayGuard {
    connection: RedisConnection,
    prefix: String,
    application: String,
    keep: Duration,
    lease: Duration,
}

impl RedisReplayGuard {
    /// Creates a guard for the server at this URL. The guard connects on first use.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        RedisConnection::from_url(url).map(Self::with_connection)
    }

    /// Creates a guard that uses an existing client, with the client's TLS settings.
    pub fn with_client(client: Client) -> Self {
        Self::with_connection(RedisConnection::with_client(client))
    }

    pub(super) fn with_connection(connection: RedisConnection) -> Self {
        let (keep, lease) = (Duration::from_secs(24 * 3600), Duration::from_secs(60));
        Self { connection, prefix: "mobiscroll-connect".to_owned(), application: String::new(), keep, lease }
    }

    /// Sets the prefix of all Redis keys. Default: `mobiscroll-connect`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets the client id of the application that receives the deliveries.
    ///
    /// Applications that share a prefix need different client ids. Default: empty.
    #[must_use]
    pub fn application(mut self, client_id: impl Into<String>) -> Self {
        self.application = client_id.into();
        self
    }

    /// Sets how long a delivery is remembered after its claim. Default: 24 hours; minimum:
    /// [`SHORTEST_MEMORY`].
    #[must_use]
    pub fn keep(mut self, time: Duration) -> Self {
        self.keep = time.max(SHORTEST_MEMORY);
        self
    }

    /// Sets how long a handler may take before another handler can claim the delivery. Default: 60 s.
    #[must_use]
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    /// Returns this guard for the blocking client. The guard runs on a separate thread.
    pub fn blocking(self) -> Result<Blocking<Self>, StoreError> {
        Blocking::new(self)
    }
}

impl fmt::Debug for RedisReplayGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("RedisReplayGuard");
        debug.field("prefix", &self.prefix).field("keep", &self.keep).field("lease", &self.lease);
        debug.finish_non_exhaustive()
    }
}

#[async_trait]
impl AsyncReplayGuard for RedisReplayGuard {
    async fn claim(&self, id: &str, _now: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError> {
        let claim = RedisClaim {
            connection: self.connection.clone(),
            key: format!("{}:delivery:{}", self.prefix, digest(&[&self.application, id])),
            holder: random_holder()?,
            kept_until: Instant::now().checked_add(self.keep),
        };
        let mut script = CLAIM.prepare_invoke();
        script.key(&claim.key).arg(&claim.holder).arg(milliseconds(self.lease));
        let state: String = self.connection.run(&script).await?;
        Ok(match &*state {
            "new" => Claimed::New(HeldClaim::new(claim)),
            "done" => Claimed::Done,
            _ => Claimed::InProgress,
        })
    }
}

/// Limits a time to between 1 ms and 100 years. Redis refuses zero, and times beyond its clock's range.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, 3_155_760_000_000)
}

struct RedisClaim {
    connection: RedisConnection,
    key: String,
    holder: String,
    /// The time at which the guard forgets the delivery. `None` if an `Instant` cannot represent that time.
    kept_until: Option<Instant>,
}

#[async_trait]
impl EngineClaim for RedisClaim {
    async fn done(&self) -> Result<(), StoreError> {
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        let keep = milliseconds(self.kept_until.map_or(Duration::MAX, left));
        let mut script = DONE.prepare_invoke();
        script.key(&self.key).arg(keep);
        self.connection.run::<String>(&script).await.map(drop)
    }

    async fn free(self) -> Result<(), StoreError> {
        let mut script = FREE.prepare_invoke();
        script.key(&self.key).arg(&self.holder);
        self.connection.run::<String>(&script).await.map(drop)
    }
}
