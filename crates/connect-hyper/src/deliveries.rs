//! Taking deliveries of changes. What must come to its end although a caller goes away runs on tasks of its own: a web
//! framework drops its handler when the sender hangs up.

use std::sync::Arc;

use connect_core::{
    Sent, TransportError, TransportErrorKind,
    webhooks::{Fetch, KEYS_TIMEOUT},
};
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard},
    task::JoinHandle,
    time::timeout,
};

use crate::{Client, client::runtime, guard::ClientClaim};

connect_core::deliveries!(async);

/// Where the fetches of the keys queue, one at a time.
type FetchGate = Arc<Mutex<()>>;

impl Client {
    pub(crate) fn receiver(&self) -> &Receiver {
        &self.0.receiver
    }

    /// Fetches the keys; who waits for the fetch of another waits no longer than one takes.
    async fn fetch_keys(&self, fetch: Fetch) {
        let runtime = match runtime() {
            Ok(runtime) => runtime,
            Err(error) => return fetch.give_up(error),
        };
        let gate = self.receiver().gate.clone();
        let Ok(pass) = timeout(KEYS_TIMEOUT, gate.lock_owned()).await else { return };
        if let Some(task) = self.spawn_fetch(&runtime, fetch, pass) {
            // A panic is noted by the ring, as the cause of what is rejected for it.
            let _ = task.await;
        }
    }

    /// Fetches the keys, and nobody waits. Where another is at it, there is nothing to do.
    fn fetch_in_background(&self, fetch: Fetch) {
        let Ok(runtime) = runtime() else { return };
        if let Ok(pass) = self.receiver().gate.clone().try_lock_owned() {
            drop(self.spawn_fetch(&runtime, fetch, pass));
        }
    }

    /// The transport is not trusted to keep to the time it is given: the others wait at the gate.
    fn spawn_fetch(
        &self,
        runtime: &Handle,
        fetch: Fetch,
        pass: OwnedMutexGuard<()>,
    ) -> Option<JoinHandle<()>> {
        let (request, next) = fetch.start(self.now())?;
        let client = self.clone();
        let late = |late| Err(TransportError::new(TransportErrorKind::Timeout, Sent::Maybe, late));
        Some(runtime.spawn(async move {
            let _pass = pass;
            let answer = timeout(KEYS_TIMEOUT, client.0.transport.send(request)).await.unwrap_or_else(late);
            next.resume(answer, client.now());
        }))
    }
}
