//! Taking deliveries of changes.

use connect_core::webhooks::{Fetch, KEYS_TIMEOUT};

use crate::{Client, gate::Gate};

connect_core::deliveries!(blocking);

/// Where the fetches of the keys queue, one at a time.
type FetchGate = Gate;

impl Client {
    pub(crate) fn receiver(&self) -> &Receiver {
        &self.0.receiver
    }

    /// Fetches the keys; who waits for the fetch of another waits no longer than one takes.
    fn fetch_keys(&self, fetch: Fetch) {
        let Some(_pass) = self.receiver().gate.enter(KEYS_TIMEOUT) else { return };
        if let Some((request, next)) = fetch.start(self.now()) {
            let answer = self.0.transport.send(request);
            next.resume(answer, self.now());
        }
    }
}
