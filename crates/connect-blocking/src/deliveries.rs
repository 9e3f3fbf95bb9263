//! Receives webhook deliveries.

use std::{thread, time::Duration};

use connect_core::{
    StoreError,
    webhooks::{Fetch, KEYS_TIMEOUT, ReplayClaim},
};

use crate::{Client, sync::TimedLock};

connect_core::deliveries!(blocking);

/// The lock under which the client fetches the webhook keys.
type FetchLock = TimedLock;

/// The maximum number of calls of `done` for one claim. `done` is called again only after an error.
const DONE_ATTEMPTS: u32 = 3;
/// The pause between two calls of `done`.
const DONE_RETRY_PAUSE: Duration = Duration::from_millis(100);

impl Client {
    pub(crate) fn receiver(&self) -> &Receiver {
        &self.0.receiver
    }

    /// Fetches the webhook keys. If another caller is fetching the keys, `fetch_keys` waits first.
    ///
    /// If the transport of the other caller hangs, that caller never releases the fetch lock. So this caller
    /// goes on without the lock after [`KEYS_TIMEOUT`], and the key ring decides whether another fetch may
    /// start.
    fn fetch_keys(&self, fetch: Fetch) {
        self.fetch_within(KEYS_TIMEOUT, fetch);
    }

    /// Fetches the keys on a separate thread, unless another caller is fetching them. If no thread can be
    /// started, the next delivery requests the fetch again.
    fn fetch_in_background(&self, fetch: Fetch) {
        let client = self.clone();
        let work = move || client.fetch_within(Duration::ZERO, fetch);
        drop(thread::Builder::new().name("webhook-keys".to_owned()).spawn(work));
    }

    fn fetch_within(&self, max_wait: Duration, fetch: Fetch) {
        let _guard = self.receiver().fetch_lock.lock_within(max_wait);
        if let Some((request, next)) = fetch.start(self.now()) {
            let response = self.0.transport.send(request);
            next.resume(response, self.now());
        }
    }
}

/// A claim of a delivery, made with the client's guard.
struct ClientClaim(Box<dyn ReplayClaim>);

impl ClientClaim {
    fn claim(client: &Client, id: &str) -> Result<Claimed<Self>, StoreError> {
        let claimed = client.receiver().guard.claim(id, client.now().wall)?;
        Ok(claimed.map(|claim| Box::new(Self(claim))))
    }

    fn done(mut self) -> Result<(), StoreError> {
        for _ in 1..DONE_ATTEMPTS {
            if self.0.done().is_ok() {
                return Ok(());
            }
            thread::sleep(DONE_RETRY_PAUSE);
        }
        let outcome = self.0.done();
        if outcome.is_err() {
            let _ = self.0.release(); // the error of `done` is returned
        }
        outcome
    }

    fn release(self) -> Result<(), StoreError> {
        self.0.release()
    }
}
