//! The steps of all work on a user's tokens: a refresh, a sign-in, an import, a sign-out.
//!
//! ```text
//!   refresh   TryLock -> Load -> [Save pending] -> Prepare -> Send -> Save -> Release -> Done
//!               ^  |        '-> adopt the pair that another process saved ---^
//!             Sleep<- the lock is not free
//!   sign-in   Send -> Queue: TryLock -> Load -> Save -> Release -> Done
//!   import            Queue: TryLock -> Load -> Save -> Release -> Done
//!   sign-out  TryLock -> Load -> Send -> [Sleep -> Send] -> Delete -> Release -> Done
//! ```
//!
//! A step carries the only value that takes its response, so a driver cannot answer the wrong step, answer twice, or
//! forget to. The whole driver, for one thread:
//!
//! ```
//! # use connect_core::{machine::*, *};
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
//!             RefreshStep::TryLock(lease, next) => {
//!                 let tried = now();
//!                 next.resume(lock.take(store.try_lock(key, lease)), tried, now())
//!             }
//!             RefreshStep::Prepare(next) => next.resume(lock.with(|lock| lock.prepare()), now()),
//!             RefreshStep::Send(request, next) => next.resume(transport.send(request), now()),
//!             RefreshStep::Save(tokens, next) => next.resume(lock.with(|lock| lock.save(&tokens)), now()),
//!             RefreshStep::Delete(next) => next.resume(lock.with(|lock| lock.delete()), now()),
//!             RefreshStep::Sleep(time, next) => {
//!                 std::thread::sleep(time);
//!                 next.resume(now())
//!             }
//!             RefreshStep::Release(next) => next.resume(lock.release().map_or(Ok(()), |lock| lock.release()), now()),
//!             RefreshStep::Queue(task) => task.start(now()), // with more than one thread: first take the session's gate
//!             RefreshStep::Done(outcome) => return outcome,
//!         };
//!     }
//! }
//! ```

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    app::SessionEnded,
    base::{Error, Now, Request, Response, TransportError, opaque},
    session::{Session, TokenTask, trace},
    tokens::{StoreError, Tokens, Written},
};

/// How many tasks of a client may hold a lock of the store at a time; a refresh token is exchanged under it. Both clients
/// wait for a place before [`RefreshStep::TryLock`], within [`Locking::deadline`].
pub const MAX_TASKS_AT_ONCE: u32 = 128;

/// The driver's next action, with the continuation that takes its result.
///
/// Exhaustive on purpose: a driver that leaves out a step does not compile.
#[must_use = "a step that is not carried out leaves the work where it is"]
pub enum RefreshStep {
    /// Read the store: through the lock if one is held, otherwise without.
    Load(Loading),
    /// Try once to take the store's lock for this lease.
    TryLock(Duration, Locking),
    /// Have the lock check that a save will be possible.
    Prepare(Preparing),
    /// Send a request to the token endpoint. Its timeout is its own: it must not be cut short with its caller's.
    Send(Request, Exchanging),
    /// Save through the lock.
    Save(Tokens, Saving),
    /// Delete through the lock.
    Delete(Deleting),
    /// Wait this long.
    Sleep(Duration, Resting),
    /// Give the lock back.
    Release(Releasing),
    /// Queue at the session's gate, start the task there, and go on with its steps.
    Queue(TokenTask),
    /// The end.
    Done(Result<(), Error>),
}

impl fmt::Debug for RefreshStep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Load(_) => "Load",
            Self::TryLock(..) => "TryLock",
            Self::Prepare(_) => "Prepare",
            Self::Send(..) => "Send",
            Self::Save(..) => "Save",
            Self::Delete(_) => "Delete",
            Self::Sleep(..) => "Sleep",
            Self::Release(_) => "Release",
            Self::Queue(_) => "Queue",
            Self::Done(_) => "Done",
        })
    }
}

opaque!(Loading, Preparing, Exchanging, Saving, Deleting, Locking, Resting, Releasing);

/// A machine behind the steps: each method takes the answer to the step it asked for, so a machine has those
/// that it asks for.
pub(crate) trait Work: Send {
    fn loaded(self: Box<Self>, _: Result<Option<Tokens>, StoreError>, _: Now) -> RefreshStep {
        unexpected_result()
    }

