//! A sandbox for one test, with a browser and a token store.

use std::{
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use bytes::Bytes;
use connect_core::{MemoryStore, Request, Response, Sent, Timeout, TransportError, TransportErrorKind};
use connect_sandbox::{Answer, AttemptOutcome, Fault, Outcome, Sandbox, Server, Settings, Stats, Trigger};
use jiff::{SignedDuration, Timestamp};

/// The error type of tests.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// How clients connect to the sandbox.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Place {
    /// Through a socket.
    Socket,
    /// Through a socket with TLS.
    Tls,
    /// Through function calls, without a socket.
    Memory,
}

/// A sandbox and a token store for its clients.
pub struct World {
    place: Backend,
    /// The root certificate of a TLS sandbox.
    pub root: Option<String>,
    /// The default store of the clients.
    pub store: MemoryStore,
}

enum Backend {
    Server(Server),
    Memory(Arc<Mutex<Sandbox>>),
}

impl World {
    /// Creates a sandbox with the default settings.
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

    /// Returns the base URL of the API.
    pub fn base_url(&self) -> String {
        match &self.place {
            Backend::Server(server) => server.base_url(),
            Backend::Memory(_) => "http://127.0.0.1:1/api".to_owned(),
        }
    }

    /// Runs a function on the sandbox.
    pub fn sandbox<T>(&self, work: impl FnOnce(&mut Sandbox) -> T) -> T {
        match &self.place {
            Backend::Server(server) => server.with(work),
            Backend::Memory(sandbox) => work(&mut sandbox.lock().unwrap_or_else(PoisonError::into_inner)),
        }
    }

    /// Sets a switch.
    pub fn set(&self, name: &str, value: &str) -> Result<(), Failure> {
        Ok(self.sandbox(|sandbox| sandbox.set(name, value))?)
    }

    /// Adds a fault.
    pub fn fault(&self, fault: Fault) {
        self.sandbox(|sandbox| sandbox.add_fault(fault));
    }

    /// Expires all access tokens.
    pub fn expire(&self) {
        self.sandbox(|sandbox| sandbox.expire_all(Timestamp::now()));
    }

    /// Returns the sandbox's counters.
    pub fn stats(&self) -> Stats {
        self.sandbox(|sandbox| sandbox.stats())
    }

    /// Returns how many refreshes the sandbox has granted.
    pub fn refreshes(&self) -> u64 {
        self.stats().exchanges.refresh.granted
    }

    /// Returns how often an endpoint was called.
    pub fn requests(&self, endpoint: &str) -> u64 {
        self.stats().requests.get(endpoint).map_or(0, |by_status| by_status.values().sum())
    }

    /// Changes an event of `user` at its provider, and returns the delivery of the change.
    pub fn delivery(&self, user: &str) -> Result<http::Request<Bytes>, Failure> {
        self.take_delivery(2, |sandbox, now| {
            sandbox.trigger(Trigger::updated().user(user).title("Moved"), now)?;
            Ok(())
        })
    }

    /// Returns a repetition of the last delivery with a later timestamp and a new signature.
    pub fn delivery_again(&self) -> Result<http::Request<Bytes>, Failure> {
        self.take_delivery(4, |sandbox, now| {
            sandbox.resend(None, now)?;
            Ok(())
        })
    }

    /// Calls `cause`, and returns the delivery that the sandbox would send within `seconds`.
    ///
    /// The sandbox does not send this delivery: it records the delivery as handled.
    fn take_delivery(
        &self,
        seconds: i64,
        cause: impl FnOnce(&mut Sandbox, Timestamp) -> Result<(), Failure>,
    ) -> Result<http::Request<Bytes>, Failure> {
        self.sandbox(|sandbox| {
            let now = Timestamp::now();
            cause(sandbox, now)?;
            let due = now + SignedDuration::from_secs(seconds);
            let attempt = sandbox.deliveries(due).into_iter().next().ok_or("the sandbox has no delivery")?;
            sandbox.delivered(attempt.token, AttemptOutcome::Status(200), due);
            Ok(attempt.request)
        })
    }

    /// Opens the URL as the user's browser would, and returns the URL of the redirect.
    pub fn consent(&self, url: &str) -> Result<String, Failure> {
        Ok(self.sandbox(|sandbox| sandbox.consent(url, Timestamp::now()))?)
    }

    /// Returns a blocking transport that calls the sandbox directly.
    pub fn in_memory(&self) -> impl Fn(Request) -> Result<Response, TransportError> + Send + Sync + 'static {
        let Backend::Memory(sandbox) = &self.place else { panic!("in_memory needs Place::Memory") };
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
