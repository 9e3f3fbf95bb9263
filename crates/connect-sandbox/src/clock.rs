//! The sandbox's own clock: the time it is told, and what it was advanced by.

use crate::sandbox::Sandbox;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// A hundred years: further ahead there is nothing to see.
pub(crate) const FURTHEST: SignedDuration = SignedDuration::from_hours(24 * 36_525);

impl Sandbox {
    /// Moves the sandbox's clock forward, a hundred years in all at the most. It never goes back.
    ///
    /// Every time the sandbox is told from now on counts that much later: tokens expire, polls come due, and deliveries
    /// carry the later time, so that a receiver which checks it has to be as far ahead.
    pub fn advance(&mut self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(FURTHEST);
        self.ahead = self.ahead.saturating_add(by).min(FURTHEST);
        self.connect.outbox.touch();
    }

    /// A time of the caller's on the sandbox's clock.
    pub(crate) fn clock(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// The way back.
    pub(crate) fn callers(&self, at: Timestamp) -> Timestamp {
        at.checked_sub(self.ahead).unwrap_or(Timestamp::MIN)
    }
}
