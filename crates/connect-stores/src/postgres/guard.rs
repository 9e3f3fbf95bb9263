//! Deliveries that were handled.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use async_trait::async_trait;
use connect_core::{
    StoreError,
    webhooks::{AsyncReplayClaim, AsyncReplayGuard, Claimed, SHORTEST_MEMORY},
};
use deadpool_postgres::Pool;
use jiff::Timestamp;
use tokio_postgres::types::Type;

use super::link::Link;
use crate::{
    Blocking,
    claim::{Held, Right},
    lock::ticket,
    record::digest,
};

/// Says whether the claim was taken, and what there was before.
const CLAIM: &str = "\
WITH taken AS (
    INSERT INTO mobiscroll_connect_deliveries AS known (id, claim, done, claimed_until, kept_until)
    VALUES ($1, $2, false, clock_timestamp() + $3 * interval '1 second', clock_timestamp() + $4 * interval '1 second')
    ON CONFLICT (id) DO UPDATE
    SET claim = excluded.claim, done = false,
        claimed_until = excluded.claimed_until, kept_until = excluded.kept_until
    WHERE CASE WHEN known.done THEN known.kept_until ELSE known.claimed_until END <= clock_timestamp()
    RETURNING true
)
SELECT EXISTS (SELECT FROM taken),
       coalesce((SELECT done FROM mobiscroll_connect_deliveries WHERE id = $1), false)";

/// Also when the claim is over: it was handled, whoever else has it in hand by now.
const DONE: &str = "\
INSERT INTO mobiscroll_connect_deliveries (id, claim, done, claimed_until, kept_until)
VALUES ($1, $2, true, clock_timestamp(), clock_timestamp() + $3 * interval '1 second')
ON CONFLICT (id) DO UPDATE SET done = true";

const FREE: &str = "DELETE FROM mobiscroll_connect_deliveries WHERE id = $1 AND claim = $2 AND NOT done";

/// A thousand at a time, so that no claim waits long for it.
const FORGET: &str = "\
DELETE FROM mobiscroll_connect_deliveries WHERE id IN (
    SELECT id FROM mobiscroll_connect_deliveries
    WHERE kept_until <= clock_timestamp() AND (done OR claimed_until <= clock_timestamp())
    LIMIT 1000 FOR UPDATE SKIP LOCKED
)";

/// How many claims there are between two looks for what is to be forgotten.
const CLAIMS_BETWEEN: u32 = 100;

/// A guard against replays in PostgreSQL, for all processes that take deliveries. Clones share the connections.
///
/// It remembers a delivery for a day from when it was claimed, and a claim lasts 60 s, both by the server's clock.
/// The tables are the store's: see [`PostgresStore::migrate`](super::PostgresStore::migrate).
#[derive(Clone)]
pub struct PostgresReplayGuard {
    link: Link,
    application: String,
    keep: Duration,
    lease: Duration,
    claims: Arc<AtomicU32>,
}

impl PostgresReplayGuard {
    /// Uses a database by its URL, with at most four connections and without TLS. Nothing is connected yet.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        Link::to(url).map(Self::over)
    }

    /// Uses the connections of a pool, with whatever TLS it was set up with.
    pub fn with_pool(pool: Pool) -> Self {
        Self::over(Link::over(pool))
    }

    fn over(link: Link) -> Self {
        let (keep, lease) = (Duration::from_secs(24 * 3600), Duration::from_secs(60));
        Self { link, application: String::new(), keep, lease, claims: Arc::default() }
    }

    /// The client id of the application whose deliveries these are: several that share the tables need one each.
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

    /// Makes the tables where they are not there yet.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.link.migrate().await
    }

    /// The same guard for the blocking client; it works on a thread of its own.
    pub fn blocking(self) -> Result<Blocking<Self>, StoreError> {
        Blocking::new(self)
    }
}

impl fmt::Debug for PostgresReplayGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("PostgresReplayGuard");
        debug.field("keep", &self.keep).field("lease", &self.lease).finish_non_exhaustive()
    }
}

#[async_trait]
impl AsyncReplayGuard for PostgresReplayGuard {
    async fn claim(&self, id: &str, _now: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError> {
        if self.claims.fetch_add(1, Relaxed) % CLAIMS_BETWEEN == CLAIMS_BETWEEN - 1 {
            self.link.query(FORGET, &[]).await?;
        }
        let claim = Claim {
            link: self.link.clone(),
            id: digest(&[&self.application, id]),
            ticket: ticket()?,
            keep: seconds(self.keep),
        };
        let lease = seconds(self.lease);
        let params = [
            (&claim.id as _, Type::TEXT),
            (&claim.ticket as _, Type::TEXT),
            (&lease as _, Type::FLOAT8),
            (&claim.keep as _, Type::FLOAT8),
        ];
        let rows = self.link.query(CLAIM, &params).await?;
        let [row] = &rows[..] else { return Err(StoreError::new("PostgreSQL did not answer a claim")) };
        Ok(match (row.get(0), row.get(1)) {
            (true, _) => Claimed::New(Held::new(claim)),
            (false, true) => Claimed::Done,
            (false, false) => Claimed::InHand,
        })
    }
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64().min(1e9)
}

struct Claim {
    link: Link,
    id: String,
    ticket: String,
    keep: f64,
}

#[async_trait]
impl Right for Claim {
    async fn done(&self) -> Result<(), StoreError> {
        let params =
            [(&self.id as _, Type::TEXT), (&self.ticket as _, Type::TEXT), (&self.keep as _, Type::FLOAT8)];
        self.link.query(DONE, &params).await.map(drop)
    }

    async fn free(self) -> Result<(), StoreError> {
        self.link.query(FREE, &[(&self.id, Type::TEXT), (&self.ticket, Type::TEXT)]).await.map(drop)
    }
}
