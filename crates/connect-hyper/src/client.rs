//! The async client: drives the state machines of the core, with a task for each change of tokens.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use connect_core::{
    AsyncStoreLock, AsyncTokenStore, AsyncTransport, ErrorKind, Request, Response, Timeout, TransportError,
    machine::{ConcurrencyLimit, Locked, Now, RefreshStep, Registry, Session, Step, TokenTask},
};
use jiff::Timestamp;
use tokio::sync::{Mutex, OwnedMutexGuard, Semaphore, watch};

use crate::{
    Events, Pages,
    runtime::{Executor, TaskEnded},
};

connect_core::facade!(async);

/// Limits the refreshes and requests that run at the same time for one session.
#[derive(Debug, Default)]
pub(crate) struct SessionLocks {
    /// The lock that a refresh or a sign-out holds, so that only one of them runs at a time.
    refresh: Arc<Mutex<()>>,
    /// Limits the requests that run at the same time.
    slots: OnceLock<Semaphore>,
}

/// The async client of one application: credentials, transport, token store and policies.
///
/// Clones are cheap, share all state, and can be used from many tasks.
///
/// ```no_run
/// # async fn example(store: impl connect_hyper::TokenStore) -> Result<(), connect_hyper::Error> {
/// use std::time::Duration;
///
/// use connect_hyper::Client;
///
/// let client = Client::builder("client-id", "client-secret")
///     .redirect_uri("https://app.example/callback") // for sign-ins
///     .store(store)
///     .build()?;
/// let calendars = client.user("user-123").calendars().list().await?;
/// client.close(Duration::from_secs(10)).await?; // before the process ends
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Client(pub(crate) Arc<ClientInner>);

pub(crate) struct ClientInner {
    pub(crate) registry: Registry<SessionLocks>,
    pub(crate) transport: Arc<dyn AsyncTransport>,
    pub(crate) store: Arc<dyn AsyncTokenStore>,
    pub(crate) runtime: Executor,
    pub(crate) started: Instant,
    /// Limits the number of tasks that hold a lock of the store or run an exchange.
    pub(crate) task_permits: Semaphore,
    pub(crate) running: watch::Sender<RunningTasks>,
    #[cfg(feature = "webhooks")]
    pub(crate) receiver: crate::deliveries::Receiver,
}

/// The running tasks that must finish before the runtime ends.
#[derive(Default)]
pub(crate) struct RunningTasks {
    /// The number of tasks that change tokens or mark a delivery as handled or released.
    count: usize,
    /// Whether the client is closed. If so, `TaskGuard::new_unless_closed` counts no further task.
    closed: bool,
}

impl Client {
    /// Closes the client without losing tokens.
    ///
    /// Waits for running refreshes and saves, and for deliveries that are being marked as handled or
    /// released. Then saves pending pairs. Fails with a timeout after `at_most`.
    ///
    /// A closed client does not load or change tokens: a sign-in, a sign-out, and a call that needs to load
    /// or refresh tokens fail. A call of a user whose access token is in memory and has not expired still
    /// succeeds, because it cannot lose tokens. Call `close` before the runtime ends. If `close` times out,
    /// call it again.
    pub async fn close(&self, at_most: Duration) -> Result<(), Error> {
        let runtime = self.0.runtime.current()?;
        let deadline = self.now().monotonic.saturating_add(at_most);
        let close = async {
            self.0.running.send_modify(|tasks| tasks.closed = true);
            let mut running = self.0.running.subscribe();
            let _ = running.wait_for(|tasks| tasks.count == 0).await;
            let mut outcome = Ok(());
            for member in self.0.registry.unsaved() {
                if let Some(refresh) = member.session.flush_pending(deadline) {
                    // Saves the tokens of the other users even if one save fails.
                    outcome = outcome.and(self.refresh_with(refresh, TaskGuard::new).await);
                }
            }
            outcome
        };
        runtime.timeout(at_most, close).await.unwrap_or_else(|| {
            Err(Error::new(ErrorKind::Timeout)
                .with_message("the client is not closed yet: tokens or deliveries are still being saved"))
        })
    }

