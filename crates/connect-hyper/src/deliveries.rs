//! Receives webhook deliveries.
//!
//! Web frameworks drop a handler when the sender closes the connection. Therefore each fetch of the keys and
//! each step of a claim runs as a separate task.

use std::sync::Arc;

use connect_core::{
    Sent, TransportError, TransportErrorKind,
    webhooks::{Fetch, KEYS_TIMEOUT},
};
use tokio::sync::{Mutex, OwnedMutexGuard};

use crate::{
    Client,
    guard::ClientClaim,
    runtime::{Executor, Task},
};

connect_core::deliveries!(async);

/// The lock under which the client fetches the webhook keys.
type FetchLock = Arc<Mutex<()>>;

impl Client {
    pub(crate) fn receiver(&self) -> &Receiver {
        &self.0.receiver
    }

    /// Fetches the webhook keys. If another caller is fetching the keys, waits for that fetch first.
    ///
    /// If the wait exceeds [`KEYS_TIMEOUT`], returns without a fetch.
    async fn fetch_keys(&self, fetch: Fetch) {
        let runtime = match self.0.runtime.current() {
            Ok(runtime) => runtime,
            Err(error) => return fetch.give_up(error),
        };
        let lock = self.receiver().fetch_lock.clone();
        let Some(guard) = runtime.timeout(KEYS_TIMEOUT, lock.lock_owned()).await else { return };
        if let Some(task) = self.spawn_fetch(&runtime, fetch, guard) {
            // If the task panics, the key ring records the panic as the cause of later rejections.
            let _ = task.await;
        }
    }

    /// Fetches the keys in the background, unless another caller is fetching them.
    fn fetch_in_background(&self, fetch: Fetch) {
        let Ok(runtime) = self.0.runtime.current() else { return };
        if let Ok(guard) = self.receiver().fetch_lock.clone().try_lock_owned() {
            drop(self.spawn_fetch(&runtime, fetch, guard));
        }
    }

    /// Spawns the fetch with a timeout.
    ///
    /// Without the timeout, a transport that hangs would block the callers that wait for the fetch lock.
    fn spawn_fetch(&self, runtime: &Executor, fetch: Fetch, guard: OwnedMutexGuard<()>) -> Option<Task<()>> {
        let (request, next) = fetch.start(self.now())?;
        let client = self.clone();
        let timer = runtime.clone();
        Some(runtime.spawn(async move {
            let _guard = guard;
            let response = timer.timeout(KEYS_TIMEOUT, client.0.transport.send(request)).await;
            let late =
                || TransportError::new(TransportErrorKind::Timeout, Sent::Maybe, "no response in time");
            let response = response.unwrap_or_else(|| Err(late()));
            next.resume(response, client.now());
        }))
    }
}
