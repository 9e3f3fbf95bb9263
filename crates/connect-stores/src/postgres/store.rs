//! The token store in PostgreSQL.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use connect_core::{AsyncStoreLock, AsyncTokenStore, StoreError, TokenKey, Tokens, Written};
use deadpool_postgres::Pool;
use tokio_postgres::{Row, types::Type};

use super::connections::PostgresConnections;
use crate::{
    Blocking,
    lock::{EngineLock, ReleaseOnDrop, random_holder},
    record::{self, Codec},
};

const LOAD: &str = "SELECT record FROM mobiscroll_connect_tokens WHERE key = $1";

/// Takes a free lock, or a lock whose lease has expired or whose holder's session has ended.
///
/// When a PostgreSQL session ends, the server frees the session's advisory lock. This statement tries to take
/// the advisory lock of the holder's session: success shows that the session has ended.
const LOCK: &str = "\
INSERT INTO mobiscroll_connect_locks AS held (key, holder, alive, until)
VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 second')
ON CONFLICT (key) DO UPDATE
SET holder = excluded.holder, alive = excluded.alive, until = clock_timestamp() + $4 * interval '1 second'
WHERE held.until <= clock_timestamp() OR pg_try_advisory_xact_lock_shared(held.alive)
RETURNING true";

/// Checks that a save is possible: writes the record again unchanged, and inserts no rows.
///
/// The INSERT fails without the privilege that a save needs. The UPDATE reads the row's latest version, so it
/// does not undo a concurrent save. PostgreSQL does not rewrite an unchanged value that is stored outside its
/// row (TOAST). The result of `record || ''` is a new value, so PostgreSQL writes it.
const PREPARE: &str = "\
WITH held AS (
    SELECT key FROM mobiscroll_connect_locks
    WHERE key = $1 AND holder = $2 AND until > clock_timestamp() FOR UPDATE
), rewritten AS (
    UPDATE mobiscroll_connect_tokens AS kept SET record = kept.record || ''::bytea, saved_at = kept.saved_at
    FROM held WHERE kept.key = held.key
), inserted AS (
    INSERT INTO mobiscroll_connect_tokens (key, issuer, client_id, user_id, record, saved_at)
    SELECT key, '', '', '', '', clock_timestamp() FROM held WHERE false
)
SELECT true FROM held";

/// `FOR UPDATE` prevents other holders from taking over the lock before the tokens are committed.
const SAVE: &str = "\
WITH held AS (
    SELECT key FROM mobiscroll_connect_locks
    WHERE key = $1 AND holder = $2 AND until > clock_timestamp() FOR UPDATE
)
INSERT INTO mobiscroll_connect_tokens (key, issuer, client_id, user_id, record, saved_at)
SELECT key, $3, $4, $5, $6, clock_timestamp() FROM held
ON CONFLICT (key) DO UPDATE SET record = excluded.record, saved_at = excluded.saved_at
RETURNING true";

const DELETE: &str = "\
WITH held AS (
    SELECT key FROM mobiscroll_connect_locks
    WHERE key = $1 AND holder = $2 AND until > clock_timestamp() FOR UPDATE
), gone AS (
    DELETE FROM mobiscroll_connect_tokens USING held WHERE mobiscroll_connect_tokens.key = held.key
)
SELECT true FROM held";

const RELEASE: &str = "DELETE FROM mobiscroll_connect_locks WHERE key = $1 AND holder = $2";

/// A token store in PostgreSQL, with one row per user. Clones share the connections.
///
/// [`blocking`](Self::blocking) returns a store for the blocking client.
///
/// ```
/// use connect_stores::PostgresStore;
///
/// # async fn example() -> Result<(), connect_core::StoreError> {
/// let store = PostgresStore::new("postgres://app@db.example/app")?;
/// store.migrate().await?; // creates the tables
/// // Pass it to `async_store` of the async client, or `store.blocking()?` to the blocking client.
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct PostgresStore {
    connections: PostgresConnections,
    codec: Codec,
}

impl PostgresStore {
    /// Creates a store for the database at this URL (`postgres://user:password@host/database`).
    ///
    /// The store uses at most five connections, without TLS. The store connects on first use.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        Ok(Self { connections: PostgresConnections::from_url(url)?, codec: Codec::default() })
    }

    /// Creates a store that uses the connections of a pool, with the pool's TLS settings.
    ///
    /// The store removes one connection from the pool, for its advisory lock. The store returns
    /// every other connection to the pool after one statement.
    pub fn with_pool(pool: Pool) -> Self {
        Self { connections: PostgresConnections::with_pool(pool), codec: Codec::default() }
    }

    /// Encrypts tokens in later saves, and decrypts tokens in loads, with the keys of `seal`.
    #[cfg(feature = "seal")]
    #[must_use]
    pub fn sealed(mut self, seal: crate::Seal) -> Self {
        self.codec = Codec::sealed(seal);
        self
    }

    /// Creates the tables that do not exist yet.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.connections.migrate().await
    }

    /// Returns a replay guard that shares the connections of this store.
    #[cfg(feature = "webhooks")]
    pub fn replay_guard(&self) -> super::PostgresReplayGuard {
        super::PostgresReplayGuard::with_connections(self.connections.clone())
    }

    /// Returns this store for the blocking client. The store runs on a separate thread.
    pub fn blocking(self) -> Result<Blocking<Self>, StoreError> {
        Blocking::new(self)
    }

    async fn load(&self, key: &TokenKey, name: &String) -> Result<Option<Tokens>, StoreError> {
        let rows = self.connections.query(LOAD, &[(name, Type::TEXT)]).await?;
        let read = |row: &Row| {
            let record: &[u8] = row.try_get(0).map_err(|_| {
                StoreError::new("the column mobiscroll_connect_tokens.record does not have the type bytea")
            })?;
            self.codec.read(key, record, &format!("the row {name} of mobiscroll_connect_tokens"))
        };
        rows.first().map(read).transpose()
    }
}