    pub(crate) fn now(&self) -> Now {
        Now { wall: Timestamp::now(), monotonic: self.0.started.elapsed() }
    }

    pub(crate) async fn transmit(&self, request: Request) -> Result<Response, Error> {
        self.0.runtime.current()?;
        Ok(self.0.transport.send(request).await?)
    }

    pub(crate) async fn drive(
        &self,
        mut step: Step,
        locks: Option<&SessionLocks>,
    ) -> Result<Response, Error> {
        self.0.runtime.current()?;
        loop {
            step = match step {
                Step::Send(request, next) => {
                    let outcome = match request.extensions().get().copied().zip(locks) {
                        Some((limit, locks)) => self.send_limited(request, limit, &locks.slots).await,
                        None => self.0.transport.send(request).await,
                    };
                    next.resume(outcome, self.now())
                }
                Step::Refresh(refresh, next) => next.resume(self.refresh(refresh).await, self.now()),
                Step::Sleep(time, next) => {
                    self.0.runtime.sleep(time).await;
                    next.resume(self.now())
                }
                Step::Done(outcome) => return outcome,
            };
        }
    }

    /// Waits until fewer than `limit` requests of the user are running, then sends the request. The wait
    /// counts towards the timeout of the request.
    async fn send_limited(
        &self,
        mut request: Request,
        ConcurrencyLimit(limit): ConcurrencyLimit,
        slots: &OnceLock<Semaphore>,
    ) -> Result<Response, TransportError> {
        let slots = slots.get_or_init(|| Semaphore::new(limit.get() as usize));
        let (time, asked) = (Timeout::of(&request), self.now().monotonic);
        let Some(_slot) = self.0.runtime.timeout(time, slots.acquire()).await else {
            return Err(TransportError::queue_timeout());
        };
        Timeout(time.saturating_sub(self.now().monotonic.saturating_sub(asked))).set(&mut request);
        self.0.transport.send(request).await
    }

    /// Carries out a task while holding the session's refresh lock. The steps of the task continue if this
    /// future is dropped or times out.
    async fn refresh(&self, task: TokenTask) -> Result<(), Error> {
        self.refresh_with(task, TaskGuard::new_unless_closed).await
    }

    async fn refresh_with<B>(&self, task: TokenTask, count: impl FnOnce(Client) -> B) -> Result<(), Error>
    where
        B: Into<Option<TaskGuard>>,
    {
        let Some(guard) = self.lock_refresh(&task).await else { return Err(task.timed_out()) };
        let Some(running) = count(self.clone()).into() else { return Err(closed()) };
        let session = task.session().clone();
        let deadline = task.deadline();
        match task.start(self.now()) {
            RefreshStep::Done(outcome) => outcome,
            step => {
                let left = deadline.saturating_sub(self.now().monotonic);
                let task = detach(running, session, step, Some(guard));
                self.0.runtime.timeout(left, task).await.unwrap_or_else(|| {
                    Err(Error::new(ErrorKind::Timeout).with_message("the tokens are still being changed"))
                })
            }
        }
    }

    /// Waits for the session's refresh lock, until the deadline of the task.
    async fn lock_refresh(&self, task: &TokenTask) -> Option<OwnedMutexGuard<()>> {
        let member = self.0.registry.member(&task.session().key().user);
        let left = task.deadline().saturating_sub(self.now().monotonic);
        self.0.runtime.timeout(left, member.gate.refresh.clone().lock_owned()).await
    }

    /// Starts a sign-in or an import, and carries out its steps as a separate task.
    pub(crate) async fn persist(
        &self,
        session: &Arc<Session>,
        begin: impl FnOnce(Now) -> RefreshStep,
    ) -> Result<(), Error> {
        self.0.runtime.current()?;
        let Some(running) = TaskGuard::new_unless_closed(self.clone()) else { return Err(closed()) };
        match begin(self.now()) {
            RefreshStep::Done(outcome) => outcome,
            step => detach(running, session.clone(), step, None).await,
        }
    }

