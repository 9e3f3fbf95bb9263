//! What the application is told without asking.

use crate::{PendingSignIn, TokenKey};

/// Learns that a session ended. A closure is an observer.
pub trait Observer: Send + Sync + 'static {
    /// The refresh token of a user is no longer accepted: they have to authorize again. Called once a
    /// session, on whichever task or thread found out, so it should not take long.
    fn session_ended(&self, ended: SessionEnded);
}

impl<F: Fn(SessionEnded) + Send + Sync + 'static> Observer for F {
    fn session_ended(&self, ended: SessionEnded) {
        self(ended);
    }
}

/// A session that ended, with what is needed to start the next one.
#[derive(Debug)]
#[non_exhaustive]
pub struct SessionEnded {
    /// Whose session it was.
    pub key: TokenKey,
    /// A new sign-in with the same scope: send the user to its `url()` and keep it until they come back.
    /// `None` where none could be made: at another authorization server than Mobiscroll Connect what has to be asked for
    /// is not all in what was granted, so the application starts one itself.
    pub sign_in: Option<PendingSignIn>,
}
