//! The observer, which the client notifies of events that no call reports.

use connect_types::Scope;

use crate::{
    app::App,
    base::Now,
    tokens::{StoreError, TokenKey},
};

/// An observer of events that no call reports. A closure that takes a [`SessionEnded`] is an
/// observer.
///
/// The methods run on the task or thread where the event occurs and must return quickly.
pub trait Observer: Send + Sync + 'static {
    /// Called when the server refuses the refresh token of a user.
    ///
    /// A final refusal ends the session, so the user has to sign in again. A refusal may also be temporary:
    /// see [`SessionEnded::may_recover`].
    fn session_ended(&self, ended: SessionEnded);

    /// Called when a crash of the machine may undo a save or a deletion of tokens.
    ///
    /// See [`Written::NotSynced`](crate::Written). Default: does nothing.
    fn not_synced(&self, key: &TokenKey, error: &StoreError) {
        let _ = (key, error);
    }
}

impl<F: Fn(SessionEnded) + Send + Sync + 'static> Observer for F {
    fn session_ended(&self, ended: SessionEnded) {
        self(ended);
    }
}

/// The end of a session, or a refusal that may be temporary. [`sign_in`](Self::sign_in) starts a new session.
#[derive(Debug)]
#[non_exhaustive]
pub struct SessionEnded {
    /// The key of the user's tokens.
    pub key: TokenKey,
    /// Whether the refusal may be temporary.
    ///
    /// After a refusal that may be temporary, the session continues and sends the refresh token
    /// again later. See [`Profile::recoverable_errors`](crate::oauth::Profile::recoverable_errors).
    pub may_recover: bool,
    pub(crate) app: App,
    pub(crate) scope: Option<Scope>,
    pub(crate) at: Now,
}
