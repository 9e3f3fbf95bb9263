//! The parts that the locks of the engines share.

use std::{future::Future, ops::Deref};

use connect_core::StoreError;
use tokio::runtime::Handle;

/// Returns a random text that identifies one holder.
pub(crate) fn ticket() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    let failed = |_| StoreError::new("the system has no random numbers to identify the holder of a lock");
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A lock on an engine, known by its holder.
pub(crate) trait EngineLock: Clone + Send + Sync + 'static {
    /// Frees the lock, unless another holder has it.
    fn release(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Releases a lock when dropped. It is made before the engine is asked, because a try that failed or was cancelled may
/// have taken the lock all the same.
pub(crate) struct ReleaseOnDrop<L: EngineLock> {
    lock: L,
    is_over: bool,
}

impl<L: EngineLock> ReleaseOnDrop<L> {
    pub(crate) fn new(lock: L) -> Self {
        Self { lock, is_over: false }
    }

    /// The engine said that another holder has the lock.
    pub(crate) fn not_taken(mut self) {
        self.is_over = true;
    }

    pub(crate) async fn release(mut self) -> Result<(), StoreError> {
        let outcome = self.lock.release().await;
        self.is_over = true; // only now: a release that is cancelled is made up for
        outcome
    }
}

impl<L: EngineLock> Deref for ReleaseOnDrop<L> {
    type Target = L;

    fn deref(&self) -> &L {
        &self.lock
    }
}

impl<L: EngineLock> Drop for ReleaseOnDrop<L> {
    fn drop(&mut self) {
        if let (false, Ok(runtime)) = (self.is_over, Handle::try_current()) {
            let lock = self.lock.clone();
            runtime.spawn(async move { lock.release().await }); // outside a runtime the lease ends by itself
        }
    }
}
