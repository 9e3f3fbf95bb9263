//! A delivery is handled once, although it may come several times: what a guard has to keep to.
//!
//! ```text
//!   claim(id, now) ──> New(claim) ── handled ──> claim.done() ───────> Done for everybody
//!        │                  └────── failed ──> claim.release(), or drop ──> New again, at once
//!        ├──> InHand: another holds it ── its lease ends ──> New again
//!        └──> Done
//! ```
//!
//! The rules are written on [`ReplayGuard`]. They make it once, and at least once where processes crash: one that dies
//! between its work and `done` leaves a claim whose lease ends, and the service sends the delivery again.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use jiff::Timestamp;

use super::TOLERANCE;
use crate::tokens::StoreError;

/// For how long a guard remembers what was handled, at least: as long as the same bytes may verify. That is twice the
/// tolerance, since a timestamp may lie 300 s ahead.
pub const SHORTEST_MEMORY: Duration = Duration::from_secs(2 * TOLERANCE.as_secs());

/// Remembers which deliveries were handled. Used by the blocking client, and by the asynchronous one on its blocking
/// pool.
///
/// A guard in the memory of one process is [`ReplayMemory`](super::ReplayMemory); where several take deliveries, they
/// share one in a database. What a guard keeps to:
///
/// * A claim is atomic: of all that claim one id at one time, in whatever process, at most one is [`Claimed::New`].
/// * A claim lasts for a lease, which the guard sets longer than a handler takes; after it the delivery is new again.
/// * A claim frees itself and nothing else: one that ends after its lease leaves the claim of its successor alone, and
///   none frees what is done. So each has a token of its own, which is compared before anything is deleted.
/// * `done` marks the delivery as handled, whoever has it in hand by then, and although the guard may have forgotten
///   it. It may be called again after a failure, and twice is once.
/// * What is done is remembered for [`SHORTEST_MEMORY`] at least, from when it was claimed.
/// * A store with a clock of its own uses that and ignores `now`: the clocks of its callers differ.
/// * Ids are those of one application, to the letter. A store that serves several keeps them apart.
///
/// So a delivery is handled once; and at least once across crashes, since the lease of a claim that nobody holds ends,
/// and the service sends the delivery again.
pub trait ReplayGuard: Send + Sync + 'static {
    /// Claims a delivery, unless it is claimed or done. `now` is the caller's wall clock.
    fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn ReplayClaim>, StoreError>;
}

/// The right to handle a delivery. Dropping it gives it back, as far as that goes without an answer.
pub trait ReplayClaim: Send + Sync {
    /// The delivery was handled: it is not handed out again. Also when the lease was lost meanwhile.
    ///
    /// After an error it may be called again.
    fn done(&mut self) -> Result<(), StoreError>;

    /// Gives the delivery back at once, unless it was done. A lost lease is no error: there is nothing to give back.
    fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// The asynchronous twin of [`ReplayGuard`].
#[async_trait]
pub trait AsyncReplayGuard: Send + Sync + 'static {
    /// Claims a delivery, unless it is claimed or done. `now` is the caller's wall clock.
    async fn claim(&self, id: &str, now: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError>;
}

/// The asynchronous twin of [`ReplayClaim`].
#[async_trait]
pub trait AsyncReplayClaim: Send + Sync {
    /// The delivery was handled: it is not handed out again. Also when the lease was lost meanwhile.
    ///
    /// After an error it may be called again.
    async fn done(&mut self) -> Result<(), StoreError>;

    /// Gives the delivery back at once, unless it was done. A lost lease is no error: there is nothing to give back.
    async fn release(self: Box<Self>) -> Result<(), StoreError>;
}

/// What came of a claim.
pub enum Claimed<C: ?Sized> {
    /// It is new, and the caller's.
    New(Box<C>),
    /// Somebody else has it in hand.
    InHand,
    /// It was handled.
    Done,
}

impl<C: ?Sized> Claimed<C> {
    /// The same with another kind of claim, if it is new.
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
