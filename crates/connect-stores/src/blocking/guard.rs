//! An asynchronous guard against replays as a blocking one.

use std::sync::Arc;

use connect_core::{
    StoreError,
    webhooks::{AsyncReplayClaim, AsyncReplayGuard, Claimed, ReplayClaim, ReplayGuard},
};
use jiff::Timestamp;

use super::{Blocking, Home};

impl<G: AsyncReplayGuard> ReplayGuard for Blocking<G> {
    fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        let id = id.to_owned();
        let claimed = self.wait(|guard| async move { guard.claim(&id, now).await })?;
        Ok(claimed.map(|claim| Box::new(BlockingClaim { claim: Some(claim), home: self.home.clone() }) as _))
    }
}

/// The claim while it is here; on its thread while it works.
struct BlockingClaim {
    claim: Option<Box<dyn AsyncReplayClaim>>,
    home: Arc<Home>,
}

impl ReplayClaim for BlockingClaim {
    fn done(&mut self) -> Result<(), StoreError> {
        let Some(mut claim) = self.claim.take() else {
            return Err(StoreError::new("the guard's work on this claim was ended"));
        };
        let (claim, outcome) = self.home.wait(async move {
            let outcome = claim.done().await;
            Ok((claim, outcome))
        })?;
        self.claim = Some(claim);
        outcome
    }

    fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.claim.take() {
            Some(claim) => self.home.wait(claim.release()),
            None => Ok(()),
        }
    }
}

impl Drop for BlockingClaim {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.home.runtime.spawn(async move { drop(claim) });
        }
    }
}
