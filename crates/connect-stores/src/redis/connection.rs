//! The connection that all users of a store share. A store connects on first use, and again after a failure.

use std::{sync::Arc, time::Duration};

use connect_core::StoreError;
use redis::{
    AsyncConnectionConfig, Client, ErrorKind, FromRedisValue, RedisError, ScriptInvocation,
    aio::MultiplexedConnection,
};
use tokio::{sync::Mutex, time::timeout};

/// The timeout of a response, and the timeout of an attempt to connect.
const TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct RedisConnection(Arc<RedisConnectionInner>);

struct RedisConnectionInner {
    client: Client,
    /// The connection and its serial number. After a failure, a caller discards only the connection it used.
    connection: Mutex<(u64, Option<MultiplexedConnection>)>,
}

impl RedisConnection {
    pub(super) fn from_url(url: &str) -> Result<Self, StoreError> {
        // The cause is not attached, because it may quote the password.
        let unreadable = |_| {
            StoreError::new(
                "the Redis URL is not valid (expected a URL such as redis://user:password@host/number)",
            )
        };
        Client::open(url).map(Self::with_client).map_err(unreadable)
    }

    pub(super) fn with_client(client: Client) -> Self {
        Self(Arc::new(RedisConnectionInner { client, connection: Mutex::new((0, None)) }))
    }

    pub(super) async fn run<T: FromRedisValue>(
        &self,
        script: &ScriptInvocation<'_>,
    ) -> Result<T, StoreError> {
        let (number, mut connection) = self.connection().await.map_err(failed)?;
        let outcome = script.invoke_async(&mut connection).await;
        if let Err(error) = &outcome {
            self.discard_if_broken(number, error).await;
        }
        outcome.map_err(failed)
    }

    pub(super) async fn hash_field(&self, key: &str, field: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (number, mut connection) = self.connection().await.map_err(failed)?;
        let outcome = redis::cmd("HGET").arg(key).arg(field).query_async(&mut connection).await;
        if let Err(error) = &outcome {
            self.discard_if_broken(number, error).await;
        }
        outcome.map_err(failed)
    }

    /// Returns the connection, and opens it first if needed. The timeout includes the wait for another task
    /// that is opening the connection.
    async fn connection(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        let late = |_| Err(RedisError::from((ErrorKind::Io, "could not connect within 10 s")));
        timeout(TIMEOUT, self.connect()).await.unwrap_or_else(late)
    }

    async fn connect(&self) -> Result<(u64, MultiplexedConnection), RedisError> {
        let mut slot = self.0.connection.lock().await;
        if let (number, Some(connection)) = &*slot {
            return Ok((*number, connection.clone()));
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(TIMEOUT))
            .set_response_timeout(Some(TIMEOUT));
        let connection = self.0.client.get_multiplexed_async_connection_with_config(&config).await?;
        *slot = (slot.0 + 1, Some(connection.clone()));
        Ok((slot.0, connection))
    }

    async fn discard_if_broken(&self, number: u64, error: &RedisError) {
        if error.is_unrecoverable_error() || error.is_timeout() {
            let mut slot = self.0.connection.lock().await;
            if slot.0 == number {
                slot.1 = None;
            }
        }
    }
}

fn failed(error: RedisError) -> StoreError {
    StoreError::new(format!("Redis failed: {error}"))
}
