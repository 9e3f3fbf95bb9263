//! Events for `tracing`, with the feature of that name: the end of a refresh, and a write that a crash may undo.

use crate::{base::Error, session::TaskReason, tokens::StoreError};

/// The end of a refresh, for whoever waited for it.
pub(crate) fn refreshed(reason: TaskReason, exchanged: bool, outcome: &Result<(), Error>) {
    let error = outcome.as_ref().err().map(Error::code);
    #[cfg(feature = "tracing")]
    tracing::debug!(target: "connect", { ?reason, exchanged, "error.type" = error }, "refreshed");
    #[cfg(not(feature = "tracing"))]
    let _ = (reason, exchanged, error);
}

/// A write of the store that a crash may undo.
pub(crate) fn not_synced(error: &StoreError) {
    #[cfg(feature = "tracing")]
    tracing::warn!(target: "connect", %error, "the token store could not be synced");
    #[cfg(not(feature = "tracing"))]
    let _ = error;
}
