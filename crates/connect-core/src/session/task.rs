//! Tasks that change a user's tokens: a refresh, the save of a pair, a sign-out.
//!
//! The driver takes the session's gate and starts a [`TokenTask`], which returns the first [`RefreshStep`].
//! The gate lets one task of a session run at a time. If an earlier task has already done the work of a new
//! task, the new task ends immediately with the outcome of the earlier task.

use std::{sync::Arc, time::Duration};

use crate::{
    base::{Error, Now, opaque},
    session::{
        Session,
        leader::Leader,
        lock_wait::LockWait,
        sign_out::SignOut,
        state::SessionState,
        steps::{Loading, RefreshStep},
    },
};

/// The reason for a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskReason {
    /// No tokens are in memory: load them from the store.
    Absent,
    /// A pair is not saved yet.
    FlushPending,
    /// The access token expires soon.
    Early,
    /// The access token has expired, by this machine's clock.
    Expired,
    /// The server refused the access token, or the application requested new tokens.
    Unauthorized,
    /// The user signs out.
    SignOut,
}

/// A task that changes a user's tokens. Take the session's gate before you start the task.
#[must_use = "a task does nothing until it is started"]
pub struct TokenTask {
    session: Arc<Session>,
    reason: TaskReason,
    generation: u64,
    /// The value of [`SessionState::round`] when this task was requested.
    round: u64,
    deadline: Duration,
    started: bool,
}

opaque!(TokenTask);

impl TokenTask {
    pub(super) fn new(
        session: &Arc<Session>,
        state: &SessionState,
        reason: TaskReason,
        deadline: Duration,
    ) -> Self {
        let (session, generation, round) = (session.clone(), state.generation(), state.round(reason));
        Self { session, reason, generation, round, deadline, started: false }
    }

    /// Returns the session of the task.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Returns the monotonic time until which the caller waits for the gate and the lock.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Returns the error for a caller that did not get the gate before the deadline.
    pub fn timed_out(self) -> Error {
        Error::timeout().with_message("another task was still changing the tokens of this user")
    }

    pub(crate) fn reason(&self) -> TaskReason {
        self.reason
    }

    /// Starts the task and returns its first step. The driver must hold the session's gate.
    ///
    /// Returns [`RefreshStep::Done`] if another task has already done the work of this task.
    pub fn start(mut self, now: Now) -> RefreshStep {
        let session = self.session.clone();
        let mut state = session.state();
        if let Some(outcome) = state.outcome_since(self.reason, self.generation, self.round) {
            return RefreshStep::Done(outcome);
        }
        self.started = true;
        // An early refresh does not wait for the lock, because the access token is still valid.
        let deadline = if self.reason == TaskReason::Early { now.monotonic } else { self.deadline };
        let lock = LockWait::new(session.app(), deadline);
        if self.reason == TaskReason::SignOut {
            let number = state.begin_sign_out();
            drop(state);
            return SignOut::start(&session, number, lock);
        }
        let since = state.begin_round(self.reason);
        // Loading needs no lock. Saving a pair that became pending after the request needs the lock.
        let needs_no_lock = self.reason == TaskReason::Absent && state.pending().is_none();
        drop(state); // `Leader::drop` locks the state
        let leader = Leader::new(&session, self.reason, since, lock, now);
        if needs_no_lock { RefreshStep::Load(Loading(leader)) } else { lock.request(leader) }
    }
}

impl Drop for TokenTask {
    fn drop(&mut self) {
        if self.reason == TaskReason::Early && !self.started {
            self.session.state().withdraw_early_refresh();
        }
    }
}
