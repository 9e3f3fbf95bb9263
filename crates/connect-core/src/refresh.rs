//! The refresh: one exchange for everybody who needs it.
//!
//! [`Refresh`] is a wish. The driver takes the session's gate and starts it; it ends at once if somebody else
//! has done meanwhile what was wished for, or failed to. Else the wish becomes the leader, whose steps are those
//! of [`RefreshStep`](crate::RefreshStep).

use std::{sync::Arc, time::Duration};

use crate::{
    Error, Now, Session,
    leader::Leader,
    session::State,
    steps::{Loading, Locking, RefreshStep},
    token_endpoint,
};

/// Why a refresh is wished for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// There are no tokens in memory: they are read from the store, or the user is not signed in.
    Absent,
    /// A pair waits to be saved.
    Settle,
    /// The pair ends soon.
    Early,
    /// The pair is over by the clock.
    Expired,
    /// The server did not accept the access token.
    Unauthorized,
}

/// The wish for a refresh, to be started under the session's gate.
#[must_use = "a refresh does nothing until it is started"]
pub struct Refresh {
    session: Arc<Session>,
    reason: Reason,
    generation: u64,
    round: u64,
    deadline: Duration,
    started: bool,
}

impl Refresh {
    pub(crate) fn new(
        session: &Arc<Session>,
        reason: Reason,
        generation: u64,
        round: u64,
        deadline: Duration,
    ) -> Self {
        Self { session: session.clone(), reason, generation, round, deadline, started: false }
    }

    /// Whose it is.
    pub fn session(&self) -> &Arc<Session> {
        &self.session
    }

    /// Until when (monotonic) its caller waits for the gate and for whoever leads.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// What its caller is told when the gate did not open in time.
    pub fn timed_out(self) -> Error {
        Error::timeout().with_message("the time of the call was over while the tokens were being refreshed")
    }

    pub(crate) fn reason(&self) -> Reason {
        self.reason
    }

    /// Starts it, under the gate: done at once if another did it meanwhile, else the steps of the leader.
    pub fn start(mut self, now: Now) -> RefreshStep {
        let session = self.session.clone();
        let mut state = session.state();
        if let Some(outcome) = self.settled_meanwhile(&state) {
            return RefreshStep::Done(outcome);
        }
        self.started = true;
        state.leading = true;
        state.early_wish &= self.reason != Reason::Early;
        let (generation, sign_ins) = (state.generation, state.sign_ins);
        drop(state); // a leader locks it when it is dropped
        let leader = Leader::new(&session, self.reason, generation, sign_ins, now);
        match self.reason {
            Reason::Absent => RefreshStep::Load(Loading(leader)),
            _ => RefreshStep::Lock(token_endpoint::lease(session.app()), Locking(leader)),
        }
    }

    fn settled_meanwhile(&self, state: &State) -> Option<Result<(), Error>> {
        if state.generation != self.generation && state.pending.is_none() && state.current.is_some() {
            return Some(Ok(()));
        }
        let failure = state.failure.as_ref()?;
        (failure.round > self.round && failure.generation == self.generation)
            .then(|| Err(failure.error.clone()))
    }
}

impl Drop for Refresh {
    fn drop(&mut self) {
        if self.reason == Reason::Early && !self.started {
            self.session.state().early_wish = false;
        }
    }
}
