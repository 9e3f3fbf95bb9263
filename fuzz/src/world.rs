//! A user of an application at a service that answers as it is told.

use std::{sync::Arc, time::Duration};

use connect_core::{App, Config, Endpoint, Error, MemoryStore, PendingSignIn, Request, Response, RetryPolicy, StoreLock, TokenStore, Tokens, TransportError, machine::{Call, Locked, Now, RefreshStep, Session, Step}, oauth::Profile};
use http::StatusCode;
use jiff::Timestamp;

/// The application's id.
pub const CLIENT: &str = "client-id";
/// What must be in no text that people read.
pub const SECRET: &str = "hunter2";
/// Who is signed in.
pub const USER: &str = "ada";

/// The moment every run begins.
pub fn at() -> Now {
    Now { wall: Timestamp::constant(1_795_000_000, 0), monotonic: Duration::from_secs(1000) }
}

/// Tokens that are no JSON Web Tokens, and secret.
pub fn tokens() -> Tokens {
    Tokens::new(format!("access-{SECRET}"), format!("refresh-{SECRET}"))
}

/// The state of a sign-in, which only its URL shows.
pub fn state(sign_in: &PendingSignIn) -> String {
    let behind = sign_in.url().split("state=").nth(1).expect("a state in the URL");
    behind.split('&').next().unwrap_or_default().to_owned()
}

/// An answer of JSON.
pub fn answer(status: StatusCode, body: &[u8]) -> Response {
    let mut response = Response::new(bytes::Bytes::copy_from_slice(body));
    *response.status_mut() = status;
    response
}

/// Everything around a call.
pub struct World {
    pub app: App,
    pub session: Arc<Session>,
    pub store: MemoryStore,
    pub now: Now,
    /// The requests so far.
    pub sent: Vec<Request>,
    /// How often tokens were saved.
    pub saves: usize,
    /// How often they were deleted.
    pub deletes: usize,
}

impl World {
    /// With nobody signed in.
    pub fn new() -> Self {
        Self::with(None)
    }

    /// The same at another authorization server.
    pub fn at(profile: Profile) -> Self {
        Self::with(Some(profile))
    }

    fn with(profile: Option<Profile>) -> Self {
        let mut config = Config::new(CLIENT, SECRET, "https://app.example/callback", [7; 32]);
        config.retry = RetryPolicy::attempts(3);
        config.profile = profile;
        let app = App::new(config).expect("a configuration that is right");
        let session = Session::new(app.clone(), USER);
        let store = MemoryStore::new();
        Self { app, session, store, now: at(), sent: Vec::new(), saves: 0, deletes: 0 }
    }

    /// With a user who has [`tokens`].
    pub fn signed_in() -> Self {
        let mut world = Self::new();
        let step = world.session.import(tokens(), world.now);
        world.keep(step, |_| unreachable!("an import sends nothing")).expect("an import into memory");
        world.saves = 0;
        world
    }

    /// What the store holds.
    pub fn stored(&self) -> Option<Tokens> {
        self.store.load(self.session.key()).expect("a store in memory")
    }

    /// Calls an endpoint; `service` answers.
    pub fn call<E: Endpoint>(
        &mut self,
        endpoint: &E,
        mut service: impl FnMut(&Request) -> Result<Response, TransportError>,
    ) -> Result<Response, Error> {
        let deadline = self.now.monotonic + self.app.config().timeout;
        let mut step = Call::start(&self.session, endpoint, self.now);
        for _ in 0..100 {
            assert!(self.now.monotonic < deadline, "no pause goes beyond the time of the call");
            step = match step {
                Step::Send(request, next) => next.resume(self.send(request, &mut service), self.now),
                Step::Refresh(refresh, next) => {
                    let outcome = self.keep(refresh.start(self.now), &mut service);
                    next.resume(outcome, self.now)
                }
                Step::Sleep(time, next) => {
                    self.now.monotonic += time;
                    self.now.wall = self.now.wall.checked_add(time).expect("a pause of a minute at most");
                    next.resume(self.now)
                }
                Step::Done(outcome) => return outcome,
            };
        }
        panic!("the call does not end");
    }

    /// Carries out the steps of whatever changes tokens.
    pub fn keep(
        &mut self,
        mut step: RefreshStep,
        mut service: impl FnMut(&Request) -> Result<Response, TransportError>,
    ) -> Result<(), Error> {
        let key = self.session.key().clone();
        let mut lock = Locked::<dyn StoreLock>::new();
        for _ in 0..100 {
            step = match step {
                RefreshStep::Load(next) => next.resume(self.store.load(&key), self.now),
                RefreshStep::TryLock(lease, next) => {
                    next.resume(lock.take(self.store.try_lock(&key, lease)), self.now, self.now)
                }
                RefreshStep::Prepare(next) => next.resume(lock.with(|lock| lock.prepare()), self.now),
                RefreshStep::Send(request, next) => next.resume(self.send(request, &mut service), self.now),
                RefreshStep::Save(tokens, next) => {
                    self.saves += 1;
                    next.resume(lock.with(|lock| lock.save(&tokens)), self.now)
                }
                RefreshStep::Delete(next) => {
                    self.deletes += 1;
                    next.resume(lock.with(|lock| lock.delete()), self.now)
                }
                RefreshStep::Sleep(_, next) => next.resume(self.now),
                RefreshStep::Release(next) => {
                    next.resume(lock.release().map_or(Ok(()), |lock| lock.release()), self.now)
                }
                RefreshStep::Queue(task) => task.start(self.now),
                RefreshStep::Done(outcome) => return outcome,
            };
        }
        panic!("the work on the tokens does not end");
    }

    fn send(
        &mut self,
        request: Request,
        service: &mut impl FnMut(&Request) -> Result<Response, TransportError>,
    ) -> Result<Response, TransportError> {
        let answer = service(&request);
        self.sent.push(request);
        answer
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
