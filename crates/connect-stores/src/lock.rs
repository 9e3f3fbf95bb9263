//! The parts that the PostgreSQL lock and the Redis lock share.

use std::{future::Future, ops::Deref};

use connect_core::StoreError;
use tokio::runtime::Handle;

/// Returns 32 random hexadecimal digits that identify the holder of one lock or claim.
pub(crate) fn random_holder() -> Result<String, StoreError> {
    let mut bytes = [0; 16];
    let failed =
        |_| StoreError::new("the system returned no random numbers to identify the holder of a lock");
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// A lock in a database, identified by its holder.
pub(crate) trait EngineLock: Clone + Send + Sync + 'static {
    /// Releases the lock, unless another holder has it.
    fn release(&self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// Releases a lock when dropped.
///
/// Create the value before the attempt to take the lock, because a failed or cancelled attempt may have taken
/// the lock.
pub(crate) struct ReleaseOnDrop<L: EngineLock> {
    lock: L,
    is_over: bool,
}

impl<L: EngineLock> ReleaseOnDrop<L> {
    pub(crate) fn new(lock: L) -> Self {
        Self { lock, is_over: false }
    }

    /// Drops this value without a release, because another holder has the lock.
    pub(crate) fn not_taken(mut self) {
        self.is_over = true;
    }

    pub(crate) async fn release(mut self) -> Result<(), StoreError> {
        let outcome = self.lock.release().await;
        self.is_over = true; // set after the await, so that `drop` repeats a cancelled release
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
            runtime.spawn(async move { lock.release().await }); // without a runtime, the lease expires by itself
        }
    }
}
