//! Wraps an asynchronous replay guard for callers that block.

use std::sync::Arc;

use connect_core::{
    StoreError,
    webhooks::{AsyncReplayClaim, AsyncReplayGuard, Claimed, ReplayClaim, ReplayGuard},
};
use jiff::Timestamp;

use super::{Blocking, RuntimeThread};

impl<G: AsyncReplayGuard> ReplayGuard for Blocking<G> {
    fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        let id = id.to_owned();
        let claimed = self.wait(|guard| async move { guard.claim(&id, now).await })?;
        Ok(claimed
            .map(|claim| Box::new(BlockingClaim { claim: Some(claim), thread: self.thread.clone() }) as _))
    }
}

struct BlockingClaim {
    /// `None` while an operation on the thread owns the claim, and after an unfinished operation.
    claim: Option<Box<dyn AsyncReplayClaim>>,
    thread: Arc<RuntimeThread>,
}

impl ReplayClaim for BlockingClaim {
    fn done(&mut self) -> Result<(), StoreError> {
        let Some(mut claim) = self.claim.take() else {
            return Err(StoreError::new("an earlier operation on this claim did not finish"));
        };
        let (claim, outcome) = self.thread.wait(async move {
            let outcome = claim.done().await;
            Ok((claim, outcome))
        })?;
        self.claim = Some(claim);
        outcome
    }

    fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.claim.take() {
            Some(claim) => self.thread.wait(claim.release()),
            None => Ok(()),
        }
    }
}

impl Drop for BlockingClaim {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.thread.runtime.spawn(async move { drop(claim) });
        }
    }
}
