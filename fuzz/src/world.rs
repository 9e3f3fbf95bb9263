//! The environment of a call: an application with one user, a store in memory, and a scripted service.

use std::{sync::Arc, time::Duration};

use connect_core::{
    App, Config, Endpoint, Error, MemoryStore, PendingSignIn, Request, Response, RetryPolicy, StoreLock,
    TokenStore, Tokens, TransportError,
    machine::{Call, Locked, Now, RefreshStep, Session, Step},
    oauth::Profile,
};
use http::StatusCode;
use jiff::Timestamp;

/// The client id of the application.
pub const CLIENT: &str = "client-id";
/// A text that every secret contains, and that must not appear in errors.
pub const SECRET: &str = "hunter2";
/// The id of the user.
pub const USER: &str = "ada";

/// Returns the time at which every run begins.
pub fn at() -> Now {
    Now { wall: Timestamp::constant(1_795_000_000, 0), monotonic: Duration::from_secs(1000) }
}

/// Returns tokens that contain [`SECRET`] and are not JSON Web Tokens.
pub fn tokens() -> Tokens {
    Tokens::new(format!("access-{SECRET}"), format!("refresh-{SECRET}"))
}

/// Returns the `state` of a sign-in, from its URL.
pub fn state(sign_in: &PendingSignIn) -> String {
    let after = sign_in.url().split("state=").nth(1).expect("a state in the URL");
    after.split('&').next().unwrap_or_default().to_owned()
}

/// Returns a response with this status and body.
pub fn response(status: StatusCode, body: &[u8]) -> Response {
    let mut response = Response::new(bytes::Bytes::copy_from_slice(body));
    *response.status_mut() = status;
    response
}

/// The environment of a call.
pub struct World {
    pub app: App,
    pub session: Arc<Session>,
    pub store: MemoryStore,
    pub now: Now,
    /// The requests sent so far.
    pub sent: Vec<Request>,
    /// The number of saves of tokens.
    pub saves: usize,
    /// The number of deletions of tokens.
    pub deletes: usize,
}

impl World {
    /// Creates a world without a signed-in user.
    pub fn new() -> Self {
        Self::with(None)
    }

    /// Creates a world without a signed-in user, with the authorization server of this profile.
    pub fn at(profile: Profile) -> Self {
        Self::with(Some(profile))
    }

    fn with(profile: Option<Profile>) -> Self {
        let mut config = Config::new(CLIENT, SECRET, [7; 32]);
        config.redirect_uri = Some("https://app.example/callback".to_owned());
        config.retry = RetryPolicy::attempts(3);
        config.profile = profile;
        let app = App::new(config).expect("a valid configuration");
        let session = Session::new(app.clone(), USER);
        let store = MemoryStore::new();
        Self { app, session, store, now: at(), sent: Vec::new(), saves: 0, deletes: 0 }
    }

    /// Creates a world with a signed-in user who has [`tokens`].
    pub fn signed_in() -> Self {
        let mut world = Self::new();
        let step = world.session.import(tokens(), world.now);
        world.run_refresh(step, |_| unreachable!("an import sends nothing")).expect("an import into memory");
        world.saves = 0;
        world
    }

    /// Returns the tokens in the store.
    pub fn stored(&self) -> Option<Tokens> {
        self.store.load(self.session.key()).expect("a store in memory")
    }

    /// Calls an endpoint. `service` returns the responses.
    pub fn call<E: Endpoint>(
        &mut self,
        endpoint: &E,
        mut service: impl FnMut(&Request) -> Result<Response, TransportError>,
    ) -> Result<Response, Error> {
        let deadline = self.now.monotonic + self.app.config().timeout;
        let mut step = Call::start(&self.session, endpoint, self.now);
        for _ in 0..100 {
            assert!(self.now.monotonic < deadline, "a pause ends after the deadline of the call");
            step = match step {
                Step::Send(request, next) => next.resume(self.send(request, &mut service), self.now),
                Step::Refresh(refresh, next) => {
                    let outcome = self.run_refresh(refresh.start(self.now), &mut service);
                    next.resume(outcome, self.now)
                }
                Step::Sleep(time, next) => {
                    self.now.monotonic += time;
                    self.now.wall = self.now.wall.checked_add(time).expect("a pause of at most a minute");
                    next.resume(self.now)
                }
                Step::Done(outcome) => return outcome,
            };
        }
        panic!("the call does not end");
    }

    /// Drives a refresh, import or sign-in to its end.
    pub fn run_refresh(
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
        panic!("the refresh does not end");
    }

    fn send(
        &mut self,
        request: Request,
        service: &mut impl FnMut(&Request) -> Result<Response, TransportError>,
    ) -> Result<Response, TransportError> {
        let response = service(&request);
        self.sent.push(request);
        response
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}
