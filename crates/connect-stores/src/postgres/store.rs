//! The tokens.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use connect_core::{AsyncStoreLock, AsyncTokenStore, StoreError, TokenKey, Tokens, Written};
use deadpool_postgres::Pool;
use tokio_postgres::{Row, types::Type};

use super::link::Link;
use crate::{
    Blocking,
    lock::{EngineLock, ReleaseOnDrop, ticket},
    record::{self, Codec},
};

const LOAD: &str = "SELECT record FROM mobiscroll_connect_tokens WHERE key = $1";

/// A lock is taken over when its time is over, or when its holder's session is: then the advisory lock is free.
const LOCK: &str = "\
INSERT INTO mobiscroll_connect_locks AS held (key, holder, alive, until)
VALUES ($1, $2, $3, clock_timestamp() + $4 * interval '1 second')
ON CONFLICT (key) DO UPDATE
SET holder = excluded.holder, alive = excluded.alive, until = clock_timestamp() + $4 * interval '1 second'
WHERE held.until <= clock_timestamp() OR pg_try_advisory_xact_lock_shared(held.alive)
RETURNING true";

/// Does what a save does as far as that changes nothing: it writes the record anew, and needs the right to insert.
///
/// The update reads the row's latest version, so that a save that is still under way is not undone. The concatenation
/// makes a new value: an unchanged one that is kept apart from its row would not be written again.
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

/// The row of the lock is locked until the tokens are committed, so that nobody can take it over in between.
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

/// Tokens in PostgreSQL, one row a user. Clones share the connections.
///
/// For the blocking client there is [`blocking`](Self::blocking).
#[derive(Clone)]
pub struct PostgresStore {
    link: Link,
    codec: Codec,
}

impl PostgresStore {
    /// Uses a database by its URL (`postgres://user:password@host/database`), with at most five connections and
    /// without TLS. Nothing is connected yet.
    pub fn new(url: &str) -> Result<Self, StoreError> {
        Ok(Self { link: Link::to(url)?, codec: Codec::default() })
    }

    /// Uses the connections of a pool, with whatever TLS it was set up with. One connection is taken out of it for
    /// good; none of the others is kept longer than one statement takes.
    pub fn with_pool(pool: Pool) -> Self {
        Self { link: Link::over(pool), codec: Codec::default() }
    }

    /// Seals what is saved from now on with keys of the caller.
    #[cfg(feature = "seal")]
    #[must_use]
    pub fn sealed(mut self, seal: crate::Seal) -> Self {
        self.codec = Codec::sealed(seal);
        self
    }

    /// Makes the tables where they are not there yet.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        self.link.migrate().await
    }

    /// The same store for the blocking client; it works on a thread of its own.
    pub fn blocking(self) -> Result<Blocking<Self>, StoreError> {
        Blocking::new(self)
    }

    async fn load(&self, key: &TokenKey, name: &String) -> Result<Option<Tokens>, StoreError> {
        let rows = self.link.query(LOAD, &[(name, Type::TEXT)]).await?;
        let read = |row: &Row| {
            let record: &[u8] =
                row.try_get(0).map_err(|_| StoreError::new("the table is not the store's"))?;
            self.codec.read(key, record, &format!("the row {name} of mobiscroll_connect_tokens"))
        };
        rows.first().map(read).transpose()
    }
}

impl Blocking<PostgresStore> {
    /// Makes the tables where they are not there yet.
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
        self.load(key, &record::name(key)).await
    }

    async fn try_lock(
        &self,
        key: &TokenKey,
        lease: Duration,
    ) -> Result<Option<Box<dyn AsyncStoreLock>>, StoreError> {
        let row = LockRow { link: self.link.clone(), name: record::name(key), holder: ticket()? };
        // In a task of its own, which goes on when the caller is cancelled: a release on another connection could
        // overtake the statement that takes the lock.
        let taken = tokio::spawn(row.take(lease)).await;
        let stopped = |error| StoreError::new("the task that takes the lock was stopped").with_source(error);
        let held = taken.map_err(stopped)??;
        Ok(held.map(|held| Box::new(PostgresLock { store: self.clone(), key: key.clone(), held }) as _))
    }
}

/// A row of the locks.
#[derive(Clone)]
struct LockRow {
    link: Link,
    name: String,
    holder: String,
}

impl LockRow {
    async fn take(self, lease: Duration) -> Result<Option<ReleaseOnDrop<Self>>, StoreError> {
        let (alive, seconds) = (self.link.alive().await?, lease.as_secs_f64().min(1e9));
        let held = ReleaseOnDrop::new(self);
        let params = [
            (&held.name as _, Type::TEXT),
            (&held.holder as _, Type::TEXT),
            (&alive as _, Type::INT8),
            (&seconds as _, Type::FLOAT8),
        ];
        if held.link.query(LOCK, &params).await?.is_empty() {
            held.not_taken();
            return Ok(None);
        }
        Ok(Some(held))
    }

    /// Runs a statement that returns a row if it finds the lock.
    async fn run(&self, sql: &str) -> Result<Vec<Row>, StoreError> {
        self.link.query(sql, &[(&self.name, Type::TEXT), (&self.holder, Type::TEXT)]).await
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
        lock_was_held(&self.held.run(PREPARE).await?)
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
        lock_was_held(&held.link.query(SAVE, &params).await?)?;
        Ok(Written::Durable)
    }

    async fn delete(&mut self) -> Result<Written, StoreError> {
        lock_was_held(&self.held.run(DELETE).await?)?;
        Ok(Written::Durable)
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.held.release().await
    }
}

/// A statement that finds the lock returns a row.
fn lock_was_held(rows: &[Row]) -> Result<(), StoreError> {
    if rows.is_empty() { Err(StoreError::lost_lease()) } else { Ok(()) }
}
