//! The sandbox's clock: the caller's time plus all durations passed to [`Sandbox::advance`].

use crate::sandbox::Sandbox;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// The maximum sum of the durations passed to [`Sandbox::advance`]: a hundred years.
pub(crate) const MAX_ADVANCE: SignedDuration = SignedDuration::from_hours(24 * 36_525);

impl Sandbox {
    /// Moves the sandbox's clock forward, at most a hundred years in total. The clock cannot go back.
    ///
    /// The sandbox adds `by` to the argument `now` of every method that is called later. As a result, tokens
    /// expire, polls become due, and deliveries have later timestamps. A webhook receiver that checks
    /// timestamps must use the sandbox's clock.
    pub fn advance(&mut self, by: Duration) {
        let by = SignedDuration::try_from(by).unwrap_or(MAX_ADVANCE);
        self.ahead = self.ahead.saturating_add(by).min(MAX_ADVANCE);
        self.connect.outbox.mark_schedule_changed();
    }

    /// Converts a time of the caller's clock to the sandbox's clock.
    pub(crate) fn sandbox_time(&self, now: Timestamp) -> Timestamp {
        let now = now.checked_add(self.ahead).unwrap_or(Timestamp::MAX);
        // JSON has milliseconds, as in JavaScript. A finer time would change in a state file.
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// Converts a time of the sandbox's clock to the caller's clock.
    pub(crate) fn caller_time(&self, at: Timestamp) -> Timestamp {
        at.checked_sub(self.ahead).unwrap_or(Timestamp::MIN)
    }
}
