//! A limit that refuses every Nth call.

use serde::{Deserialize, Serialize};

/// The number of calls, counted while the limit is on.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Count(u64);

impl Count {
    /// Counts a call, and returns whether to refuse it: one call in `every` is refused.
    ///
    /// If `every` is 0, the limit is off: calls are neither counted nor refused.
    pub(crate) fn refuses(&mut self, every: u64) -> bool {
        self.0 += u64::from(every > 0);
        self.0.checked_rem(every) == Some(0)
    }
}