    fn locked(self: Box<Self>, _: Result<bool, StoreError>, _: Duration, _: Now) -> RefreshStep {
        unexpected_result()
    }

    fn prepared(self: Box<Self>, _: Result<(), StoreError>, _: Now) -> RefreshStep {
        unexpected_result()
    }

    fn sent(self: Box<Self>, _: Result<Response, TransportError>, _: Now) -> RefreshStep {
        unexpected_result()
    }

    fn saved(self: Box<Self>, _: Result<Written, StoreError>, _: Now) -> RefreshStep {
        unexpected_result()
    }

    fn deleted(self: Box<Self>, _: Result<Written, StoreError>, _: Now) -> RefreshStep {
        unexpected_result()
    }

    fn rested(self: Box<Self>, _: Now) -> RefreshStep {
        unexpected_result()
    }
}

fn unexpected_result() -> RefreshStep {
    RefreshStep::Done(Err(Error::configuration(
        "this step does not expect a result: the driver resumed the wrong one",
    )))
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
    /// Waits for the tokens in the store.
    Loading(Result<Option<Tokens>, StoreError>) = loaded;
    /// Waits for the check that a save will be possible.
    Preparing(Result<(), StoreError>) = prepared;
    /// Waits for the response of the token endpoint.
    Exchanging(Result<Response, TransportError>) = sent;
    /// Waits for the save.
    Saving(Result<Written, StoreError>) = saved;
    /// Waits for the deletion.
    Deleting(Result<Written, StoreError>) = deleted;
}

/// Waits for the store's lock.
#[must_use = "dropping it abandons the work"]
pub struct Locking {
    pub(crate) work: Box<dyn Work>,
    pub(crate) deadline: Duration,
}

impl Locking {
    /// The monotonic time until which the caller waits for the lock: also for a driver's own bound on locks.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Goes on with whether the lock is held now. `tried` is the time right before the try: the lease may run since then.
    pub fn resume(self, held: Result<bool, StoreError>, tried: Now, now: Now) -> RefreshStep {
        self.work.locked(held, tried.monotonic, now)
    }
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
    /// What the observer is told once the lock is given back.
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

/// Tells the observer of a write that a crash may undo; for the caller it has happened.
pub(crate) fn notify_unless_synced(
    session: &Session,
    outcome: Result<Written, StoreError>,
) -> Result<(), StoreError> {
    if let Written::NotSynced(error) = outcome? {
        trace::not_synced(&error);
        if let Some(observer) = &session.app().config().observer {
            observer.not_synced(session.key(), &error);
        }
    }
    Ok(())
}

/// The lock that a driver holds between the steps.
pub struct Locked<L: ?Sized>(Option<Box<L>>);

impl<L: ?Sized> Locked<L> {
    /// Nothing is held yet.
    pub fn new() -> Self {
        Self(None)
    }

    /// Keeps the lock that a try brought, if it did: the result that [`Locking::resume`] takes.
    pub fn take(&mut self, tried: Result<Option<Box<L>>, StoreError>) -> Result<bool, StoreError> {
        self.0 = tried?;
        Ok(self.0.is_some())
    }

    /// The lock, if one is held.
    pub fn held(&mut self) -> Option<&mut Box<L>> {
        self.0.as_mut()
    }

    /// The lock; an error where none is held, for which the machine does not ask.
    pub fn required(&mut self) -> Result<&mut Box<L>, StoreError> {
        self.held().ok_or_else(StoreError::lost_lease)
    }

    /// Does something with the lock.
    pub fn with<T>(
        &mut self,
        action: impl FnOnce(&mut Box<L>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        action(self.required()?)
    }

    /// Hands the lock out, to be released.
    pub fn release(&mut self) -> Option<Box<L>> {
        self.0.take()
    }
}

impl<L: ?Sized> fmt::Debug for Locked<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Locked").field("is_held", &self.0.is_some()).finish()
    }
}

impl<L: ?Sized> Default for Locked<L> {
    fn default() -> Self {
        Self::new()
    }
}
