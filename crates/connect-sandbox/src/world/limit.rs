//! A limit that refuses every Nth call.

/// The number of calls, counted while the limit is on.
#[derive(Debug, Default)]
pub(crate) struct Count(u64);

impl Count {
    /// Counts a call and returns whether it is the `every`th call. With 0, the limit is off and nothing is
    /// counted.
    pub(crate) fn refuses(&mut self, every: u64) -> bool {
        self.0 += u64::from(every > 0);
        self.0.checked_rem(every) == Some(0)
    }
}