    async fn run(
        &self,
        session: &Session,
        mut step: RefreshStep,
        mut guard: Option<OwnedMutexGuard<()>>,
    ) -> Result<(), Error> {
        let (key, store) = (session.key(), &self.0.store);
        let mut lock = Locked::<dyn AsyncStoreLock>::new();
        let mut permit = None;
        loop {
            step = match step {
                RefreshStep::Load(next) => {
                    let stored = match lock.held() {
                        Some(lock) => lock.load().await,
                        None => store.load(key).await,
                    };
                    next.resume(stored, self.now())
                }
                RefreshStep::TryLock(lease, next) => {
                    let left = next.deadline().saturating_sub(self.now().monotonic);
                    permit = self
                        .0
                        .runtime
                        .timeout(left, self.0.task_permits.acquire())
                        .await
                        .and_then(Result::ok);
                    let tried = self.now();
                    let held = match &permit {
                        Some(_) => lock.take(store.try_lock(key, lease).await),
                        None => Ok(false), // too many tasks hold a lock
                    };
                    if !matches!(held, Ok(true)) {
                        drop(permit.take());
                    }
                    next.resume(held, tried, self.now())
                }
                RefreshStep::Prepare(next) => {
                    let prepared = match lock.required() {
                        Ok(lock) => lock.prepare().await,
                        Err(error) => Err(error),
                    };
                    next.resume(prepared, self.now())
                }
                RefreshStep::Send(request, next) => {
                    next.resume(self.0.transport.send(request).await, self.now())
                }
                RefreshStep::Save(tokens, next) => {
                    let saved = match lock.required() {
                        Ok(lock) => lock.save(&tokens).await,
                        Err(error) => Err(error),
                    };
                    next.resume(saved, self.now())
                }
                RefreshStep::Delete(next) => {
                    let deleted = match lock.required() {
                        Ok(lock) => lock.delete().await,
                        Err(error) => Err(error),
                    };
                    next.resume(deleted, self.now())
                }
                RefreshStep::Sleep(time, next) => {
                    self.0.runtime.sleep(time).await;
                    next.resume(self.now())
                }
                RefreshStep::Release(next) => {
                    let released = match lock.release() {
                        Some(lock) => lock.release().await,
                        None => Ok(()),
                    };
                    // Lets the next task start before the observer runs.
                    drop((permit.take(), guard.take()));
                    next.resume(released, self.now())
                }
                RefreshStep::Queue(task) => {
                    guard = self.lock_refresh(&task).await;
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

async fn detach(
    running: TaskGuard,
    session: Arc<Session>,
    step: RefreshStep,
    guard: Option<OwnedMutexGuard<()>>,
) -> Result<(), Error> {
    let runtime = running.0.0.runtime.current()?;
    let task = runtime.spawn(async move { running.0.run(&session, step, guard).await });
    task.await.unwrap_or_else(|ended| {
        Err(Error::configuration(match ended {
            TaskEnded::Panicked => "the transport or the token store panicked while the tokens were changed",
            TaskEnded::Dropped => {
                "the runtime ended before the tokens were saved (call `Client::close` before it ends)"
            }
        }))
    })
}

fn closed() -> Error {
    Error::configuration("the client is closed and no longer loads or changes tokens (create a new client)")
}

/// Counts a task as running while this value exists.
pub(crate) struct TaskGuard(Client);

impl TaskGuard {
    pub(crate) fn new(client: Client) -> Self {
        client.0.running.send_modify(|tasks| tasks.count += 1);
        Self(client)
    }

    /// Returns `None` if the client is closed.
    fn new_unless_closed(client: Client) -> Option<Self> {
        let open = client.0.running.send_if_modified(|tasks| {
            tasks.count += usize::from(!tasks.closed);
            !tasks.closed
        });
        open.then(|| Self(client))
    }
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.0.0.running.send_modify(|tasks| tasks.count -= 1);
    }
}
