//! Replay guards, which prevent a repeated delivery from being handled again.
//!
//! ```text
//!   claim(id, now) ──> New(claim) ── handled ──> claim.done() ───────> Done for every caller
//!        │                  └────── failed ──> claim.release(), or drop ──> New again, immediately
//!        ├──> InProgress: another caller holds it ── its lease ends ──> New again
//!        └──> Done
//! ```
//!
//! The documentation of [`ReplayGuard`] lists the rules for implementations.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::TOLERANCE;
use crate::tokens::StoreError;

/// The minimum time for which a guard remembers a handled delivery (600 s).
///
/// A delivery can be verified for 600 s: from 300 s before its timestamp to 300 s after its timestamp.
pub const SHORTEST_MEMORY: Duration = Duration::from_secs(2 * TOLERANCE.as_secs());

/// Remembers which deliveries were handled.
///
/// The blocking client calls the guard directly, the async client on a thread pool.
///
/// [`ReplayMemory`](super::ReplayMemory) serves one process; several processes share a guard in a database.
/// The rules for an implementation:
///
/// * A claim is atomic: if several callers claim one id at the same time, in any process, at most one gets
///   [`Claimed::New`].
/// * A claim ends with its lease, and the delivery is then new again. The lease must be longer than
///   the handling of a delivery.
/// * Releasing a claim affects only this claim. After the end of the lease, a release removes
///   neither the claim of another caller nor the record of a handled delivery. Therefore each claim
///   has a unique token, which the guard compares before it deletes anything.
/// * `done` marks the delivery as handled, even if another caller has claimed the delivery or the
///   guard has forgotten it. The caller may repeat `done` after a failure. After `done` has
///   succeeded, further calls of `done` change nothing.
/// * A handled delivery is remembered for at least [`SHORTEST_MEMORY`] after its claim.
/// * A guard whose store has a clock uses that clock and ignores `now`, because the clocks of callers differ.
/// * Ids are compared byte for byte. Deliveries to two applications may have equal ids. Therefore a store for
///   several applications must distinguish the applications.
///
/// With these rules, a delivery is handled exactly once. The exception is a process that crashes before
/// `done`: the lease of its claim ends, and the delivery is handled again when the service sends it again.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking replay guard",
    note = "pass an async guard to `async_replay_guard` of the async client, or wrap it in `connect_stores::Blocking` for the blocking client"
)]
pub trait ReplayGuard: Send + Sync + 'static {
    /// Claims a delivery, unless it is claimed or handled. `now` is the time of the caller's wall clock.
    fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn ReplayClaim>, StoreError>;
}

/// The right to handle a delivery. Dropping the claim releases the delivery, without reporting errors.
pub trait ReplayClaim: Send + Sync {
    /// Records the delivery as handled, even if the lease has ended. Callers may repeat this call
    /// after an error.
    fn done(&mut self) -> Result<(), StoreError>;

    /// Releases the delivery immediately, unless it was handled. An ended lease is not an error.
    fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// The async variant of [`ReplayGuard`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async replay guard",
    note = "pass a blocking guard to `replay_guard` of the async client"
)]
#[async_trait]
pub trait AsyncReplayGuard: Send + Sync + 'static {
    /// Claims a delivery, unless it is claimed or handled. `now` is the time of the caller's wall clock.
    async fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError>;
}

/// The async variant of [`ReplayClaim`].
#[async_trait]
pub trait AsyncReplayClaim: Send + Sync {
    /// Records the delivery as handled, even if the lease has ended. Callers may repeat this call
    /// after an error.
    async fn done(&mut self) -> Result<(), StoreError>;

    /// Releases the delivery immediately, unless it was handled. An ended lease is not an error.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// The result of claiming a delivery.
pub enum Claimed<C: ?Sized> {
    /// The delivery is new, and the caller may handle it.
    New(Box<C>),
    /// Another caller is handling the delivery.
    InProgress,
    /// The delivery was handled.
    Done,
}

impl<C: ?Sized> Claimed<C> {
    /// Converts the claim of a new delivery with `wrap`.
    pub fn map<D: ?Sized>(self, wrap: impl FnOnce(Box<C>) -> Box<D>) -> Claimed<D> {
        match self {
            Self::New(claim) => Claimed::New(wrap(claim)),
            Self::InProgress => Claimed::InProgress,
            Self::Done => Claimed::Done,
        }
    }
}

impl<C: ?Sized> fmt::Debug for Claimed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New(_) => "New",
            Self::InProgress => "InProgress",
            Self::Done => "Done",
        })
    }
}

impl<G: ReplayGuard + ?Sized> ReplayGuard for Arc<G> {
    fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        (**self).claim(id, now)
    }
}

#[async_trait]
impl<G: AsyncReplayGuard + ?Sized> AsyncReplayGuard for Arc<G> {
    async fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError> {
        (**self).claim(id, now).await
    }
}
