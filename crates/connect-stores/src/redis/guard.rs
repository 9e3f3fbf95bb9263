//! Deliveries that were handled.

use std::{fmt, sync::LazyLock, time::Duration};

use async_trait::async_trait;
use connect_core::{
    StoreError,
    webhooks::{AsyncReplayClaim, AsyncReplayGuard, Claimed, SHORTEST_MEMORY},
};
use jiff::Timestamp;
use redis::{Client, Script};
use tokio::time::Instant;

use super::link::Link;
use crate::{
    Blocking,
    claim::{Held, Right},
    lock::ticket,
    record::digest,
};

static CLAIM: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "if redis.call('SET', KEYS[1], ARGV[1], 'NX', 'PX', ARGV[2]) then return 'new' end
         if redis.call('GET', KEYS[1]) == 'done' then return 'done' end
         return 'in hand'",
    )
});

/// Also when the claim is over: it was handled, whoever else has it in hand by now.
static DONE: LazyLock<Script> =
    LazyLock::new(|| Script::new("redis.call('SET', KEYS[1], 'done', 'PX', ARGV[1]) return 'done'"));

static FREE: LazyLock<Script> = LazyLock::new(|| {
    Script::new("if redis.call('GET', KEYS[1]) == ARGV[1] then redis.call('DEL', KEYS[1]) end return 'free'")
});

/// A guard against replays in Redis, for all processes that take deliveries. Clones share the connection.
///
/// It remembers a delivery for a day from when it was claimed, and a claim lasts 60 s.
#[derive(Clone)]
pub struct RedisReplayGuard {
    link: Link,
    prefix: String,
    application: String,
    keep: Duration,
    lease: Duration,
}

impl RedisReplayGuard {
    /// Uses a server by its URL. Nothing is connected yet.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        Link::to(url).map(Self::over)
    }

    /// Uses a client that was set up elsewhere, with whatever TLS it has.
    pub fn with_client(client: Client) -> Self {
        Self::over(Link::over(client))
    }

    fn over(link: Link) -> Self {
        let (keep, lease) = (Duration::from_secs(24 * 3600), Duration::from_secs(60));
        Self { link, prefix: "mobiscroll-connect".to_owned(), application: String::new(), keep, lease }
    }

    /// What the keys begin with. Default: `mobiscroll-connect`.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The client id of the application whose deliveries these are: several that share the keys need one each.
    #[must_use]
    pub fn application(mut self, client_id: impl Into<String>) -> Self {
        self.application = client_id.into();
        self
    }

    /// Remembers a delivery for so long, from when it was claimed: [`SHORTEST_MEMORY`] at least.
    #[must_use]
    pub fn keep(mut self, time: Duration) -> Self {
        self.keep = time.max(SHORTEST_MEMORY);
        self
    }

    /// How long a handler may take before the delivery is handed out again.
    #[must_use]
    pub fn lease(mut self, time: Duration) -> Self {
        self.lease = time;
        self
    }

    /// The same guard for the blocking client; it works on a thread of its own.
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
        let claim = Claim {
            link: self.link.clone(),
            key: format!("{}:delivery:{}", self.prefix, digest(&[&self.application, id])),
            ticket: ticket()?,
            kept_until: Instant::now().checked_add(self.keep),
        };
        let mut script = CLAIM.prepare_invoke();
        script.key(&claim.key).arg(&claim.ticket).arg(milliseconds(self.lease));
        let answer: String = self.link.run(&script).await?;
        Ok(match &*answer {
            "new" => Claimed::New(Held::new(claim)),
            "done" => Claimed::Done,
            _ => Claimed::InHand,
        })
    }
}

/// Redis refuses no time at all, and what does not fit into its clock.
fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX).clamp(1, 3_155_760_000_000)
}

struct Claim {
    link: Link,
    key: String,
    ticket: String,
    /// `None`: longer than there are instants.
    kept_until: Option<Instant>,
}

#[async_trait]
impl Right for Claim {
    async fn done(&self) -> Result<(), StoreError> {
        let left = |until: Instant| until.saturating_duration_since(Instant::now());
        let keep = milliseconds(self.kept_until.map_or(Duration::MAX, left));
        let mut script = DONE.prepare_invoke();
        script.key(&self.key).arg(keep);
        self.link.run::<String>(&script).await.map(drop)
    }

    async fn free(self) -> Result<(), StoreError> {
        let mut script = FREE.prepare_invoke();
        script.key(&self.key).arg(&self.ticket);
        self.link.run::<String>(&script).await.map(drop)
    }
}
