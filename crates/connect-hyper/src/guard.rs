//! Claims of deliveries, and an adapter that runs a blocking replay guard on threads for blocking work.
//!
//! Each step of a claim runs as a separate task, which finishes even if the caller is cancelled.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use connect_core::{
    StoreError,
    webhooks::{AsyncReplayClaim, AsyncReplayGuard, Claimed, ReplayClaim, ReplayGuard},
};
use jiff::Timestamp;

use crate::{
    Client,
    client::TaskGuard,
    runtime::{BoxFuture, Executor, TaskEnded},
};

/// The maximum number of calls of `done` for one claim. `done` is called again only after an error.
const DONE_ATTEMPTS: u32 = 3;
/// The pause between two calls of `done`.
const DONE_RETRY_PAUSE: Duration = Duration::from_millis(100);

/// A claim of a delivery, made with the client's guard. Dropping the claim releases the delivery.
pub(crate) struct ClientClaim {
    claim: Option<Box<dyn AsyncReplayClaim>>,
    client: Client,
    runtime: Executor,
}

impl ClientClaim {
    pub(crate) async fn claim(client: &Client, id: &str) -> Result<Claimed<Self>, StoreError> {
        let runtime = client.0.runtime.current().map_err(|error| {
            StoreError::new("the delivery cannot be claimed outside a tokio runtime").with_source(error)
        })?;
        let (client, id, on) = (client.clone(), id.to_owned(), runtime.clone());
        let task = runtime.spawn(async move {
            let claimed = client.receiver().guard.claim(&id, client.now().wall).await?;
            Ok(claimed.map(|claim| Box::new(Self { claim: Some(claim), client, runtime: on })))
        });
        task.await.unwrap_or_else(|error| Err(ended(error)))
    }

    pub(crate) async fn done(mut self) -> Result<(), StoreError> {
        let Some(mut claim) = self.claim.take() else { return Ok(()) };
        let running = TaskGuard::new(self.client.clone());
        let runtime = self.runtime.clone();
        let task = self.runtime.spawn(async move {
            let _running = running;
            for _ in 1..DONE_ATTEMPTS {
                if claim.done().await.is_ok() {
                    return Ok(());
                }
                runtime.sleep(DONE_RETRY_PAUSE).await;
            }
            let outcome = claim.done().await;
            if outcome.is_err() {
                let _ = claim.release().await; // the error of `done` is returned
            }
            outcome
        });
        task.await.unwrap_or_else(|error| Err(ended(error)))
    }

    pub(crate) async fn release(mut self) -> Result<(), StoreError> {
        let Some(claim) = self.claim.take() else { return Ok(()) };
        let running = TaskGuard::new(self.client.clone());
        let task = self.runtime.spawn(async move {
            let _running = running;
            claim.release().await
        });
        task.await.unwrap_or_else(|error| Err(ended(error)))
    }
}

impl Drop for ClientClaim {
    fn drop(&mut self) {
        let Some(claim) = self.claim.take() else { return };
        let running = TaskGuard::new(self.client.clone());
        let mut release: BoxFuture = Box::pin(async move {
            let _running = running;
            let _ = claim.release().await; // if the release fails, the claim ends with its lease
        });
        // A guard in memory finishes the release in the first poll, so the next caller can claim the
        // delivery.
        if self.runtime.poll_once(&mut release).is_pending() {
            // A runtime that has shut down drops the future and the claim inside it.
            drop(self.runtime.spawn(release));
        }
    }
}

fn ended(error: TaskEnded) -> StoreError {
    StoreError::new("the task of the replay guard panicked or was cancelled").with_source(error)
}

/// Runs a blocking replay guard on threads for blocking work.
pub(crate) struct PooledReplayGuard {
    pub(crate) guard: Arc<dyn ReplayGuard>,
    pub(crate) runtime: Executor,
}

#[async_trait]
impl AsyncReplayGuard for PooledReplayGuard {
    async fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError> {
        let (guard, id, runtime) = (self.guard.clone(), id.to_owned(), self.runtime.clone());
        let claimed = runtime.spawn_blocking(move || guard.claim(&id, now)).await.map_err(ended)??;
        Ok(claimed.map(|claim| Box::new(PooledClaim { claim: Some(claim), runtime }) as _))
    }
}

/// A claim of a blocking guard; `claim` is `None` while a blocking thread uses it.
struct PooledClaim {
    claim: Option<Box<dyn ReplayClaim>>,
    runtime: Executor,
}

#[async_trait]
impl AsyncReplayClaim for PooledClaim {
    async fn done(&mut self) -> Result<(), StoreError> {
        let Some(mut claim) = self.claim.take() else {
            return Err(StoreError::new("the claim was lost when the replay guard panicked"));
        };
        let work = move || {
            let outcome = claim.done();
            (claim, outcome)
        };
        let (claim, outcome) = self.runtime.spawn_blocking(work).await.map_err(ended)?;
        self.claim = Some(claim);
        outcome
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.claim.take() {
            Some(claim) => self.runtime.spawn_blocking(move || claim.release()).await.map_err(ended)?,
            None => Ok(()),
        }
    }
}

impl Drop for PooledClaim {
    fn drop(&mut self) {
        let Some(claim) = self.claim.take() else { return };
        match self.runtime.current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(claim))),
            Err(_) => drop(claim),
        }
    }
}
