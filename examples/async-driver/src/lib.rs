//! A driver of the core for futures on one thread. The host has the clocks, the timers and the HTTP library.

use std::{sync::Arc, time::Duration};

use async_lock::Mutex;
use connect_core::{
    App, Callback, Endpoint, Error, MemoryStore, PendingSignIn, Reply, Request, Response, SignIn, StoreLock,
    TokenStore, TransportError,
    machine::{Call, Locked, Now, RefreshStep, Session, Step, TokenTask},
};

/// What the driver needs from its surroundings.
#[allow(async_fn_in_trait)] // the futures stay on one thread, so they need not be `Send`
pub trait Host {
    fn now(&self) -> Now;
    async fn sleep(&self, time: Duration);
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

/// One user. Poll each future to its end: a dropped future could lose a new token pair.
pub struct User<H> {
    host: H,
    session: Arc<Session>,
    store: MemoryStore,
    /// Allows one change of the tokens at a time.
    gate: Mutex<()>,
}

impl<H: Host> User<H> {
    pub fn new(host: H, app: &App, store: MemoryStore, name: &str) -> Self {
        Self { host, session: Session::new(app.clone(), name), store, gate: Mutex::new(()) }
    }

    pub fn host(&self) -> &H {
        &self.host
    }

    /// Starts a sign-in. Keep it until the user returns from its URL.
    pub fn sign_in(&self) -> Result<PendingSignIn, Error> {
        SignIn::new(&*self.session.key().user).start(self.session.app(), self.host.now())
    }

    /// Finishes a sign-in with the redirect, or with its query.
    pub async fn finish(&self, sign_in: PendingSignIn, redirect: &str) -> Result<(), Error> {
        let callback = Callback::parse(redirect)?;
        let _gate = self.gate.lock().await;
        self.change(sign_in.finish(&self.session, &callback, self.host.now())).await
    }

    /// Calls an endpoint.
    pub async fn call<E: Endpoint>(&self, endpoint: &E) -> Result<E::Output, Error> {
        let mut step = Call::start(&self.session, endpoint, self.host.now());
        loop {
            step = match step {
                Step::Send(request, next) => next.resume(self.host.send(request).await, self.host.now()),
                Step::Refresh(task, next) => next.resume(self.refresh(task).await, self.host.now()),
                Step::Sleep(time, next) => {
                    self.host.sleep(time).await;
                    next.resume(self.host.now())
                }
                Step::Done(outcome) => return Ok(Reply::read(endpoint, outcome?)?.value),
            };
        }
    }

    async fn refresh(&self, task: TokenTask) -> Result<(), Error> {
        let _gate = self.gate.lock().await;
        self.change(task.start(self.host.now())).await
    }

    /// Carries out the steps of a change of the tokens.
    async fn change(&self, mut step: RefreshStep) -> Result<(), Error> {
        let (key, store) = (self.session.key(), &self.store);
        let now = || self.host.now();
        let mut lock = Locked::<dyn StoreLock>::new();
        loop {
            step = match step {
                RefreshStep::Load(next) => {
                    let stored = match lock.held() {
                        Some(lock) => lock.load(),
                        None => store.load(key),
                    };
                    next.resume(stored, now())
                }
                RefreshStep::TryLock(lease, next) => {
                    let tried = now();
                    next.resume(lock.take(store.try_lock(key, lease)), tried, now())
                }
                RefreshStep::Prepare(next) => next.resume(lock.with(|lock| lock.prepare()), now()),
                RefreshStep::Send(request, next) => next.resume(self.host.send(request).await, now()),
                RefreshStep::Save(tokens, next) => next.resume(lock.with(|lock| lock.save(&tokens)), now()),
                RefreshStep::Delete(next) => next.resume(lock.with(|lock| lock.delete()), now()),
                RefreshStep::Release(next) => {
                    next.resume(lock.release().map_or(Ok(()), |lock| lock.release()), now())
                }
                RefreshStep::Sleep(time, next) => {
                    self.host.sleep(time).await;
                    next.resume(now())
                }
                RefreshStep::Queue(task) => task.start(now()),
                RefreshStep::Done(outcome) => return outcome,
            };
        }
    }
}
