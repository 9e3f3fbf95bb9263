//! The connection: one for everybody, made when it is needed, and made anew when it breaks.

use std::{sync::Arc, time::Duration};

use connect_core::StoreError;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, RedisError, ScriptInvocation,
    aio::MultiplexedConnection,
};
use tokio::{sync::Mutex, time::timeout};

/// How long an answer may take, and a connection.
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Link(Arc<Inner>);

struct Inner {
    client: Client,
    /// With its number, so that one breakage makes one new connection.
    connection: Mutex<(u64, Option<MultiplexedConnection>)>,
}

impl Link {
    pub(super) fn to(url: &str) -> Result<Self, StoreError> {
        // The cause may quote the password.
        let unreadable = |_| StoreError::new("the URL of the Redis server cannot be read");
        Client::open(url).map(Self::over).map_err(unreadable)
    }

    pub(super) fn over(client: Client) -> Self {
        Self(Arc::new(Inner { client, connection: Mutex::new((0, None)) }))
    }

    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let (number, mut connection) = self.connection().await.map_err(failed)?;
        let outcome = script.invoke_async(&mut connection).await;
        if let Err(error) = &outcome {
            self.broken(number, error).await;
        }
        outcome.map_err(failed)
    }

    pub(super) async fn field(&self, key: &str, field: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (number, mut connection) = self.connection().await.map_err(failed)?;
        let outcome = redis::cmd("HGET").arg(key).arg(field).query_async(&mut connection).await;
        if let Err(error) = &outcome {
            self.broken(number, error).await;
        }
        outcome.map_err(failed)
    }

    /// Who waits for another's attempt to connect waits no longer than for one of their own.
    async fn connection(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        let late = |_| Err(RedisError::from((ErrorKind::Io, "there is no connection in time")));
        timeout(PATIENCE, self.connect()).await.unwrap_or_else(late)
    }

    async fn connect(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        let mut place = self.0.connection.lock().await;
        if let (number, Some(connection)) = &*place {
            return Ok((*number, connection.clone()));
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let connection = self.0.client.get_multiplexed_async_connection_with_config(&config).await?;
        *place = (place.0 + 1, Some(connection.clone()));
        Ok((place.0, connection))
    }

    async fn broken(&self, number: u64, error: &RedisError) {
        if error.is_unrecoverable_error() || error.is_timeout() {
            let mut place = self.0.connection.lock().await;
            if place.0 == number {
                place.1 = None;
            }
        }
    }
}

fn failed(error: RedisError) -> StoreError {
    StoreError::new(format!("Redis failed: {error}"))
}
