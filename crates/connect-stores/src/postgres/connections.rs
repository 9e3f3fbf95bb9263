//! The connections, and the session that says that this process is alive.

use std::{sync::Arc, time::Duration};

use connect_core::StoreError;
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use tokio::{sync::Mutex, time::timeout};
use tokio_postgres::{
    Config, NoTls, Row,
    types::{ToSql, Type},
};

use super::MIGRATIONS;

/// How long a statement may take, and how long one may wait for its connection.
const PATIENCE: Duration = Duration::from_secs(30);
const CONNECTIONS: usize = 4;

#[derive(Clone)]
pub(super) struct Link(Arc<Inner>);

struct Inner {
    pool: Pool,
    alive: Mutex<Option<Alive>>,
}

/// An advisory lock that the server keeps for as long as this session lasts.
struct Alive {
    session: deadpool_postgres::ClientWrapper,
    id: i64,
}

pub(super) type Params<'a> = &'a [(&'a (dyn ToSql + Sync), Type)];

impl Link {
    /// Connections without TLS to where the URL says; the first one is made when it is needed.
    pub(super) fn to(url: &str) -> Result<Self, StoreError> {
        // The cause may quote the password.
        let unreadable = |_| StoreError::new("the URL of the PostgreSQL database cannot be read");
        let mut config: Config = url.parse().map_err(unreadable)?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(PATIENCE);
        }
        let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let pool = Pool::builder(Manager::from_config(config, NoTls, recycling))
            .max_size(CONNECTIONS)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(PATIENCE))
            .build()
            .map_err(|error| StoreError::new(format!("PostgreSQL cannot be used: {error}")))?;
        Ok(Self::over(pool))
    }

    pub(super) fn over(pool: Pool) -> Self {
        Self(Arc::new(Inner { pool, alive: Mutex::new(None) }))
    }

    /// Carries out one statement, and returns when the server has: for a write, when it is committed.
    pub(super) async fn query(&self, sql: &str, params: Params<'_>) -> Result<Vec<Row>, StoreError> {
        let connection = self.connection().await?;
        match timeout(PATIENCE, connection.query_typed(sql, params)).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => {
                if error.as_db_error().is_none() {
                    drop(Object::take(connection)); // what it will say next is not known
                }
                Err(failed(&error))
            }
            Err(_) => {
                drop(Object::take(connection));
                Err(StoreError::new(
                    "PostgreSQL takes too long; what was to be written may be written or not",
                ))
            }
        }
    }

    /// The advisory lock of this process. Who waits for another's attempt to take it waits no longer than for one of
    /// their own.
    pub(super) async fn alive(&self) -> Result<i64, StoreError> {
        let late = |_| Err(StoreError::new("there is no connection to PostgreSQL in time"));
        timeout(PATIENCE, self.take_alive()).await.unwrap_or_else(late)
    }

    async fn take_alive(&self) -> Result<i64, StoreError> {
        let mut alive = self.0.alive.lock().await;
        if let Some(alive) = alive.as_ref().filter(|alive| !alive.session.is_closed()) {
            return Ok(alive.id);
        }
        let session = Object::take(self.connection().await?);
        let id = getrandom::u64().map_err(|_| StoreError::new("the system has no random numbers"))?;
        let id = i64::from_ne_bytes(id.to_ne_bytes());
        // It is meant to be idle: a server that ends such sessions is told to spare this one.
        let sql = "SELECT pg_try_advisory_lock($1), \
                   CASE WHEN current_setting('idle_session_timeout', true) IS NOT NULL \
                   THEN set_config('idle_session_timeout', '0', false) END";
        let taken = timeout(PATIENCE, session.query_typed(sql, &[(&id, Type::INT8)])).await;
        let taken = taken.map_err(|_| StoreError::new("PostgreSQL takes too long"))?;
        let taken = taken.map_err(|error| failed(&error))?;
        if !taken.first().is_some_and(|row| row.get(0)) {
            return Err(StoreError::new("somebody has this process's advisory lock in PostgreSQL"));
        }
        *alive = Some(Alive { session, id });
        Ok(id)
    }

    /// Makes the tables. Several processes may do so at once.
    pub(super) async fn migrate(&self) -> Result<(), StoreError> {
        const ONE_AT_A_TIME: &str = "SELECT pg_advisory_xact_lock(7310582243906212457);";
        let connection = self.connection().await?;
        let script = format!("BEGIN; {ONE_AT_A_TIME} {} COMMIT;", MIGRATIONS.concat());
        let outcome = connection.batch_execute(&script).await;
        if outcome.is_err() {
            drop(Object::take(connection)); // its transaction is still open
        }
        outcome.map_err(|error| failed(&error))
    }

    async fn connection(&self) -> Result<Object, StoreError> {
        let connection = timeout(PATIENCE, self.0.pool.get()).await;
        let connection =
            connection.map_err(|_| StoreError::new("there is no connection to PostgreSQL in time"))?;
        connection.map_err(|error| match error {
            deadpool_postgres::PoolError::Backend(error) => failed(&error),
            other => StoreError::new(format!("there is no connection to PostgreSQL: {other}")),
        })
    }
}

/// The cause itself stays here: the detail of an error of the server may quote a row.
fn failed(error: &tokio_postgres::Error) -> StoreError {
    let text = match (error.as_db_error(), std::error::Error::source(error)) {
        (Some(error), _) => format!("{} ({})", error.message(), error.code().code()),
        (None, Some(cause)) => format!("{error}: {cause}"),
        (None, None) => error.to_string(),
    };
    StoreError::new(format!("PostgreSQL failed: {text}"))
}
