//! Claims of deliveries, and an adapter that runs a blocking replay guard on tokio's blocking pool.
//!
//! Each step of a claim runs as a separate task, which finishes even if the caller is cancelled.

use std::{
    future::Future,
    sync::Arc,
    task::{Context, Waker},
    time::Duration,
};

use async_trait::async_trait;
use connect_core::{
    StoreError,
    webhooks::{AsyncReplayClaim, AsyncReplayGuard, Claimed, ReplayClaim, ReplayGuard},
};
use jiff::Timestamp;
use tokio::{
    runtime::Handle,
    task::{JoinError, spawn_blocking},
    time::sleep,
};

use crate::{
    Client,
    client::{TaskGuard, runtime},
};

/// The maximum number of calls of `done` for one claim. `done` is called again only after an error.
const DONE_ATTEMPTS: u32 = 3;
/// The pause between two calls of `done`.
const DONE_RETRY_PAUSE: Duration = Duration::from_millis(100);

/// A claim of a delivery, made with the client's guard. Dropping the claim releases the delivery.
pub(crate) struct ClientClaim {
    claim: Option<Box<dyn AsyncReplayClaim>>,
    client: Client,
    runtime: Handle,
}

impl ClientClaim {
    pub(crate) async fn claim(client: &Client, id: &str) -> Result<Claimed<Self>, StoreError> {
        let runtime = runtime().map_err(|error| {
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
        let task = self.runtime.spawn(async move {
            let _running = running;
            for _ in 1..DONE_ATTEMPTS {
                if claim.done().await.is_ok() {
                    return Ok(());
                }
                sleep(DONE_RETRY_PAUSE).await;
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
        let mut release = Box::pin(async move {
            let _running = running;
            let _ = claim.release().await; // if the release fails, the claim ends with its lease
        });
        // A guard in memory finishes the release in the first poll, so the next caller can claim the
        // delivery.
        let _inside = self.runtime.enter();
        if release.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            // A runtime that has shut down drops the future and the claim inside it.
            self.runtime.spawn(release);
        }
    }
}

fn ended(error: JoinError) -> StoreError {
    StoreError::new("the task of the replay guard panicked or was cancelled").with_source(error)
}

/// Runs a blocking replay guard on tokio's blocking pool.
pub(crate) struct PooledReplayGuard(Arc<dyn ReplayGuard>);

impl PooledReplayGuard {
    pub(crate) fn new(guard: impl ReplayGuard) -> Self {
        Self(Arc::new(guard))
    }
}

#[async_trait]
impl AsyncReplayGuard for PooledReplayGuard {
    async fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError> {
        let (guard, id) = (self.0.clone(), id.to_owned());
        let claimed = spawn_blocking(move || guard.claim(&id, now)).await.map_err(ended)??;
        Ok(claimed.map(|claim| Box::new(PooledClaim(Some(claim))) as _))
    }
}

/// A claim of a blocking guard; `None` while a blocking thread uses it.
struct PooledClaim(Option<Box<dyn ReplayClaim>>);

#[async_trait]
impl AsyncReplayClaim for PooledClaim {
    async fn done(&mut self) -> Result<(), StoreError> {
        let Some(mut claim) = self.0.take() else {
            return Err(StoreError::new("the claim was lost when the replay guard panicked"));
        };
        let work = move || {
            let outcome = claim.done();
            (claim, outcome)
        };
        let (claim, outcome) = spawn_blocking(work).await.map_err(ended)?;
        self.0 = Some(claim);
        outcome
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.0.take() {
            Some(claim) => spawn_blocking(move || claim.release()).await.map_err(ended)?,
            None => Ok(()),
        }
    }
}

impl Drop for PooledClaim {
    fn drop(&mut self) {
        let Some(claim) = self.0.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(claim))),
            Err(_) => drop(claim),
        }
    }
}
