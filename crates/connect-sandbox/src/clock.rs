//! The sandbox's clock: the caller's time plus the total of [`Sandbox::advance`].

use crate::sandbox::Sandbox;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The maximum total of [`Sandbox::advance`]: a hundred years.
pub(crate) const MAX_ADVANCE: SignedDuration = SignedDuration::from_hours(24 * 36_525);

impl Sandbox {
    /// Moves the sandbox's clock forward, at most a hundred years in total. The clock cannot go back.
    ///
    /// The sandbox adds `by` to the time of every later call: tokens expire, polls become due, and deliveries
    /// have later timestamps. A receiver that checks timestamps must use the sandbox's time.
    pub fn advance(&mut self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(MAX_ADVANCE);
        self.ahead = self.ahead.saturating_add(by).min(MAX_ADVANCE);
        self.connect.outbox.mark_schedule_changed();
    }

    /// Converts the caller's time to the sandbox's.
    pub(crate) fn sandbox_time(&self, now: Timestamp) -> Timestamp {
        now.checked_add(self.ahead).unwrap_or(Timestamp::MAX)
    }

    /// Converts the sandbox's time to the caller's.
    pub(crate) fn caller_time(&self, at: Timestamp) -> Timestamp {
        at.checked_sub(self.ahead).unwrap_or(Timestamp::MIN)
    }
}
