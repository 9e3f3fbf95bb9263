//! Taking deliveries of changes.

use std::{thread, time::Duration};

use connect_core::{
    StoreError,
    webhooks::{Fetch, KEYS_TIMEOUT, ReplayClaim},
};

use crate::{Client, gate::Gate};

connect_core::deliveries!(blocking);

/// Where the fetches of the keys queue, one at a time.
type FetchGate = Gate;

/// How often `done` is tried, and the pause between.
const TRIES: u32 = 3;
const PAUSE: Duration = Duration::from_millis(100);

impl Client {
    pub(crate) fn receiver(&self) -> &Receiver {
        &self.0.receiver
    }

    /// Fetches the keys; who waits for the fetch of another waits no longer than one takes. Past that the ring decides
    /// alone whether another may start: a transport that hangs keeps its pass.
    fn fetch_keys(&self, fetch: Fetch) {
        self.fetch_within(KEYS_TIMEOUT, fetch);
    }

    /// Fetches the keys on a thread of its own, once in as long as they are good, so that nobody waits. Where another is
    /// at it, there is nothing to do; where there is no thread to be had, the next delivery tries again.
    fn fetch_in_background(&self, fetch: Fetch) {
        let client = self.clone();
        let work = move || client.fetch_within(Duration::ZERO, fetch);
        drop(thread::Builder::new().name("webhook-keys".to_owned()).spawn(work));
    }

    fn fetch_within(&self, patience: Duration, fetch: Fetch) {
        let _pass = self.receiver().gate.enter(patience);
        if let Some((request, next)) = fetch.start(self.now()) {
            let answer = self.0.transport.send(request);
            next.resume(answer, self.now());
        }
    }
}

/// A claim on the client's guard.
struct ClientClaim(Box<dyn ReplayClaim>);

impl ClientClaim {
    fn claim(client: &Client, id: &str) -> Result<Claimed<Self>, StoreError> {
        let claimed = client.receiver().guard.claim(id, client.now().wall)?;
        Ok(claimed.map(|claim| Box::new(Self(claim))))
    }

    fn done(mut self) -> Result<(), StoreError> {
        for _ in 1..TRIES {
            if self.0.done().is_ok() {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
        let outcome = self.0.done();
        if outcome.is_err() {
            let _ = self.0.release(); // the first error says more
        }
        outcome
    }

    fn release(self) -> Result<(), StoreError> {
        self.0.release()
    }
}
