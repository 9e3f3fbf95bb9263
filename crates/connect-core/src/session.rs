//! A user's session in this process: it holds the token pair in use and decides when to refresh it.
//!
//! One mutex protects the state; it is never held during input or output. The session decides what has to be
//! done; the driver (the code that performs the steps) does it, and waits.

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
    Deleting, Exchanging, Loading, Locked, Locking, MAX_TASKS_AT_ONCE, Preparing, RefreshStep, Releasing,
    Resting, Saving,
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
    /// Creates the session of a user. Its tokens are loaded from the store when a call needs them.
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

    /// Returns whether a new token pair is not saved yet.
    pub fn has_pending(&self) -> bool {
        self.state().pending().is_some()
    }

    /// Returns the tokens in use. They are saved in the store.
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

    /// Returns the tokens in use if, at the time `asked`, they are valid and not older than `max_age`.
    ///
    /// Also returns them if [`refresh`](Self::refresh) would fail because the response to the last refresh
    /// was lost. Otherwise returns `None`: a refresh is needed.
    pub fn tokens_within(&self, max_age: Duration, asked: Now) -> Option<Tokens> {
        self.state().tokens_within(max_age, asked).cloned()
    }

    /// Returns whether dropping the session loses no token. If so, nothing is unsaved, no refresh is running,
    /// and no response to a refresh was lost.
    pub fn is_clean(&self) -> bool {
        self.state().is_clean()
    }

    /// Creates a task that saves the unsaved token pair, if there is one. For an orderly shutdown.
    pub fn flush_pending(self: &Arc<Self>, deadline: Duration) -> Option<TokenTask> {
        let state = self.state();
        state.pending().is_some().then(|| self.request(&state, TaskReason::FlushPending, deadline))
    }

    /// Creates the task that must run before [`refresh`](Self::refresh). It saves an unsaved pair, or loads
    /// the tokens.
    ///
    /// `None` if the tokens are loaded and saved.
    pub fn before_refresh(self: &Arc<Self>, deadline: Duration) -> Option<TokenTask> {
        let state = self.state();
        let reason = match (state.pending(), state.tokens()) {
            (Some(_), _) => TaskReason::FlushPending,
            (None, None) => TaskReason::Absent,
            (None, Some(_)) => return None,
        };
        Some(self.request(&state, reason, deadline))
    }

    /// Creates a task that refreshes the tokens, expired or not.
    ///
    /// # Errors
    /// If the response to an earlier refresh was lost. The refresh token may be used up; it is not sent again
    /// while the access token may still work.
    pub fn refresh(self: &Arc<Self>, now: Now, deadline: Duration) -> Result<TokenTask, Error> {
        let state = self.state();
        if state.is_in_doubt(now) == Some(true) {
            let text =
                "the response to the last refresh was lost; calls use the current tokens while they work";
            return Err(Error::new(ErrorKind::Network { sent: Sent::Maybe }).with_message(text));
        }
        Ok(self.request(&state, TaskReason::Unauthorized, deadline))
    }

    /// Creates a task that revokes the tokens (RFC 7009) and then deletes them from the store.
    ///
    /// It deletes them even if the revocation fails. If another sign-out starts before this task does, both
    /// share its outcome.
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

    /// Notes that a call succeeded with the pair of this generation.
    pub(crate) fn mark_proven(&self, generation: u64) {
        self.state().mark_proven(generation);
    }

    /// Returns what a call does after a 401 for the pair of this generation.
    pub(crate) fn unauthorized(&self, generation: u64, now: Now) -> Verdict {
        self.state().unauthorized(generation, now)
    }

    /// Returns whether this process obtained the pair in use from the server.
    pub(crate) fn has_minted(&self) -> bool {
        self.state().has_minted()
    }

    /// Returns whether a pair is in use and no other pair is waiting to be saved.
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
