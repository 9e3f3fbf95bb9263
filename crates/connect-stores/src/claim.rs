//! A claim on a delivery in an engine, from when it is taken until it is given back.

use async_trait::async_trait;
use connect_core::{StoreError, webhooks::AsyncReplayClaim};
use tokio::runtime::Handle;

/// What an engine does about a claim.
#[async_trait]
pub(crate) trait Right: Send + Sync + Sized + 'static {
    /// The delivery is handled, also when the claim is over: whoever else has it in hand by now.
    async fn done(&self) -> Result<(), StoreError>;

    /// The delivery is new again, unless the claim is over.
    async fn free(self) -> Result<(), StoreError>;
}

pub(crate) struct Held<R: Right> {
    /// Until it is given back.
    right: Option<R>,
    done: bool,
}

impl<R: Right> Held<R> {
    pub(crate) fn new(right: R) -> Box<Self> {
        Box::new(Self { right: Some(right), done: false })
    }
}

#[async_trait]
impl<R: Right> AsyncReplayClaim for Held<R> {
    async fn done(&mut self) -> Result<(), StoreError> {
        if let Some(right) = &self.right {
            right.done().await?;
        }
        self.done = true;
        Ok(())
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        match self.right.take() {
            Some(right) if !self.done => right.free().await,
            _ => Ok(()),
        }
    }
}

impl<R: Right> Drop for Held<R> {
    fn drop(&mut self) {
        if let (Some(right), false, Ok(runtime)) = (self.right.take(), self.done, Handle::try_current()) {
            runtime.spawn(right.free()); // outside a runtime the claim has to end by itself
        }
    }
}
