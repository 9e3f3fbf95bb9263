//! Work on a user's tokens that queues at the session's gate, one at a time: a refresh, the save of a pair, a sign-out.
//!
//! The driver takes the gate and starts a [`TokenTask`]. It ends at once if another task has done the same meanwhile, or
//! has failed to. Otherwise its steps are those of [`RefreshStep`].

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

/// The purpose of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TaskReason {
    /// No tokens are in memory: load them from the store.
    Absent,
    /// A pair is not saved yet.
    FlushPending,
    /// The access token ends soon.
    Early,
    /// The access token has expired by the clock.
    Expired,
    /// The server did not accept the access token, or the application asked for new tokens.
    Unauthorized,
    /// The user signs out.
    SignOut,
}

/// Work on a user's tokens, to be started under the session's gate.
#[must_use = "a task does nothing until it is started"]
pub struct TokenTask {
    session: Arc<Session>,
    reason: TaskReason,
    generation: u64,
    /// The tasks of this kind that had ended, or begun, when this one was requested.
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

    /// The session whose gate it queues at.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// The monotonic time until which its caller waits: for the gate, for the store's lock, and for another caller's task.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// The error of its caller when the gate did not open in time.
    pub fn timed_out(self) -> Error {
        Error::timeout().with_message("the call timed out while the tokens were being refreshed")
    }

    pub(crate) fn reason(&self) -> TaskReason {
        self.reason
    }

    /// Starts it under the gate: done at once if another task had the same result meanwhile.
    pub fn start(mut self, now: Now) -> RefreshStep {
        let session = self.session.clone();
        let mut state = session.state();
        if let Some(outcome) = state.outcome_since(self.reason, self.generation, self.round) {
            return RefreshStep::Done(outcome);
        }
        self.started = true;
        // Another holder refreshes by all appearances: while the token works, that is not waited for.
        let deadline = if self.reason == TaskReason::Early { now.monotonic } else { self.deadline };
        let lock = LockWait::new(session.app(), deadline);
        if self.reason == TaskReason::SignOut {
            let number = state.begin_sign_out();
            drop(state);
            return SignOut::start(&session, number, lock);
        }
        let since = state.begin_round(self.reason);
        // A sign-in that came meanwhile is saved by this task.
        let needs_no_lock = self.reason == TaskReason::Absent && state.pending().is_none();
        drop(state); // a leader locks it when it is dropped
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
