//! The `tracing` events of a session, with the feature `tracing`.
//!
//! | event | fields |
//! |---|---|
//! | `refresh` (debug): an exchange at the token endpoint ended | `reason`, and `error.type` if it failed |
//! | `token store` (debug): a load, save or delete ended | the same |
//! | `the token store could not be synced` (warn) | `error` |
//!
//! All callers that wait for the same exchange have one event.

use crate::{base::Error, session::TaskReason, tokens::StoreError};

/// Records the end of a task that changes or loads a user's tokens.
pub(crate) fn task_ended(reason: TaskReason, exchanged: bool, outcome: &Result<(), Error>) {
    let error = outcome.as_ref().err().map(Error::code);
    #[cfg(feature = "tracing")]
    match exchanged {
        true => tracing::debug!(target: "connect", { ?reason, "error.type" = error }, "refresh"),
        false => tracing::debug!(target: "connect", { ?reason, "error.type" = error }, "token store"),
    }
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
