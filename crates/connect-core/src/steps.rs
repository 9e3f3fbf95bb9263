//! The steps of everything that changes tokens: a refresh, a sign-in, a hand-over, a sign-out.
//!
//! ```text
//!   refresh   Lock -> Load -> [Save pending] -> Send -> Save -> Release -> Done
//!                          '-> adopt what another process saved ---^
//!   sign-in   Send -> Lock -> Load -> Save -> Release -> Done
//!   import            Lock -> Load -> Save -> Release -> Done
//!   sign-out  Lock -> Load -> Send -> [Sleep -> Send] -> Delete -> Release -> Done
//! ```
//!
//! A step carries the only value that takes its answer, so a driver cannot answer the wrong question, twice,
//! or not at all. The whole driver:
//!
//! ```
//! # use connect_core::*;
//! fn drive(
//!     mut step: RefreshStep, key: &TokenKey, store: &dyn TokenStore, transport: &dyn Transport, now: impl Fn() -> Now,
//! ) -> Result<(), Error> {
//!     let mut lock = Locked::<dyn StoreLock>::new();
//!     loop {
//!         step = match step {
//!             RefreshStep::Load(next) => next.resume(match lock.held() {
//!                 Some(lock) => lock.load(),
//!                 None => store.load(key),
//!             }, now()),
//!             RefreshStep::Lock(lease, next) => next.resume(lock.take(store.lock(key, lease)), now()),
//!             RefreshStep::Send(request, next) => next.resume(transport.send(request), now()),
//!             RefreshStep::Save(tokens, next) => next.resume(lock.with(|lock| lock.save(&tokens)), now()),
//!             RefreshStep::Delete(next) => next.resume(lock.with(|lock| lock.delete()), now()),
//!             RefreshStep::Sleep(time, next) => {
//!                 std::thread::sleep(time);
//!                 next.resume(now())
//!             }
//!             RefreshStep::Release(next) => next.resume(lock.release().map_or(Ok(()), |lock| lock.release()), now()),
//!             RefreshStep::Done(outcome) => return outcome,
//!         };
//!     }
//! }
//! ```

use std::{sync::Arc, time::Duration};

use crate::{Error, Now, Request, Response, Session, SessionEnded, StoreError, Tokens, TransportError};

/// What a driver is to do next, and what takes the answer.
#[must_use = "a step that is not carried out leaves the machine where it is"]
pub enum RefreshStep {
    /// Read the store: through the lock where one is held, else without.
    Load(Loading),
    /// Take the lock for this long.
    Lock(Duration, Locking),
    /// Send a request to the token endpoint. Its time is its own: it must not be cut short with its caller's.
    Send(Request, Exchanging),
    /// Save through the lock.
    Save(Tokens, Saving),
    /// Delete through the lock.
    Delete(Deleting),
    /// Wait this long: a revocation is tried again.
    Sleep(Duration, Resting),
    /// Give the lock back.
    Release(Releasing),
    /// The end.
    Done(Result<(), Error>),
}

/// A machine behind the steps: each method takes the answer to the step it asked for, so a machine has those
/// that it asks for.
pub(crate) trait Work: Send {
    fn loaded(self: Box<Self>, _: Result<Option<Tokens>, StoreError>, _: Now) -> RefreshStep {
        not_asked()
    }

    fn locked(self: Box<Self>, _: Result<(), StoreError>, _: Now) -> RefreshStep {
        not_asked()
    }

    fn sent(self: Box<Self>, _: Result<Response, TransportError>, _: Now) -> RefreshStep {
        not_asked()
    }

    fn saved(self: Box<Self>, _: Result<(), StoreError>, _: Now) -> RefreshStep {
        not_asked()
    }

    fn deleted(self: Box<Self>, _: Result<(), StoreError>, _: Now) -> RefreshStep {
        not_asked()
    }

    fn rested(self: Box<Self>, _: Now) -> RefreshStep {
        not_asked()
    }
}

fn not_asked() -> RefreshStep {
    RefreshStep::Done(Err(Error::configuration("an answer came to a question that was not asked")))
}

macro_rules! continuations {
    ($($(#[$doc:meta])* $name:ident($answer:ty) = $method:ident;)*) => {$(
        $(#[$doc])*
        #[must_use = "dropping it abandons the work"]
        pub struct $name(pub(crate) Box<dyn Work>);

        impl $name {
            /// Goes on with the answer.
            pub fn resume(self, answer: $answer, now: Now) -> RefreshStep {
                self.0.$method(answer, now)
            }
        }
    )*};
}

continuations! {
    /// Waits for what the store holds.
    Loading(Result<Option<Tokens>, StoreError>) = loaded;
    /// Waits for the lock.
    Locking(Result<(), StoreError>) = locked;
    /// Waits for the answer of the token endpoint.
    Exchanging(Result<Response, TransportError>) = sent;
    /// Waits for the save.
    Saving(Result<(), StoreError>) = saved;
    /// Waits for the deletion.
    Deleting(Result<(), StoreError>) = deleted;
}

/// Waits for time to pass.
#[must_use = "dropping it abandons the work"]
pub struct Resting(pub(crate) Box<dyn Work>);

impl Resting {
    /// Goes on.
    pub fn resume(self, now: Now) -> RefreshStep {
        self.0.rested(now)
    }
}

/// Waits for the lock to be given back.
#[must_use = "dropping it loses the outcome"]
pub struct Releasing {
    pub(crate) outcome: Result<(), Error>,
    /// What the observer is told once nobody has to wait for it any more.
    pub(crate) ended: Option<(Arc<Session>, SessionEnded)>,
}

impl Releasing {
    pub(crate) fn new(outcome: Result<(), Error>) -> Self {
        Self { outcome, ended: None }
    }

    /// Goes on. A lock that could not be given back ends with its lease; the outcome stands.
    pub fn resume(self, _released: Result<(), StoreError>, _now: Now) -> RefreshStep {
        if let Some((session, ended)) = self.ended {
            if let Some(observer) = &session.app().config().observer {
                observer.session_ended(ended);
            }
        }
        RefreshStep::Done(self.outcome)
    }
}

/// What a driver holds between the steps: the lock, once it has it.
pub struct Locked<L: ?Sized>(Option<Box<L>>);

impl<L: ?Sized> Locked<L> {
    /// Nothing is held yet.
    pub fn new() -> Self {
        Self(None)
    }

    /// Keeps a lock that was given.
    pub fn take(&mut self, lock: Result<Box<L>, StoreError>) -> Result<(), StoreError> {
        lock.map(|lock| self.0 = Some(lock))
    }

    /// The lock, if one is held.
    pub fn held(&mut self) -> Option<&mut Box<L>> {
        self.0.as_mut()
    }

    /// Does something with the lock; the machine asks for it only while one is held.
    pub fn with<T>(
        &mut self,
        action: impl FnOnce(&mut Box<L>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.held().map_or_else(|| Err(StoreError::lost_lease()), action)
    }

    /// Hands the lock out, to be released.
    pub fn release(&mut self) -> Option<Box<L>> {
        self.0.take()
    }
}

impl<L: ?Sized> Default for Locked<L> {
    fn default() -> Self {
        Self::new()
    }
}
