//! Limits that refuse every Nth call.

/// The calls counted while a limit is on.
#[derive(Debug, Default)]
pub(crate) struct Count(u64);

impl Count {
    /// Counts a call, and says whether it is an `every`th one. Zero is no limit, and counts nothing.
    pub(crate) fn refuses(&mut self, every: u64) -> bool {
        self.0 += u64::from(every > 0);
        self.0.checked_rem(every) == Some(0)
    }
}
