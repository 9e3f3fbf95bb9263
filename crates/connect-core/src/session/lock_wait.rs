//! Waiting for the store's lock: retries with growing pauses until the caller's deadline.

use std::time::Duration;

use crate::{
    app::App,
    base::{Error, Now},
    session::steps::{Locking, RefreshStep, Work},
    sign_in::token_endpoint,
};

/// The maximum pause after the first try. Each further try doubles the maximum.
const FIRST_MAX_PAUSE: Duration = Duration::from_millis(4);
/// The value at which the maximum pause stops doubling.
const MAX_PAUSE: Duration = Duration::from_millis(120);

/// The wait of one task for the lock.
#[derive(Clone, Copy)]
pub(crate) struct LockWait {
    /// The lease to request.
    lease: Duration,
    /// The (monotonic) time at which the caller stops waiting.
    deadline: Duration,
    max_pause: Duration,
}

impl LockWait {
    pub(crate) fn new(app: &App, deadline: Duration) -> Self {
        Self { lease: token_endpoint::lease(app), deadline, max_pause: FIRST_MAX_PAUSE }
    }

    /// Returns the step that tries to take the lock.
    pub(crate) fn request(self, work: Box<dyn Work>) -> RefreshStep {
        RefreshStep::TryLock(self.lease, Locking { work, deadline: self.deadline })
    }

    /// Returns the pause before the next try, or `None` if the deadline has passed.
    pub(crate) fn pause(&mut self, app: &App, now: Now) -> Option<Duration> {
        let left = self.deadline.saturating_sub(now.monotonic);
        // The pause is random, so that two waiters do not always try at the same time.
        let pause = self.max_pause.mul_f64(0.5 + app.entropy().unit() / 2.0);
        self.max_pause = (self.max_pause * 2).min(MAX_PAUSE);
        (!left.is_zero()).then(|| pause.min(left))
    }
}

pub(crate) fn timed_out() -> Error {
    Error::timeout().with_message("another process or task held the lock of the token store")
}
