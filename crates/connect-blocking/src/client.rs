//! The blocking client: drives the state machines of the core on the calling thread.

use std::{
    num::NonZeroU32,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use connect_core::{
    ErrorKind, Request, Response, StoreLock, Timeout, TokenKey, TokenStore, Transport, TransportError,
    machine::{
        ConcurrencyLimit, Locked, MAX_TASKS_AT_ONCE, Now, RefreshStep, Registry, Session, Step, TokenTask,
    },
};
use jiff::Timestamp;

use crate::{
    Events, Pages,
    sync::{RunningThreads, Semaphore, SessionLocks, ThreadGuard, TimedLockGuard},
};

connect_core::facade!(blocking);

/// The blocking client of one application: credentials, transport, token store and policies.
///
/// Clones are cheap, share all state, and can be used from many threads.
///
/// ```no_run
/// # fn example(store: impl connect_blocking::TokenStore) -> Result<(), connect_blocking::Error> {
/// use std::time::Duration;
///
/// use connect_blocking::Client;
///
/// let client = Client::builder("client-id", "client-secret")
///     .redirect_uri("https://app.example/callback") // for sign-ins
///     .store(store)
///     .build()?;
/// let calendars = client.user("user-123").calendars().list()?;
/// client.close(Duration::from_secs(10))?; // before the process ends
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client(pub(crate) Arc<ClientInner>);

pub(crate) struct ClientInner {
    pub(crate) registry: Registry<SessionLocks>,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) started: Instant,
    /// Limits the threads that hold a lock of the store or have an exchange in progress.
    pub(crate) task_permits: Semaphore,
    /// The threads that are changing tokens.
    pub(crate) running: RunningThreads,
    #[cfg(feature = "webhooks")]
    pub(crate) receiver: crate::deliveries::Receiver,
}

impl Client {
    /// Closes the client without losing tokens.
    ///
    /// Waits for running refreshes and saves, and then saves pending pairs. Fails with a timeout after
    /// `at_most`.
    ///
    /// A closed client does not load or change tokens: a sign-in, a sign-out, and a call that needs to load
    /// or refresh tokens fail. A call of a user whose access token is in memory and has not expired still
    /// succeeds, because it cannot lose tokens. Call `close` before the process ends. If `close` times out,
    /// call it again.
    pub fn close(&self, at_most: Duration) -> Result<(), Error> {
        let deadline = self.now().monotonic.saturating_add(at_most);
        if !self.0.running.close_within(at_most) {
            return Err(Error::new(ErrorKind::Timeout)
                .with_message("the client is not closed yet: tokens are still being refreshed or saved"));
        }
        let mut outcome = Ok(());
        for member in self.0.registry.unsaved() {
            if let Some(refresh) = member.session.flush_pending(deadline) {
                // Saves the tokens of the other users even if one save fails.
                outcome = outcome.and(self.refresh_with(refresh, RunningThreads::enter));
            }
        }
        outcome
    }

    pub(crate) fn now(&self) -> Now {
        Now { wall: Timestamp::now(), monotonic: self.0.started.elapsed() }
    }

    pub(crate) fn transmit(&self, request: Request) -> Result<Response, Error> {
        Ok(self.0.transport.send(request)?)
    }

    pub(crate) fn drive(&self, mut step: Step, locks: Option<&SessionLocks>) -> Result<Response, Error> {
        loop {
            step = match step {
                Step::Send(request, next) => {
                    let outcome = match request.extensions().get().copied().zip(locks) {
                        Some((limit, locks)) => self.send_limited(request, limit, &locks.slots),
                        None => self.0.transport.send(request),
                    };
                    next.resume(outcome, self.now())
                }
                Step::Refresh(refresh, next) => next.resume(self.refresh(refresh), self.now()),
                Step::Sleep(time, next) => {
                    thread::sleep(time);
                    next.resume(self.now())
                }
                Step::Done(outcome) => return outcome,
            };
        }
    }

    /// Waits until fewer than `limit` requests of the user are running, then sends the request. The wait
    /// counts towards the timeout of the request.
    fn send_limited(
        &self,
        mut request: Request,
        ConcurrencyLimit(limit): ConcurrencyLimit,
        slots: &Semaphore,
    ) -> Result<Response, TransportError> {
        let (time, asked) = (Timeout::of(&request), self.now().monotonic);
        let Some(_slot) = slots.acquire_within(limit, time) else {
            return Err(TransportError::queue_timeout());
        };
        Timeout(time.saturating_sub(self.now().monotonic.saturating_sub(asked))).set(&mut request);
        self.0.transport.send(request)
    }

