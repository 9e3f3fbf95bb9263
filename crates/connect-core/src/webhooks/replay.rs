//! Replay guards, which let a delivery be handled once although the service may send it several times.
//!
//! ```text
//!   claim(id, now) ──> New(claim) ── handled ──> claim.done() ───────> Done for every caller
//!        │                  └────── failed ──> claim.release(), or drop ──> New again, immediately
//!        ├──> InHand: another caller holds it ── its lease ends ──> New again
//!        └──> Done
//! ```
//!
//! The rules are listed at [`ReplayGuard`]. A delivery is handled exactly once, or at least once if processes
//! crash: a process that dies between its work and `done` leaves a claim whose lease ends, and the service
//! sends the delivery again.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::TOLERANCE;
use crate::tokens::StoreError;

/// The minimum time for which a guard remembers a handled delivery (600 s).
///
/// A repeated delivery can be verified for that long: twice the tolerance, since a timestamp may be 300 s
/// ahead.
pub const SHORTEST_MEMORY: Duration = Duration::from_secs(2 * TOLERANCE.as_secs());

/// Remembers which deliveries were handled. The blocking client calls it directly, the async one on a thread
/// pool.
///
/// [`ReplayMemory`](super::ReplayMemory) serves one process; several processes share a guard in a database.
/// The rules for an implementation:
///
/// * A claim is atomic: if several callers claim one id at the same time, in any process, at most one gets
///   [`Claimed::New`].
/// * A claim lasts for a lease, which the guard sets longer than a handler takes. Then the delivery is new
///   again.
/// * A claim releases only itself. If it ends after its lease, it does not touch the claim of the next
///   caller, and it never removes a handled delivery. So each claim has a unique token, compared before
///   anything is deleted.
/// * `done` marks the delivery as handled, even if another caller holds it by then or the guard has forgotten
///   it. It may be called again after a failure; two calls have the effect of one.
/// * A handled delivery is remembered for at least [`SHORTEST_MEMORY`] after its claim.
/// * A store with a clock uses its clock and ignores `now`, since the clocks of callers differ.
/// * Ids belong to one application and are compared byte for byte. A store that serves several applications
///   keeps their ids apart.
///
/// So a delivery is handled exactly once, or at least once if processes crash: the lease of an abandoned
/// claim ends, and the service sends the delivery again.
pub trait ReplayGuard: Send + Sync + 'static {
    /// Claims a delivery, unless it is claimed or handled. `now` is the time of the caller's wall clock.
    fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn ReplayClaim>, StoreError>;
}

/// The right to handle a delivery. Dropping it releases the delivery, without reporting errors.
pub trait ReplayClaim: Send + Sync {
    /// Records the delivery as handled, even if the lease has been lost. May be called again after an error.
    fn done(&mut self) -> Result<(), StoreError>;

    /// Releases the delivery immediately, unless it was handled. A lost lease is not an error.
    fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// The async variant of [`ReplayGuard`].
#[async_trait]
pub trait AsyncReplayGuard: Send + Sync + 'static {
    /// Claims a delivery, unless it is claimed or handled. `now` is the time of the caller's wall clock.
    async fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError>;
}

/// The async variant of [`ReplayClaim`].
#[async_trait]
pub trait AsyncReplayClaim: Send + Sync {
    /// Records the delivery as handled, even if the lease has been lost. May be called again after an error.
    async fn done(&mut self) -> Result<(), StoreError>;

    /// Releases the delivery immediately, unless it was handled. A lost lease is not an error.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// The result of claiming a delivery.
pub enum Claimed<C: ?Sized> {
    /// The delivery is new, and the caller may handle it.
    New(Box<C>),
    /// Another caller is handling the delivery.
    InHand,
    /// The delivery was handled.
    Done,
}

impl<C: ?Sized> Claimed<C> {
    /// Converts the claim of a new delivery.
    pub fn map<D: ?Sized>(self, wrap: impl FnOnce(Box<C>) -> Box<D>) -> Claimed<D> {
        match self {
            Self::New(claim) => Claimed::New(wrap(claim)),
            Self::InHand => Claimed::InHand,
            Self::Done => Claimed::Done,
        }
    }
}

impl<C: ?Sized> fmt::Debug for Claimed<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::New(_) => "New",
            Self::InHand => "InHand",
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
