//! Waiting for the store's lock while another holder has it: tries at growing distances, until the caller's deadline.

use std::time::Duration;

use crate::{
    app::App,
    base::{Error, Now},
    session::steps::{Locking, RefreshStep, Work},
    sign_in::token_endpoint,
};

/// The upper end of the pause after the first try; it doubles with each one.
const FIRST_MAX_PAUSE: Duration = Duration::from_millis(4);
/// The upper end of every pause.
const MAX_PAUSE: Duration = Duration::from_millis(120);

/// One machine's wait for the lock.
#[derive(Clone, Copy)]
pub(crate) struct LockWait {
    /// The lease to request.
    lease: Duration,
    /// When (monotonic) the caller stops waiting.
    deadline: Duration,
    max_pause: Duration,
}

impl LockWait {
    pub(crate) fn new(app: &App, deadline: Duration) -> Self {
        Self { lease: token_endpoint::lease(app), deadline, max_pause: FIRST_MAX_PAUSE }
    }

    /// Tries to take the lock.
    pub(crate) fn request(self, work: Box<dyn Work>) -> RefreshStep {
        RefreshStep::TryLock(self.lease, Locking { work, deadline: self.deadline })
    }

    /// The lock was not free: the pause before the next try, or `None` when the caller's time is over.
    pub(crate) fn pause(&mut self, app: &App, now: Now) -> Option<Duration> {
        let left = self.deadline.saturating_sub(now.monotonic);
        // Between half of it and all, so that no two waiters keep meeting.
        let pause = self.max_pause.mul_f64(0.5 + app.entropy().unit() / 2.0);
        self.max_pause = (self.max_pause * 2).min(MAX_PAUSE);
        (!left.is_zero()).then(|| pause.min(left))
    }
}

pub(crate) fn timed_out() -> Error {
    Error::timeout().with_message("the call timed out while another holder had the token store's lock")
}
