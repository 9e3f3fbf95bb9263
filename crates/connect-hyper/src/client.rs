//! The client: the machines of the core, driven by tasks.

use std::{
    sync::{Arc, OnceLock},
    time::{Duration, Instant},
};

use connect_core::{
    AsyncStoreLock, AsyncTokenStore, AsyncTransport, ErrorKind, Request, Response, Timeout, TransportError,
    machine::{AtOnce, Locked, Now, RefreshStep, Registry, Session, Step, TokenTask},
};
use jiff::Timestamp;
use tokio::{
    runtime::Handle,
    sync::{Mutex, OwnedMutexGuard, Semaphore, watch},
    time::{sleep, timeout},
};

use crate::{Events, Pages};

connect_core::facade!(async);

/// Where the refreshes and the requests of one session queue.
#[derive(Debug, Default)]
pub(crate) struct Gates {
    /// One refresh at a time.
    refresh: Arc<Mutex<()>>,
    /// As many requests as the service takes from one user.
    slots: OnceLock<Semaphore>,
}

/// One application at Mobiscroll Connect, or at another authorization server: credentials, transport, token store, policy. Cheap to clone; clones
/// are the same client, and may be used from many tasks.
#[derive(Clone)]
pub struct Client(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) registry: Registry<Gates>,
    pub(crate) transport: Arc<dyn AsyncTransport>,
    pub(crate) store: Arc<dyn AsyncTokenStore>,
    pub(crate) started: Instant,
    /// The tasks that may hold a lock of the store, or have an exchange under way.
    pub(crate) places: Semaphore,
    pub(crate) busy: watch::Sender<Tasks>,
    #[cfg(feature = "webhooks")]
    pub(crate) receiver: crate::deliveries::Receiver,
}

/// What is under way that must not be cut off.
#[derive(Default)]
pub(crate) struct Tasks {
    /// How many tasks are changing tokens, or the state of deliveries.
    running: usize,
    /// Whether no more of those that change tokens begin.
    closed: bool,
}

impl Client {
    /// Sees that no token is lost with this client: waits for refreshes and saves in flight, and saves what
    /// could not be saved before, for at most this long. What is being kept of deliveries is waited for as well. From
    /// then on no tokens are loaded or changed any more: a call, a sign-in or a sign-out that would need that fails.
    /// Call it before the runtime ends, and again if it says that the time was over.
    pub async fn close(&self, at_most: Duration) -> Result<(), Error> {
        runtime()?;
        let deadline = self.now().monotonic.saturating_add(at_most);
        let everything = async {
            self.0.busy.send_modify(|tasks| tasks.closed = true);
            let mut busy = self.0.busy.subscribe();
            let _ = busy.wait_for(|tasks| tasks.running == 0).await;
            let mut outcome = Ok(());
            for member in self.0.registry.unsaved() {
                if let Some(refresh) = member.session.flush_pending(deadline) {
                    outcome = outcome.and(self.refresh_with(refresh, Busy::new).await); // one that fails keeps no other back
                }
            }
            outcome
        };
        let late = |_| {
            Err(Error::new(ErrorKind::Timeout).with_message("tokens or deliveries are still being saved"))
        };
        timeout(at_most, everything).await.unwrap_or_else(late)
    }

    pub(crate) fn now(&self) -> Now {
        Now { wall: Timestamp::now(), monotonic: self.0.started.elapsed() }
    }

    /// Sends a request as it is.
    pub(crate) async fn transmit(&self, request: Request) -> Result<Response, Error> {
        runtime()?;
        Ok(self.0.transport.send(request).await?)
    }

    pub(crate) async fn drive(&self, mut step: Step, gates: Option<&Gates>) -> Result<Response, Error> {
        runtime()?;
        loop {
            step = match step {
                Step::Send(request, next) => {
                    let outcome = match request.extensions().get().copied().zip(gates) {
                        Some((at_once, gates)) => self.send_in_turn(request, at_once, &gates.slots).await,
                        None => self.0.transport.send(request).await,
                    };
                    next.resume(outcome, self.now())
                }
                Step::Refresh(refresh, next) => next.resume(self.refresh(refresh).await, self.now()),
                Step::Sleep(time, next) => {
                    sleep(time).await;
                    next.resume(self.now())
                }
                Step::Done(outcome) => return outcome,
            };
        }
    }

    /// Sends a request when the service takes it, within the request's own time.
    async fn send_in_turn(
        &self,
        mut request: Request,
        AtOnce(at_once): AtOnce,
        slots: &OnceLock<Semaphore>,
    ) -> Result<Response, TransportError> {
        let slots = slots.get_or_init(|| Semaphore::new(at_once.get() as usize));
        let (time, asked) = (Timeout::of(&request), self.now().monotonic);
        let Ok(_slot) = timeout(time, slots.acquire()).await else { return Err(TransportError::no_turn()) };
        Timeout(time.saturating_sub(self.now().monotonic.saturating_sub(asked))).set(&mut request);
        self.0.transport.send(request).await
    }

