//! The steps of every task that changes a user's tokens: a refresh, a sign-in, an import, a sign-out.
//!
//! ```text
//!   refresh   TryLock -> Load -> [Save pending] -> Prepare -> Send -> Save -> Release -> Done
//!               ^  |        '-> use the pair that another process saved -----^
//!             Sleep<- another holder has the lock
//!   sign-in   Send -> Queue: TryLock -> Load -> Save -> Release -> Done
//!   import            Queue: TryLock -> Load -> Save -> Release -> Done
//!   sign-out  TryLock -> Load -> Send -> [Sleep -> Send] -> Delete -> Release -> Done
//! ```

use std::{fmt, sync::Arc, time::Duration};

use crate::{
    app::SessionEnded,
    base::{Error, Now, Request, Response, TransportError, opaque},
    session::{Session, TokenTask, trace},
    tokens::{StoreError, Tokens, Written},
};

/// The maximum number of tasks of one client that may hold a lock of the store at the same time.
///
/// If this many tasks hold a lock, the driver waits before it performs the next
/// [`RefreshStep::TryLock`], at most until [`Locking::deadline`].
pub const MAX_TASKS_AT_ONCE: u32 = 128;

/// The next step of a task, with the continuation that takes the result of the step.
///
/// A driver resumes the continuation with the result of the step. Only the continuation of the current step
/// exists, so a driver cannot resume a wrong step, or resume twice. The enum is exhaustive on purpose: a
/// driver that leaves out a step does not compile. A complete driver for one thread:
///
/// ```
/// # use connect_core::{machine::*, *};
/// fn drive(
///     mut step: RefreshStep, key: &TokenKey, store: &dyn TokenStore, transport: &dyn Transport,
///     now: impl Fn() -> Now,
/// ) -> Result<(), Error> {
///     let mut lock = Locked::<dyn StoreLock>::new();
///     loop {
///         step = match step {
///             RefreshStep::Load(next) => next.resume(match lock.held() {
///                 Some(lock) => lock.load(),
///                 None => store.load(key),
///             }, now()),
///             RefreshStep::TryLock(lease, next) => {
///                 let tried = now();
///                 next.resume(lock.take(store.try_lock(key, lease)), tried, now())
///             }
///             RefreshStep::Prepare(next) => next.resume(lock.with(|lock| lock.prepare()), now()),
///             RefreshStep::Send(request, next) => next.resume(transport.send(request), now()),
///             RefreshStep::Save(tokens, next) => {
///                 next.resume(lock.with(|lock| lock.save(&tokens)), now())
///             }
///             RefreshStep::Delete(next) => next.resume(lock.with(|lock| lock.delete()), now()),
///             RefreshStep::Sleep(time, next) => {
///                 std::thread::sleep(time);
///                 next.resume(now())
///             }
///             RefreshStep::Release(next) => {
///                 next.resume(lock.release().map_or(Ok(()), |lock| lock.release()), now())
///             }
///             RefreshStep::Queue(task) => task.start(now()), // with several threads: take the gate first
///             RefreshStep::Done(outcome) => return outcome,
///         };
///     }
/// }
/// ```
#[must_use = "a task makes no progress until its step is performed"]
pub enum RefreshStep {
    /// Load the tokens. If the driver holds the lock, use [`StoreLock::load`](crate::StoreLock::load),
    /// otherwise [`TokenStore::load`](crate::TokenStore::load).
    Load(Loading),
    /// Try once to take the store's lock, with this lease.
    TryLock(Duration, Locking),
    /// Call [`StoreLock::prepare`](crate::StoreLock::prepare), which checks that a save will be possible.
    Prepare(Preparing),
    /// Send this request to the token endpoint. Do not abort the request when the caller is
    /// cancelled or times out.
    Send(Request, Exchanging),
    /// Save these tokens with [`StoreLock::save`](crate::StoreLock::save).
    Save(Tokens, Saving),
    /// Delete the tokens with [`StoreLock::delete`](crate::StoreLock::delete).
    Delete(Deleting),
    /// Wait this long.
    Sleep(Duration, RefreshSleeping),
    /// Release the lock.
    Release(Releasing),
    /// Take the session's gate, start the task, and continue with its steps.
    Queue(TokenTask),
    /// The task has ended.
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

opaque!(Loading, Preparing, Exchanging, Saving, Deleting, Locking, RefreshSleeping, Releasing);

/// A state machine: each method takes the result of one kind of step, and returns the next step.
///
/// An implementation needs only the methods for the kinds of steps that it returns.
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
        "the driver resumed the wrong step: the current step does not expect this result",
    )))
}

