//! A sandbox of one's own, and what surrounds a client: a browser, a store.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use bytes::Bytes;
use connect_core::{MemoryStore, Request, Response, Sent, Timeout, TransportError, TransportErrorKind};
use connect_sandbox::{Answer, AttemptOutcome, Fault, Outcome, Sandbox, Server, Settings, Stats, Trigger};
use jiff::{SignedDuration, Timestamp};

/// The errors of tests.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Where the clients of a world find their sandbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Behind a socket.
    Socket,
    /// Behind a socket with TLS.
    Tls,
    /// In the same process, without a socket.
    Memory,
}

/// A sandbox, and a store for its clients.
pub struct World {
    place: Backend,
    /// Trusted by clients over TLS.
    pub root: Option<String>,
    /// What clients use unless they want another.
    pub store: MemoryStore,
}

enum Backend {
    Server(Server),
    Memory(Arc<Mutex<Sandbox>>),
}

impl World {
    /// A fresh one.
    pub fn new(place: Place) -> Result<Self, Failure> {
        let (place, root) = match place {
            Place::Socket => (Backend::Server(Sandbox::start()?), None),
            Place::Memory => (Backend::Memory(Arc::new(Mutex::new(Sandbox::new(Settings::default())))), None),
            Place::Tls => {
                let authority = crate::certificates::Authority::new()?;
                let identity = authority.identity("localhost")?;
                let server = Server::builder().tls(identity.certificate, identity.key).start()?;
                (Backend::Server(server), Some(authority.pem()))
            }
        };
        Ok(Self { place, root, store: MemoryStore::new() })
    }

    /// Where clients find the API.
    pub fn base_url(&self) -> String {
        match &self.place {
            Backend::Server(server) => server.base_url(),
            Backend::Memory(_) => "http://127.0.0.1:1/api".to_owned(),
        }
    }

    /// Looks at the sandbox or changes it.
    pub fn sandbox<T>(&self, work: impl FnOnce(&mut Sandbox) -> T) -> T {
        match &self.place {
            Backend::Server(server) => server.with(work),
            Backend::Memory(sandbox) => work(&mut sandbox.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Turns a switch.
    pub fn set(&self, name: &str, value: &str) -> Result<(), Failure> {
        Ok(self.sandbox(|sandbox| sandbox.set(name, value))?)
    }

    /// Asks for a fault.
    pub fn fault(&self, fault: Fault) {
        self.sandbox(|sandbox| sandbox.add_fault(fault));
    }

    /// Every access token is expired now.
    pub fn expire(&self) {
        self.sandbox(|sandbox| sandbox.expire_all(Timestamp::now()));
    }

    /// The sandbox's own figures.
    pub fn stats(&self) -> Stats {
        self.sandbox(|sandbox| sandbox.stats())
    }

    /// How many refreshes the sandbox has granted.
    pub fn refreshes(&self) -> u64 {
        self.stats().exchanges.refresh.granted
    }

    /// How often an endpoint was called, by what the sandbox counted.
    pub fn requests(&self, endpoint: &str) -> u64 {
        self.stats().requests.get(endpoint).map_or(0, |by_status| by_status.values().sum())
    }

    /// Changes an event of `user` as its calendar's own service would, and gives back the delivery that tells of it.
    pub fn delivery(&self, user: &str) -> Result<http::Request<Bytes>, Failure> {
        self.taken(2, |sandbox, now| {
            sandbox.trigger(Trigger::updated().user(user).title("Moved"), now)?;
            Ok(())
        })
    }

    /// The last delivery once more, signed anew at a later time.
    pub fn delivery_again(&self) -> Result<http::Request<Bytes>, Failure> {
        self.taken(4, |sandbox, now| {
            sandbox.resend(None, now)?;
            Ok(())
        })
    }

    /// The delivery that `cause` makes, as if so many seconds had passed: nobody else can take it before.
    fn taken(
        &self,
        seconds: i64,
        cause: impl FnOnce(&mut Sandbox, Timestamp) -> Result<(), Failure>,
    ) -> Result<http::Request<Bytes>, Failure> {
        self.sandbox(|sandbox| {
            let now = Timestamp::now();
            cause(sandbox, now)?;
            let due = now + SignedDuration::from_secs(seconds);
            let attempt = sandbox.deliveries(due).into_iter().next().ok_or("nothing is delivered")?;
            sandbox.delivered(attempt.token, AttemptOutcome::Status(200), due);
            Ok(attempt.request)
        })
    }

    /// What the user's browser does: opens the URL, and comes back to the redirect URI.
    pub fn consent(&self, url: &str) -> Result<String, Failure> {
        let request = http::Request::get(url).body(Bytes::new())?;
        let Outcome::Reply(reply) = self.sandbox(|sandbox| sandbox.handle(request, Timestamp::now())).outcome
        else {
            return Err("the connection was cut".into());
        };
        let location = reply.headers().get("location").ok_or("no redirect")?.to_str()?;
        Ok(location.to_owned())
    }

    /// A transport that calls the sandbox as a function.
    pub fn in_memory(&self) -> impl Fn(Request) -> Result<Response, TransportError> + Send + Sync + 'static {
        let Backend::Memory(sandbox) = &self.place else { panic!("this world has a socket") };
        let sandbox = sandbox.clone();
        move |request| {
            let request_time = request.extensions().get::<Timeout>().map(|timeout| timeout.0);
            let Answer { delay, outcome } =
                sandbox.lock().unwrap_or_else(PoisonError::into_inner).handle(request, Timestamp::now());
            let time = request_time.unwrap_or(Duration::MAX);
            thread::sleep(delay.min(time));
            match outcome {
                _ if delay > time => {
                    Err(TransportError::new(TransportErrorKind::Timeout, Sent::Maybe, "too slow"))
                }
                Outcome::Reply(response) => Ok(response),
                Outcome::Cut => Err(TransportError::broken("the connection was cut")),
            }
        }
    }
}
