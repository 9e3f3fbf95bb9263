//! What the application is told without asking.

use connect_types::Scope;

use crate::{
    app::App,
    base::Now,
    tokens::{StoreError, TokenKey},
};

/// Is told of events that no call returns. A closure that takes a [`SessionEnded`] is an observer.
///
/// Its methods run on the task or thread that found out, and must not take long.
pub trait Observer: Send + Sync + 'static {
    /// The server refuses the refresh token of a user: they have to authorize again. Called once a session, or once for
    /// each refusal that may pass.
    fn session_ended(&self, ended: SessionEnded);

    /// The tokens under `key` were written or deleted, but a crash of the machine may undo that: see
    /// [`Written::NotSynced`](crate::Written). By default it does nothing.
    fn not_synced(&self, key: &TokenKey, error: &StoreError) {
        let _ = (key, error);
    }
}

impl<F: Fn(SessionEnded) + Send + Sync + 'static> Observer for F {
    fn session_ended(&self, ended: SessionEnded) {
        self(ended);
    }
}

/// A session that ended, with what [`sign_in`](Self::sign_in) needs to start the next one.
#[derive(Debug)]
#[non_exhaustive]
pub struct SessionEnded {
    /// The key of the user's tokens.
    pub key: TokenKey,
    /// Whether the reason may pass without a new sign-in: see
    /// [`Profile::recoverable_errors`](crate::oauth::Profile::recoverable_errors).
    pub may_recover: bool,
    pub(crate) app: App,
    pub(crate) scope: Option<Scope>,
    pub(crate) at: Now,
}
