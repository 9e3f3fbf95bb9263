//! A receiver of webhook deliveries that needs an allocator, but no standard library.
//!
//! The receiver compiles for microcontrollers.
//! The program around it has the sockets, the clock and the public keys of the service.
#![no_std]

extern crate alloc;

use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::time::Duration;

use connect_types::{
    Delivery,
    jiff::Timestamp,
    webhooks::{InvalidKey, PublicKey, Reason, SignedDelivery},
};

/// Verifies deliveries, and returns each delivery once.
#[derive(Debug)]
pub struct Receiver {
    keys: Vec<PublicKey>,
    tolerance: Duration,
    /// The ids of the deliveries that were returned, and the time each was sent.
    returned: BTreeMap<Box<str>, Timestamp>,
}

impl Receiver {
    /// Creates a receiver with the texts of the public keys (`whpk_..`).
    pub fn new(keys: &[&str], tolerance: Duration) -> Result<Self, InvalidKey> {
        let keys = keys.iter().map(|key| key.parse()).collect::<Result<_, _>>()?;
        Ok(Self { keys, tolerance, returned: BTreeMap::new() })
    }

    /// Returns a genuine delivery, or nothing if the delivery was returned before. Respond with 200 to both.
    pub fn receive(
        &mut self,
        received: SignedDelivery<'_>,
        now: Timestamp,
    ) -> Result<Option<Delivery>, Reason> {
        let verified = received.verify(&self.keys, now, self.tolerance)?;
        // A delivery outside the tolerance can no longer be verified, so it cannot be returned twice.
        let seconds = self.tolerance.as_secs();
        self.returned.retain(|_, sent| now.as_second().abs_diff(sent.as_second()) <= seconds);
        let is_new = self.returned.insert(verified.id, verified.timestamp).is_none();
        Ok(is_new.then_some(verified.delivery))
    }
}