    /// Carries out a task while holding the session's refresh lock. An exchange that has started continues
    /// past the deadline until its result is saved.
    fn refresh(&self, task: TokenTask) -> Result<(), Error> {
        self.refresh_with(task, RunningThreads::enter_unless_closed)
    }

    fn refresh_with<'a, B>(
        &'a self,
        task: TokenTask,
        count: impl FnOnce(&'a RunningThreads) -> B,
    ) -> Result<(), Error>
    where
        B: Into<Option<ThreadGuard<'a>>>,
    {
        let member = self.0.registry.member(&task.session().key().user);
        let guard = self.lock_refresh(&member.gate, &task);
        if guard.is_none() {
            return Err(task.timed_out());
        }
        let Some(_running) = count(&self.0.running).into() else { return Err(closed()) };
        self.run(&task.session().clone(), task.start(self.now()), guard)
    }

    /// Waits for the session's refresh lock, until the deadline of the task.
    fn lock_refresh<'a>(&self, locks: &'a SessionLocks, task: &TokenTask) -> Option<TimedLockGuard<'a>> {
        locks.refresh.lock_within(task.deadline().saturating_sub(self.now().monotonic))
    }

    /// Carries out the steps of a sign-in or of an import of tokens, which `begin` starts.
    pub(crate) fn persist(
        &self,
        session: &Arc<Session>,
        begin: impl FnOnce(Now) -> RefreshStep,
    ) -> Result<(), Error> {
        let Some(_running) = self.0.running.enter_unless_closed() else { return Err(closed()) };
        self.run(session, begin(self.now()), None)
    }

    fn run(
        &self,
        session: &Session,
        mut step: RefreshStep,
        guard: Option<TimedLockGuard<'_>>,
    ) -> Result<(), Error> {
        let (key, store): (&TokenKey, &dyn TokenStore) = (session.key(), &self.0.store);
        let member = self.0.registry.member(&key.user);
        let mut lock = Locked::<dyn StoreLock>::new();
        let (mut guard, mut permit) = (guard, None);
        loop {
            step = match step {
                RefreshStep::Load(next) => {
                    let stored = match lock.held() {
                        Some(lock) => lock.load(),
                        None => store.load(key),
                    };
                    next.resume(stored, self.now())
                }
                RefreshStep::TryLock(lease, next) => {
                    let left = next.deadline().saturating_sub(self.now().monotonic);
                    permit = self.0.task_permits.acquire_within(MAX_TASKS, left);
                    let tried = self.now();
                    let held = match &permit {
                        Some(_) => lock.take(store.try_lock(key, lease)),
                        None => Ok(false), // too many threads hold a lock
                    };
                    if !matches!(held, Ok(true)) {
                        drop(permit.take());
                    }
                    next.resume(held, tried, self.now())
                }
                RefreshStep::Prepare(next) => next.resume(lock.with(|lock| lock.prepare()), self.now()),
                RefreshStep::Send(request, next) => next.resume(self.0.transport.send(request), self.now()),
                RefreshStep::Save(tokens, next) => {
                    next.resume(lock.with(|lock| lock.save(&tokens)), self.now())
                }
                RefreshStep::Delete(next) => next.resume(lock.with(|lock| lock.delete()), self.now()),
                RefreshStep::Sleep(time, next) => {
                    thread::sleep(time);
                    next.resume(self.now())
                }
                RefreshStep::Release(next) => {
                    let released = lock.release().map_or(Ok(()), |lock| lock.release());
                    // Lets the next task start before the observer runs.
                    drop((permit.take(), guard.take()));
                    next.resume(released, self.now())
                }
                RefreshStep::Queue(task) => {
                    guard = self.lock_refresh(&member.gate, &task);
                    if guard.is_none() {
                        return Err(task.timed_out());
                    }
                    task.start(self.now())
                }
                RefreshStep::Done(outcome) => {
                    drop(guard);
                    return outcome;
                }
            };
        }
    }
}

const MAX_TASKS: NonZeroU32 = NonZeroU32::new(MAX_TASKS_AT_ONCE).unwrap();

fn closed() -> Error {
    Error::configuration("the client is closed and no longer loads or changes tokens (create a new client)")
}
