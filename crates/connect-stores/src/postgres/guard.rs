//! The replay guard that remembers handled webhook deliveries in PostgreSQL.

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

use super::connections::PostgresConnections;
use crate::{
    Blocking,
    claim::{EngineClaim, HeldClaim},
    lock::random_holder,
    record::digest,
};

/// Claims a delivery. Returns whether the claim succeeded, and whether the delivery was handled before.
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

/// Marks a delivery as handled, even if the claim has expired or another handler has a newer claim.
const DONE: &str = "\
INSERT INTO mobiscroll_connect_deliveries (id, claim, done, claimed_until, kept_until)
VALUES ($1, $2, true, clock_timestamp(), clock_timestamp() + $3 * interval '1 second')
ON CONFLICT (id) DO UPDATE SET done = true";

const FREE: &str = "DELETE FROM mobiscroll_connect_deliveries WHERE id = $1 AND claim = $2 AND NOT done";

/// Deletes at most 1000 expired deliveries, because a claim waits for this statement.
const DELETE_EXPIRED: &str = "\
DELETE FROM mobiscroll_connect_deliveries WHERE id IN (
    SELECT id FROM mobiscroll_connect_deliveries
    WHERE kept_until <= clock_timestamp() AND (done OR claimed_until <= clock_timestamp())
    LIMIT 1000 FOR UPDATE SKIP LOCKED
)";

/// Every hundredth claim deletes expired deliveries.
const CLAIMS_PER_CLEANUP: u32 = 100;

/// A replay guard in PostgreSQL, shared by all processes that receive deliveries.
///
/// The guard remembers a delivery for 24 hours after its claim. A claim lasts 60 s. The server's clock
/// decides when a delivery or a claim expires. [`migrate`](Self::migrate) creates the same tables as
/// [`PostgresStore::migrate`](super::PostgresStore::migrate). Clones share the connections.
///
/// ```
/// use connect_stores::PostgresReplayGuard;
///
/// # async fn example() -> Result<(), connect_core::StoreError> {
/// let guard = PostgresReplayGuard::new("postgres://app@db.example/app")?;
/// guard.migrate().await?; // creates the tables
/// // Pass it to `async_replay_guard` of the async client, or `guard.blocking()?` to the blocking client.
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PostgresReplayGuard {
    connections: PostgresConnections,
    application: String,
    keep: Duration,
    lease: Duration,
    claims: Arc<AtomicU32>,
}

impl PostgresReplayGuard {
    /// Creates a guard for the database at this URL, with at most four connections and without TLS.
    ///
    /// The guard connects on first use.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        PostgresConnections::from_url(url).map(Self::with_connections)
    }

    /// Creates a guard that uses the connections of a pool, with the pool's TLS settings.
    pub fn with_pool(pool: Pool) -> Self {
        Self::with_connections(PostgresConnections::with_pool(pool))
    }

    pub(super) fn with_connections(connections: PostgresConnections) -> Self {
        let (keep, lease) = (Duration::from_secs(24 * 3600), Duration::from_secs(60));
        Self { connections, application: String::new(), keep, lease, claims: Arc::default() }
    }

    /// Sets the client id of the application that receives the deliveries.
    ///
    /// Applications that share the tables need different client ids. Default: empty.
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

    /// Creates the tables that do not exist yet.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.connections.migrate().await
    }

    /// Returns this guard for the blocking client. The guard runs on a separate thread.
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
        if self.claims.fetch_add(1, Relaxed) % CLAIMS_PER_CLEANUP == CLAIMS_PER_CLEANUP - 1 {
            self.connections.query(DELETE_EXPIRED, &[]).await?;
        }
        let claim = PostgresClaim {
            connections: self.connections.clone(),
            id: digest(&[&self.application, id]),
            holder: random_holder()?,
            keep: seconds(self.keep),
        };
        let lease = seconds(self.lease);
        let params = [
            (&claim.id as _, Type::TEXT),
            (&claim.holder as _, Type::TEXT),
            (&lease as _, Type::FLOAT8),
            (&claim.keep as _, Type::FLOAT8),
        ];
        let rows = self.connections.query(CLAIM, &params).await?;
        let [row] = &rows[..] else {
            return Err(StoreError::new("PostgreSQL returned no row for a claim (expected one)"));
        };
        Ok(match (row.get(0), row.get(1)) {
            (true, _) => Claimed::New(HeldClaim::new(claim)),
            (false, true) => Claimed::Done,
            (false, false) => Claimed::InProgress,
        })
    }
}

fn seconds(time: Duration) -> f64 {
    time.as_secs_f64().min(1e9)
}

struct PostgresClaim {
    connections: PostgresConnections,
    id: String,
    holder: String,
    keep: f64,
}

#[async_trait]
impl EngineClaim for PostgresClaim {
    async fn done(&self) -> Result<(), StoreError> {
        let params =
            [(&self.id as _, Type::TEXT), (&self.holder as _, Type::TEXT), (&self.keep as _, Type::FLOAT8)];
        self.connections.query(DONE, &params).await.map(drop)
    }

    async fn free(self) -> Result<(), StoreError> {
        self.connections.query(FREE, &[(&self.id, Type::TEXT), (&self.holder, Type::TEXT)]).await.map(drop)
    }
}
