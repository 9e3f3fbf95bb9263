//! Time as an argument: the core never reads a clock.

use std::time::Duration;

use jiff::Timestamp;

/// The two clocks of a driver, read at one moment.
///
/// Expiry is judged by `wall`, deadlines and pauses by `monotonic`, so that a wall clock that jumps breaks
/// neither.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// The time of day.
    pub wall: Timestamp,
    /// Time since any fixed moment of this process; never goes back.
    pub monotonic: Duration,
}