    /// Carries out a task under the session's gate. Its steps go on when this future is dropped or its time is over.
    async fn refresh(&self, task: TokenTask) -> Result<(), Error> {
        self.refresh_with(task, Busy::unless_closed).await
    }

    async fn refresh_with<B>(&self, task: TokenTask, begin: impl FnOnce(Client) -> B) -> Result<(), Error>
    where
        B: Into<Option<Busy>>,
    {
        let Some(pass) = self.pass_gate(&task).await else { return Err(task.timed_out()) };
        let Some(busy) = begin(self.clone()).into() else { return Err(closed()) };
        let session = task.session().clone();
        let deadline = task.deadline();
        match task.start(self.now()) {
            RefreshStep::Done(outcome) => outcome,
            step => {
                let left = deadline.saturating_sub(self.now().monotonic);
                let late = |_| {
                    Err(Error::new(ErrorKind::Timeout).with_message("the tokens are still being refreshed"))
                };
                timeout(left, detach(busy, session, step, Some(pass))).await.unwrap_or_else(late)
            }
        }
    }

    /// Waits until no other task of the session is under way, within the caller's time.
    async fn pass_gate(&self, task: &TokenTask) -> Option<OwnedMutexGuard<()>> {
        let member = self.0.registry.member(&task.session().key().user);
        let left = task.deadline().saturating_sub(self.now().monotonic);
        timeout(left, member.gate.refresh.clone().lock_owned()).await.ok()
    }

    /// Begins a sign-in, and carries out its steps on a task of its own.
    pub(crate) async fn persist(
        &self,
        session: &Arc<Session>,
        begin: impl FnOnce(Now) -> RefreshStep,
    ) -> Result<(), Error> {
        runtime()?;
        let Some(busy) = Busy::unless_closed(self.clone()) else { return Err(closed()) };
        match begin(self.now()) {
            RefreshStep::Done(outcome) => outcome,
            step => detach(busy, session.clone(), step, None).await,
        }
    }

    async fn run(
        &self,
        session: &Session,
        mut step: RefreshStep,
        mut pass: Option<OwnedMutexGuard<()>>,
    ) -> Result<(), Error> {
        let (key, store) = (session.key(), &self.0.store);
        let mut lock = Locked::<dyn AsyncStoreLock>::new();
        let mut place = None;
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
                    place = timeout(left, self.0.places.acquire()).await.ok();
                    let tried = self.now();
                    let held = match &place {
                        Some(_) => lock.take(store.try_lock(key, lease).await),
                        None => Ok(false), // too many others hold one
                    };
                    if !matches!(held, Ok(true)) {
                        drop(place.take());
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
                    sleep(time).await;
                    next.resume(self.now())
                }
                RefreshStep::Release(next) => {
                    let released = match lock.release() {
                        Some(lock) => lock.release().await,
                        None => Ok(()),
                    };
                    // The next task need not wait for what the observer does.
                    drop((place.take(), pass.take()));
                    next.resume(released, self.now())
                }
                RefreshStep::Queue(task) => {
                    pass = self.pass_gate(&task).await;
                    if pass.is_none() {
                        return Err(task.timed_out());
                    }
                    task.start(self.now())
                }
                RefreshStep::Done(outcome) => {
                    drop(pass);
                    return outcome;
                }
            };
        }
    }
}

async fn detach(
    busy: Busy,
    session: Arc<Session>,
    step: RefreshStep,
    pass: Option<OwnedMutexGuard<()>>,
) -> Result<(), Error> {
    let task = runtime()?.spawn(async move { busy.0.run(&session, step, pass).await });
    task.await.unwrap_or_else(|error| {
        let what = if error.is_panic() {
            "the transport or the token store panicked while the tokens were changed"
        } else {
            "the runtime ended before the tokens were saved: call `close` first"
        };
        Err(Error::configuration(what).with_source(error))
    })
}

fn closed() -> Error {
    Error::configuration("the client is closed: it loads and changes no tokens any more, so make another one")
}

/// Counts a task that changes tokens, or the state of a delivery, for as long as it lives.
pub(crate) struct Busy(Client);

impl Busy {
    pub(crate) fn new(client: Client) -> Self {
        client.0.busy.send_modify(|tasks| tasks.running += 1);
        Self(client)
    }

    /// Nothing, once the client is closed.
    fn unless_closed(client: Client) -> Option<Self> {
        let open = client.0.busy.send_if_modified(|tasks| {
            tasks.running += usize::from(!tasks.closed);
            !tasks.closed
        });
        open.then(|| Self(client))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.0.busy.send_modify(|tasks| tasks.running -= 1);
    }
}

pub(crate) fn runtime() -> Result<Handle, Error> {
    Handle::try_current().map_err(|error| {
        Error::configuration("this client works inside a tokio runtime; without one, use the blocking client (`connect_blocking`)")
            .with_source(error)
    })
}
