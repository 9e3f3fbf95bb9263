//! Claims on deliveries, held by a client; and a blocking guard on tokio's blocking pool.
//!
//! Each step of a claim runs on a task of its own. A caller that goes away leaves no claim that nobody holds, since that
//! is released; and what it called handled is marked as such.

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
    client::{Busy, runtime},
};

/// How often `done` is tried, and the pause between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

/// A claim and where its tasks run.
pub(crate) struct ClientClaim {
    claim: Option<Box<dyn AsyncReplayClaim>>,
    client: Client,
    runtime: Handle,
}

impl ClientClaim {
    pub(crate) async fn claim(client: &Client, id: &str) -> Result<Claimed<Self>, StoreError> {
        let runtime =
            runtime().map_err(|error| StoreError::new("nothing can be claimed").with_source(error))?;
        let (client, id, on) = (client.clone(), id.to_owned(), runtime.clone());
        let task = runtime.spawn(async move {
            let claimed = client.receiver().guard.claim(&id, client.now().wall).await?;
            Ok(claimed.map(|claim| Box::new(Self { claim: Some(claim), client, runtime: on })))
        });
        task.await.unwrap_or_else(|error| Err(ended(error)))
    }

    pub(crate) async fn done(mut self) -> Result<(), StoreError> {
        let Some(mut claim) = self.claim.take() else { return Ok(()) };
        let busy = Busy::new(self.client.clone());
        let task = self.runtime.spawn(async move {
            let _busy = busy;
            for _ in 1..TRIES {
                if claim.done().await.is_ok() {
                    return Ok(());
                }
                sleep(PAUSE).await;
            }
            let outcome = claim.done().await;
            if outcome.is_err() {
                let _ = claim.release().await; // the first error says more
            }
            outcome
        });
        task.await.unwrap_or_else(|error| Err(ended(error)))
    }

    pub(crate) async fn release(mut self) -> Result<(), StoreError> {
        let Some(claim) = self.claim.take() else { return Ok(()) };
        let busy = Busy::new(self.client.clone());
        let task = self.runtime.spawn(async move {
            let _busy = busy;
            claim.release().await
        });
        task.await.unwrap_or_else(|error| Err(ended(error)))
    }
}

impl Drop for ClientClaim {
    fn drop(&mut self) {
        let Some(claim) = self.claim.take() else { return };
        let busy = Busy::new(self.client.clone());
        let mut release = Box::pin(async move {
            let _busy = busy;
            let _ = claim.release().await; // else its lease ends
        });
        // A guard in memory is done at once, so that who claims next finds the delivery free.
        let _inside = self.runtime.enter();
        if release.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending() {
            // A runtime that has ended drops the claim instead.
            self.runtime.spawn(release);
        }
    }
}

fn ended(error: JoinError) -> StoreError {
    StoreError::new("the replay guard's work was ended").with_source(error)
}

/// A blocking guard, used on the blocking pool.
pub(crate) struct OnPool(Arc<dyn ReplayGuard>);

impl OnPool {
    pub(crate) fn new(guard: impl ReplayGuard) -> Self {
        Self(Arc::new(guard))
    }
}

#[async_trait]
impl AsyncReplayGuard for OnPool {
    async fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError> {
        let (guard, id) = (self.0.clone(), id.to_owned());
        let claimed = spawn_blocking(move || guard.claim(&id, now)).await.map_err(ended)??;
        Ok(claimed.map(|claim| Box::new(PoolClaim(Some(claim))) as _))
    }
}

/// The claim while it is here; on the pool while it works.
struct PoolClaim(Option<Box<dyn ReplayClaim>>);

#[async_trait]
impl AsyncReplayClaim for PoolClaim {
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

impl Drop for PoolClaim {
    fn drop(&mut self) {
        let Some(claim) = self.0.take() else { return };
        match Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || drop(claim))),
            Err(_) => drop(claim),
        }
    }
}
