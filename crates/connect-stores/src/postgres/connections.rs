//! The connection pool, and the session whose advisory lock shows that this process is alive.

use std::{sync::Arc, time::Duration};

use connect_core::StoreError;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::{sync::Mutex, time::timeout};
use tokio_postgres::{
    Config, NoTls, Row,
    types::{ToSql, Type},
};

use super::MIGRATIONS;

/// The timeout of a statement, and the timeout of an attempt to connect.
const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_CONNECTIONS: usize = 4;

#[derive(Clone)]
pub(super) struct PostgresConnections(Arc<PostgresConnectionsInner>);

struct PostgresConnectionsInner {
    pool: Pool,
    alive: Mutex<Option<LivenessSession>>,
}

/// A PostgreSQL session that holds an advisory lock. The server frees the lock when the session ends.
struct LivenessSession {
    session: deadpool_postgres::ClientWrapper,
    id: i64,
}

pub(super) type Params<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

impl PostgresConnections {
    /// Creates a pool of connections without TLS. The pool connects on first use.
    pub(super) fn from_url(url: &str) -> Result<Self, StoreError> {
        // The cause is not attached, because it may quote the password.
        let unreadable = |_| {
            StoreError::new(
                "the PostgreSQL URL is not valid (expected a URL such as postgres://user:password@host/database)",
            )
        };
        let mut config: Config = url.parse().map_err(unreadable)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(TIMEOUT);
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(MAX_CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(TIMEOUT))
            .build()
            .map_err(|error| {
                StoreError::new(format!("cannot create the PostgreSQL connection pool: {error}"))
            })?;
        Ok(Self::with_pool(pool))
    }

    pub(super) fn with_pool(pool: Pool) -> Self {
        Self(Arc::new(PostgresConnectionsInner { pool, alive: Mutex::new(None) }))
    }

    /// Executes one statement. A write is committed when this method returns.
    pub(super) async fn query(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        let connection = self.connection().await?;
        match timeout(TIMEOUT, connection.query_typed(sql, params)).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => {
                if error.as_db_error().is_none() {
                    drop(Object::take(connection)); // the connection may be in any state
                }
                Err(failed(&error))
            }
            Err(_) => {
                drop(Object::take(connection));
                Err(StoreError::new(
                    "PostgreSQL did not respond within 30 s; a write may or may not have happened",
                ))
            }
        }
    }

    /// Returns the id of this process's advisory lock, and takes the lock first if needed.
    ///
    /// The timeout includes the wait for another task that is taking the lock.
    pub(super) async fn liveness_lock(&self) -> Result<i64, StoreError> {
        let late = |_| Err(StoreError::new("could not connect to PostgreSQL within 30 s"));
        timeout(TIMEOUT, self.take_liveness_lock()).await.unwrap_or_else(late)
    }

    async fn take_liveness_lock(&self) -> Result<i64, StoreError> {
        let mut alive = self.0.alive.lock().await;
        if let Some(alive) = alive.as_ref().filter(|alive| !alive.session.is_closed()) {
            return Ok(alive.id);
        }
        let session = Object::take(self.connection().await?);
        let id = getrandom::u64()
            .map_err(|_| StoreError::new("the system returned no random numbers for an advisory lock"))?;
        let id = i64::from_ne_bytes(id.to_ne_bytes());
        // This session is always idle, so the server must not end it because of idleness.
        let sql = "SELECT pg_try_advisory_lock($1), \
                   CASE WHEN current_setting('idle_session_timeout', true) IS NOT NULL \
                   THEN set_config('idle_session_timeout', '0', false) END";
        let taken = timeout(TIMEOUT, session.query_typed(sql, &[(&id, Type::INT8)])).await;
        let taken = taken.map_err(|_| StoreError::new("PostgreSQL did not respond within 30 s"))?;
        let taken = taken.map_err(|error| failed(&error))?;
        if !taken.first().is_some_and(|row| row.get(0)) {
            return Err(StoreError::new(
                "another PostgreSQL session already has the advisory lock with the random id of this process",
            ));
        }
        *alive = Some(LivenessSession { session, id });
        Ok(id)
    }

    /// Creates the tables. Several processes may call this method concurrently.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7310582243906212457);";
        let connection = self.connection().await?;
        let script = format!("BEGIN; {ONE_AT_A_TIME} {} COMMIT;", MIGRATIONS.concat());
        let outcome = connection.batch_execute(&script).await;
        if outcome.is_err() {
            drop(Object::take(connection)); // the transaction of the script may still be open
        }
        outcome.map_err(|error| failed(&error))
    }

    async fn connection(&self) -> Result<Object, StoreError> {
        let connection = timeout(TIMEOUT, self.0.pool.get()).await;
        let connection =
            connection.map_err(|_| StoreError::new("could not connect to PostgreSQL within 30 s"))?;
        connection.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => failed(&error),
            other => StoreError::new(format!("could not connect to PostgreSQL: {other}")),
        })
    }
}

/// Converts an error without attaching its source, because the server's error detail may quote a row.
fn failed(error: &tokio_postgres::Error) -> StoreError {
    let text = match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(error), _) => format!("{} ({})", error.message(), error.code().code()),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    };
    StoreError::new(format!("PostgreSQL failed: {text}"))
}
