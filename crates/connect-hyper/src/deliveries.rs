//! Taking deliveries of changes.

use std::sync::Arc;

use connect_core::webhooks::{Fetch, KEYS_TIMEOUT};
use tokio::{sync::Mutex, time::timeout};

use crate::{Client, client::runtime};

connect_core::deliveries!(async);

/// Where the fetches of the keys queue, one at a time.
type FetchGate = Arc<Mutex<()>>;

impl Client {
    pub(crate) fn receiver(&self) -> &Receiver {
        &self.0.receiver
    }

    /// Fetches the keys, on a task of its own: a web framework drops its handler when the sender hangs up, and the
    /// next delivery would start from the beginning.
    async fn fetch_keys(&self, fetch: Fetch) {
        let Ok(runtime) = runtime() else { return };
        let client = self.clone();
        let fetched = runtime.spawn(async move {
            let _pass = client.receiver().gate.lock().await;
            if let Some((request, next)) = fetch.start(client.now()) {
                let answer = client.0.transport.send(request).await;
                next.resume(answer, client.now());
            }
        });
        // Who waits for the fetch of another waits no longer than one takes.
        let _ = timeout(KEYS_TIMEOUT, fetched).await;
    }
}
