//! `tracing` events of a session: the end of a refresh, and a write that is not synced.

use crate::{base::Error, session::TaskReason, tokens::StoreError};

/// Records the end of a refresh.
pub(crate) fn refreshed(reason: TaskReason, exchanged: bool, outcome: &Result<(), Error>) {
    let error = outcome.as_ref().err().map(Error::code);
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "connect", { ?reason, exchanged, "error.type" = error }, "refreshed");
    #[cfg(not(feature = "tracing"))]
    let _ = (reason, exchanged, error);
}

/// Records a write of the token store that a crash of the machine may undo.
pub(crate) fn not_synced(error: &StoreError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "connect", %error, "the token store could not be synced");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
}