impl Blocking<PostgresStore> {
    /// Creates the tables that do not exist yet.
    pub fn migrate(&self) -> Result<(), StoreError> {
        self.wait(|store| async move { store.migrate().await })
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").field("codec", &self.codec).finish_non_exhaustive()
    }
}

#[async_trait]
impl AsyncTokenStore for PostgresStore {
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        self.load(key, &record::record_name(key)).await
    }

    async fn try_lock(
        &self,
        key: &TokenKey,
        lease: Duration,
    ) -> Result<Option<Box<dyn AsyncStoreLock>>, StoreError> {
        let row = LockRow {
            connections: self.connections.clone(),
            name: record::record_name(key),
            holder: random_holder()?,
        };
        // A separate task completes even if the caller is cancelled. Without the task, a release on another
        // connection could be executed before the statement that takes the lock.
        let taken = tokio::spawn(row.take(lease)).await;
        let stopped = |error| StoreError::new("the task that takes the lock was stopped").with_source(error);
        let held = taken.map_err(stopped)??;
        Ok(held.map(|held| Box::new(PostgresLock { store: self.clone(), key: key.clone(), held }) as _))
    }
}

/// A row of `mobiscroll_connect_locks`.
#[derive(Clone)]
struct LockRow {
    connections: PostgresConnections,
    name: String,
    holder: String,
}

impl LockRow {
    async fn take(self, lease: Duration) -> Result<Option<ReleaseOnDrop<Self>>, StoreError> {
        let (alive, seconds) = (self.connections.liveness_lock().await?, lease.as_secs_f64().min(1e9));
        let held = ReleaseOnDrop::new(self);
        let params = [
            (&held.name as _, Type::TEXT),
            (&held.holder as _, Type::TEXT),
            (&alive as _, Type::INT8),
            (&seconds as _, Type::FLOAT8),
        ];
        if held.connections.query(LOCK, &params).await?.is_empty() {
            held.not_taken();
            return Ok(None);
        }
        Ok(Some(held))
    }

    /// Executes a statement whose parameters are the name of the lock and the holder.
    async fn run(&self, sql: &str) -> Result<Vec<Row>, StoreError> {
        self.connections.query(sql, &[(&self.name, Type::TEXT), (&self.holder, Type::TEXT)]).await
    }
}

impl EngineLock for LockRow {
    async fn release(&self) -> Result<(), StoreError> {
        self.run(RELEASE).await.map(drop)
    }
}

struct PostgresLock {
    store: PostgresStore,
    key: TokenKey,
    held: ReleaseOnDrop<LockRow>,
}

#[async_trait]
impl AsyncStoreLock for PostgresLock {
    async fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.store.load(&self.key, &self.held.name).await
    }

    async fn prepare(&mut self) -> Result<(), StoreError> {
        ensure_lock_held(&self.held.run(PREPARE).await?)
    }

    async fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        let (held, key) = (&self.held, &self.key);
        let record = self.store.codec.write(key, tokens)?;
        let [issuer, client_id, user] =
            [&key.issuer, &key.client_id, &key.user].map(|part| part.replace('\0', "\u{fffd}"));
        let params = [
            (&held.name as _, Type::TEXT),
            (&held.holder as _, Type::TEXT),
            (&issuer as _, Type::TEXT),
            (&client_id as _, Type::TEXT),
            (&user as _, Type::TEXT),
            (&record as _, Type::BYTEA),
        ];
        ensure_lock_held(&held.connections.query(SAVE, &params).await?)?;
        Ok(Written::Durable)
    }

    async fn delete(&mut self) -> Result<Written, StoreError> {
        ensure_lock_held(&self.held.run(DELETE).await?)?;
        Ok(Written::Durable)
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.held.release().await
    }
}

/// Returns the error `StoreError::lost_lease` if the statement returned no row.
fn ensure_lock_held(rows: &[Row]) -> Result<(), StoreError> {
    if rows.is_empty() { Err(StoreError::lost_lease()) } else { Ok(()) }
}
