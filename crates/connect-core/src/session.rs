//! A user's session, which holds the token pair in use and decides when to refresh the pair.
//!
//! A mutex protects the state. The mutex is never locked during I/O, because the driver does the I/O.

mod exchange;
mod leader;
mod lock_wait;
mod pending;
mod registry;
mod sign_out;
mod state;
mod steps;
mod task;
mod trace;

pub use registry::{Member, Registry};
pub(crate) use state::{Tried, Verdict};
pub use steps::{
    Deleting, Exchanging, Loading, Locked, Locking, MAX_TASKS_AT_ONCE, Preparing, RefreshSleeping,
    RefreshStep, Releasing, Saving,
};
pub(crate) use task::TaskReason;
pub use task::TokenTask;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connect_types::Scope;
use http::HeaderValue;

use crate::{
    app::App,
    base::{Error, ErrorKind, Now, Sent},
    session::state::{SessionState, TokenDecision},
    tokens::{TokenKey, Tokens},
};

/// The session of one user, shared by all handles of that user in a process.
pub struct Session {
    app: App,
    key: TokenKey,
    state: Mutex<SessionState>,
}

/// The next action of a call: use this access token, run a task first, or fail.
pub(crate) enum Plan {
    Use { generation: u64, bearer: HeaderValue },
    Refresh(TokenTask),
    Fail(Error),
}

impl Session {
    /// Creates the session of a user. The first call that needs tokens loads them from the store.
    pub fn new(app: App, user: &str) -> Arc<Self> {
        let key = app.token_key(user);
        Arc::new(Self { app, key, state: Mutex::default() })
    }

    /// Returns the application of the session.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Returns the key of the user's tokens.
    pub fn key(&self) -> &TokenKey {
        &self.key
    }

    /// Returns whether there is a new token pair that is not saved yet.
    pub fn has_pending(&self) -> bool {
        self.state().pending().is_some()
    }

    /// Returns the tokens in use. An unsaved pair is not in use.
    ///
    /// # Errors
    /// If no tokens are loaded, or the session has ended.
    pub fn tokens(&self) -> Result<Tokens, Error> {
        let state = self.state();
        match (state.tokens(), state.ended()) {
            (Some(tokens), _) => Ok(tokens.clone()),
            (None, Some(ended)) => Err(ended.clone()),
            (None, None) => Err(Error::authentication("no tokens are loaded for this user")),
        }
    }

    /// Returns the tokens in use, or `None` if a refresh is needed.
    ///
    /// No refresh is needed if the server issued the tokens to this process after the time `asked`, or if the
    /// tokens were valid and at most `max_age` old at the time `asked`.
    ///
    /// If the response to the last refresh was lost, these two rules do not apply: the tokens are returned
    /// until one lifetime of the access token has passed since the loss.
    pub fn tokens_within(&self, max_age: Duration, asked: Now) -> Option<Tokens> {
        self.state().tokens_within(max_age, asked).cloned()
    }

    /// Returns whether the session can be dropped without losing tokens.
    ///
    /// No token is lost if every pair is saved, no refresh is running, and no response to a refresh
    /// was lost.
    pub fn is_clean(&self) -> bool {
        self.state().is_clean()
    }

    /// Creates a task that saves the unsaved token pair, or returns `None` if every pair is saved.
    pub fn flush_pending(self: &Arc<Self>, deadline: Duration) -> Option<TokenTask> {
        let state = self.state();
        state.pending().is_some().then(|| self.request(&state, TaskReason::FlushPending, deadline))
    }

    /// Creates a task that saves an unsaved pair, or loads the tokens if none are in memory.
    ///
    /// Run this task before [`refresh`](Self::refresh). Returns `None` if the tokens are loaded and saved.
    pub fn before_refresh(self: &Arc<Self>, deadline: Duration) -> Option<TokenTask> {
        let state = self.state();
        let reason = match (state.pending(), state.tokens()) {
            (Some(_), _) => TaskReason::FlushPending,
            (None, None) => TaskReason::Absent,
            (None, Some(_)) => return None,
        };
        Some(self.request(&state, reason, deadline))
    }

    /// Creates a task that refreshes the tokens, even if they have not expired.
    ///
    /// # Errors
    /// If the response to the last refresh was lost less than one lifetime of the access token ago: the
    /// refresh token may be used up, but the access token may still work.
    pub fn refresh(self: &Arc<Self>, now: Now, deadline: Duration) -> Result<TokenTask, Error> {
        let state = self.state();
        if state.is_in_doubt(now) == Some(true) {
            let text =
                "the response to the last refresh was lost, so calls use the current tokens until a 401";
            return Err(Error::new(ErrorKind::Network { sent: Sent::Maybe }).with_message(text));
        }
        Ok(self.request(&state, TaskReason::Unauthorized, deadline))
    }

    /// Creates a task that revokes the tokens (RFC 7009) and then deletes them from the store.
    ///
    /// The task deletes the tokens even if the revocation fails. If another sign-out starts and ends between
    /// the creation and the start of this task, this task only returns the outcome of the other sign-out.
    pub fn sign_out(self: &Arc<Self>, deadline: Duration) -> TokenTask {
        self.request(&self.state(), TaskReason::SignOut, deadline)
    }

    fn request(self: &Arc<Self>, state: &SessionState, reason: TaskReason, deadline: Duration) -> TokenTask {
        TokenTask::new(self, state, reason, deadline)
    }

    fn state(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the next action of a call.
    pub(crate) fn plan(self: &Arc<Self>, tried: Tried, now: Now, deadline: Duration) -> Plan {
        let mut state = self.state();
        match state.plan(tried, now) {
            TokenDecision::Use { generation, bearer } => Plan::Use { generation, bearer },
            TokenDecision::Refresh(reason) => Plan::Refresh(self.request(&state, reason, deadline)),
            TokenDecision::Fail(error) => Plan::Fail(error),
        }
    }

    /// Records that a call succeeded with the pair of `generation`.
    pub(crate) fn mark_proven(&self, generation: u64) {
        self.state().mark_proven(generation);
    }

    /// Returns what a call does after a 401 for the pair of `generation`.
    pub(crate) fn unauthorized(&self, generation: u64, now: Now) -> Verdict {
        self.state().unauthorized(generation, now)
    }

    /// Returns whether this process obtained the pair in use from the server.
    pub(crate) fn has_minted(&self) -> bool {
        self.state().has_minted()
    }

    /// Returns whether a pair is in use and no pair is pending.
    pub(crate) fn is_usable(&self) -> bool {
        let state = self.state();
        state.tokens().is_some() && state.pending().is_none()
    }

    /// Returns whether the granted scope is known and does not cover the scope that a call needs.
    pub(crate) fn lacks(&self, needed: &Scope) -> bool {
        self.state().lacks(needed)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        f.debug_struct("Session")
            .field("key", &self.key)
            .field("generation", &state.generation())
            .field("signed_in", &state.tokens().is_some())
            .field("pending", &state.pending().is_some())
            .finish_non_exhaustive()
    }
}
