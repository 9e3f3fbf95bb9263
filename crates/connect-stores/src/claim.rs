//! A claim on a webhook delivery in a database: the code that PostgreSQL and Redis share.

use async_trait::async_trait;
use connect_core::{StoreError, webhooks::AsyncReplayClaim};
use tokio::runtime::Handle;

/// A claim in one database, and the writes that end the claim.
#[async_trait]
pub(crate) trait EngineClaim: Send + Sync + Sized + 'static {
    /// Marks the delivery as handled, even if the claim has expired or another handler has a newer claim.
    async fn done(&self) -> Result<(), StoreError>;

    /// Makes the delivery available again, unless it was handled or a newer claim replaced this claim.
    async fn free(self) -> Result<(), StoreError>;
}

pub(crate) struct HeldClaim<R: EngineClaim> {
    /// `None` after the claim was released, so that `drop` does not release the claim again.
    claim: Option<R>,
    done: bool,
}

impl<R: EngineClaim> HeldClaim<R> {
    pub(crate) fn new(claim: R) -> Box<Self> {
        Box::new(Self { claim: Some(claim), done: false })
    }
}

#[async_trait]
impl<R: EngineClaim> AsyncReplayClaim for HeldClaim<R> {
    async fn done(&mut self) -> Result<(), StoreError> {
        if let Some(claim) = &self.claim {
            claim.done().await?;
        }
        self.done = true;
        Ok(())
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.claim.take() {
            Some(claim) if !self.done => claim.free().await,
            _ => Ok(()),
        }
    }
}

impl<R: EngineClaim> Drop for HeldClaim<R> {
    fn drop(&mut self) {
        if let (Some(claim), false, Ok(runtime)) = (self.claim.take(), self.done, Handle::try_current()) {
            runtime.spawn(claim.free()); // without a runtime, the claim expires by itself
        }
    }
}
