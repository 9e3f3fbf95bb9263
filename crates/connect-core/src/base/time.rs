//! The current time. Callers pass the time in, because this crate never reads a clock.

use std::time::Duration;

use jiff::Timestamp;

/// The two clocks of the caller, read at the same moment.
///
/// Token expiry is compared with `wall`. Deadlines and pauses are compared with `monotonic`, so that a jump
/// of the wall clock does not change them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The current date and time.
    pub wall: Timestamp,
    /// The time since a fixed moment in this process. This time never decreases.
    pub monotonic: Duration,
}