macro_rules! continuations {
    ($($(#[$doc:meta])* $name:ident($result:ty) = $method:ident;)*) => {$(
        $(#[$doc])*
        #[must_use = "dropping the continuation abandons the task"]
        pub struct $name(pub(crate) Box<dyn Work>);

        impl $name {
            /// Takes the result of the step and returns the next step.
            pub fn resume(self, result: $result, now: Now) -> RefreshStep {
                self.0.$method(result, now)
            }
        }
    )*};
}

continuations! {
    /// The continuation of [`RefreshStep::Load`].
    Loading(Result<Option<Tokens>, StoreError>) = loaded;
    /// The continuation of [`RefreshStep::Prepare`].
    Preparing(Result<(), StoreError>) = prepared;
    /// The continuation of [`RefreshStep::Send`].
    Exchanging(Result<Response, TransportError>) = sent;
    /// The continuation of [`RefreshStep::Save`].
    Saving(Result<Written, StoreError>) = saved;
    /// The continuation of [`RefreshStep::Delete`].
    Deleting(Result<Written, StoreError>) = deleted;
}

/// The continuation of [`RefreshStep::TryLock`].
#[must_use = "dropping the continuation abandons the task"]
pub struct Locking {
    pub(crate) work: Box<dyn Work>,
    pub(crate) deadline: Duration,
}

impl Locking {
    /// Returns the monotonic time until which the caller waits for the lock.
    pub fn deadline(&self) -> Duration {
        self.deadline
    }

    /// Takes the result of the try and returns the next step.
    ///
    /// `held` says whether the lock was taken. `tried` is the time just before the try.
    pub fn resume(self, held: Result<bool, StoreError>, tried: Now, now: Now) -> RefreshStep {
        self.work.locked(held, tried.monotonic, now)
    }
}

/// The continuation of [`RefreshStep::Sleep`].
#[must_use = "dropping the continuation abandons the task"]
pub struct RefreshSleeping(pub(crate) Box<dyn Work>);

impl RefreshSleeping {
    /// Returns the next step.
    pub fn resume(self, now: Now) -> RefreshStep {
        self.0.rested(now)
    }
}

/// The continuation of [`RefreshStep::Release`].
#[must_use = "dropping the continuation loses the outcome of the task"]
pub struct Releasing {
    pub(crate) outcome: Result<(), Error>,
    /// The event for the observer, sent after the lock is released.
    pub(crate) ended: Option<(Arc<Session>, SessionEnded)>,
}

impl Releasing {
    pub(crate) fn new(outcome: Result<(), Error>) -> Self {
        Self { outcome, ended: None }
    }

    /// Returns the outcome of the task, even if the release failed. A lock whose release failed ends with its
    /// lease.
    pub fn resume(self, _released: Result<(), StoreError>, _now: Now) -> RefreshStep {
        if let Some((session, ended)) = self.ended {
            if let Some(observer) = &session.app().config().observer {
                observer.session_ended(ended);
            }
        }
        RefreshStep::Done(self.outcome)
    }
}

/// Notifies the observer of a write that a crash may undo. The write is treated as successful.
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

/// The store's lock, if the driver holds it.
pub struct Locked<L: ?Sized>(Option<Box<L>>);

impl<L: ?Sized> Locked<L> {
    /// Creates a value without a lock.
    pub fn new() -> Self {
        Self(None)
    }

    /// Stores the lock, if it was taken. Returns the argument `held` for [`Locking::resume`].
    pub fn take(&mut self, tried: Result<Option<Box<L>>, StoreError>) -> Result<bool, StoreError> {
        self.0 = tried?;
        Ok(self.0.is_some())
    }

    /// Returns the lock, if it is held.
    pub fn held(&mut self) -> Option<&mut Box<L>> {
        self.0.as_mut()
    }

    /// Returns the lock.
    ///
    /// # Errors
    /// If no lock is held. A driver that performs all steps never gets this error.
    pub fn required(&mut self) -> Result<&mut Box<L>, StoreError> {
        self.held().ok_or_else(StoreError::lost_lease)
    }

    /// Calls `action` with the lock.
    ///
    /// # Errors
    /// The errors of [`required`](Self::required) and of `action`.
    pub fn with<T>(
        &mut self,
        action: impl FnOnce(&mut Box<L>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        action(self.required()?)
    }

    /// Removes the lock and returns it, so that the driver can release it.
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
