//! One signed-in user in this process: which tokens are in use, and who may do what about them.
//!
//! The state is under one mutex that is never held across input or output. Waiting for a refresh is the
//! driver's affair; deciding is done here.

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

/// One signed-in user. Shared by all handles of that user in a process.
pub struct Session {
    app: App,
    key: TokenKey,
    state: Mutex<SessionState>,
}

/// What a call is to do next about its bearer token.
pub(crate) enum Plan {
    Use { generation: u64, bearer: HeaderValue },
    Refresh(TokenTask),
    Fail(Error),
}

impl Session {
    /// The session of a user, without tokens as yet: they are loaded when first needed.
    pub fn new(app: App, user: &str) -> Arc<Self> {
        let key = app.token_key(user);
        Arc::new(Self { app, key, state: Mutex::default() })
    }

    /// The application it belongs to.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Whose it is.
    pub fn key(&self) -> &TokenKey {
        &self.key
    }

    /// Whether the server handed out a pair that could not be saved yet.
    pub fn has_pending(&self) -> bool {
        self.state().pending().is_some()
    }

    /// The tokens in use: they are in the store.
    ///
    /// # Errors
    /// When none are loaded, or the session has ended.
    pub fn tokens(&self) -> Result<Tokens, Error> {
        let state = self.state();
        match (state.tokens(), state.ended()) {
            (Some(tokens), _) => Ok(tokens.clone()),
            (None, Some(ended)) => Err(ended.clone()),
            (None, None) => Err(Error::authentication("no tokens are loaded for this user")),
        }
    }

    /// The tokens in use unless they are over, if they were minted within `max_age` before they were `asked` for, or since;
    /// or if they cannot be exchanged as long as they work: see [`refresh`](Self::refresh).
    pub fn tokens_within(&self, max_age: Duration, asked: Now) -> Option<Tokens> {
        self.state().tokens_within(max_age, asked).cloned()
    }

    /// Whether nothing would be lost with this value: all its tokens are in the store.
    pub fn is_clean(&self) -> bool {
        self.state().is_clean()
    }

    /// A request to save the pending pair, if there is one: for an orderly end.
    pub fn flush_pending(self: &Arc<Self>, deadline: Duration) -> Option<TokenTask> {
        let state = self.state();
        state.pending().is_some().then(|| self.request(&state, TaskReason::FlushPending, deadline))
    }

    /// What has to come before a refresh that is asked for: tokens that are not in memory are loaded, a pair
    /// that is not saved is saved. `None` when nothing has to.
    pub fn before_refresh(self: &Arc<Self>, deadline: Duration) -> Option<TokenTask> {
        let state = self.state();
        let reason = match (state.pending(), state.tokens()) {
            (Some(_), _) => TaskReason::FlushPending,
            (None, None) => TaskReason::Absent,
            (None, Some(_)) => return None,
        };
        Some(self.request(&state, reason, deadline))
    }

    /// A refresh that is asked for, whatever the clock says of the pair in use. An error where the answer to an
    /// earlier exchange was lost: its refresh token is not sent again before the access token has failed, or is over.
    pub fn refresh(self: &Arc<Self>, now: Now, deadline: Duration) -> Result<TokenTask, Error> {
        let state = self.state();
        if state.is_in_doubt(now) == Some(true) {
            let text =
                "the answer to the last refresh was lost; calls go on with the tokens as long as they work";
            return Err(Error::new(ErrorKind::Network { sent: Sent::Maybe }).with_message(text));
        }
        Ok(self.request(&state, TaskReason::Unauthorized, deadline))
    }

    /// Ends the session: the server first (RFC 7009), then the store, whatever the server said. A sign-out that begins
    /// after this request and before this task serves both.
    pub fn sign_out(self: &Arc<Self>, deadline: Duration) -> TokenTask {
        self.request(&self.state(), TaskReason::SignOut, deadline)
    }

    fn request(self: &Arc<Self>, state: &SessionState, reason: TaskReason, deadline: Duration) -> TokenTask {
        TokenTask::new(self, state, reason, deadline)
    }

    fn state(&self) -> MutexGuard<'_, SessionState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a call does next about its token.
    pub(crate) fn plan(self: &Arc<Self>, tried: Tried, now: Now, deadline: Duration) -> Plan {
        let mut state = self.state();
        match state.plan(tried, now) {
            TokenDecision::Use { generation, bearer } => Plan::Use { generation, bearer },
            TokenDecision::Refresh(reason) => Plan::Refresh(self.request(&state, reason, deadline)),
            TokenDecision::Fail(error) => Plan::Fail(error),
        }
    }

    /// A call succeeded with this generation.
    pub(crate) fn mark_proven(&self, generation: u64) {
        self.state().mark_proven(generation);
    }

    /// What a 401 for this generation means.
    pub(crate) fn unauthorized(&self, generation: u64, now: Now) -> Verdict {
        self.state().unauthorized(generation, now)
    }

    /// Whether the pair in use was minted by this process.
    pub(crate) fn has_minted(&self) -> bool {
        self.state().has_minted()
    }

    /// Whether there is a saved pair to go on with.
    pub(crate) fn is_usable(&self) -> bool {
        let state = self.state();
        state.tokens().is_some() && state.pending().is_none()
    }

    /// Whether the scope in use is known not to cover what a call needs.
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
