//! A server around the sandbox, on a thread of its own.
//!
//! One single-threaded runtime serves every connection; a delay is a sleep of one request and holds up no other. The
//! sandbox sits behind a mutex that is held only while a request is handled. Beside the connections one task makes the
//! deliveries that are due; it wakes up when one comes up.

mod connection;
mod deliver;
mod post;
#[cfg(feature = "tls")]
mod tls;

use crate::connect::webhooks::{Delivery, ResendError, Trigger, TriggerError, Triggered, WebhookKey};
use crate::guard::HostError;
use crate::recorded::Recorded;
use crate::sandbox::Sandbox;
use crate::seed::SeedError;
use crate::settings::Settings;
use crate::stats::Stats;
use crate::world::apps::Credentials;
use crate::world::invitations::Invitation;
use jiff::Timestamp;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot};

/// A running sandbox. It stops when it is dropped.
#[derive(Debug)]
pub struct Server {
    origin: String,
    sandbox: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// How a server is to run.
#[derive(Debug, Default)]
pub struct Builder {
    settings: Settings,
    seeds: Vec<String>,
    hosts: Vec<String>,
    port: u16,
    #[cfg(feature = "tls")]
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// The server could not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port is taken, or the system refused.
    #[error("cannot listen: {0}")]
    Io(#[from] std::io::Error),
    /// The seed is not in its format.
    #[error("cannot use the seed: {0}")]
    Seed(#[from] SeedError),
    /// A host that control calls are to be taken under.
    #[error("cannot use the host: {0}")]
    Host(#[from] HostError),
    /// The certificate or its key cannot be used.
    #[error("cannot use the certificate: {0}")]
    Tls(String),
}

/// The sandbox, for the connections, the deliveries and the caller.
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sandbox: Mutex<Sandbox>,
    /// Something may be due to be delivered.
    due: Notify,
}

impl Shared {
    fn new(sandbox: Sandbox) -> Self {
        Self(Arc::new(Inner { sandbox: Mutex::new(sandbox), due: Notify::new() }))
    }

    /// Works on the sandbox, and wakes up the deliveries if that made any.
    ///
    /// A panic of someone who held the lock does not spoil the sandbox: no request leaves it half changed.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Sandbox) -> T) -> T {
        let mut sandbox = self.0.sandbox.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut sandbox);
        if sandbox.connect.outbox.take_touched() {
            self.0.due.notify_one();
        }
        result
    }
}

impl Sandbox {
    /// Serves a sandbox with default settings on a free port of the loopback interface.
    pub fn start() -> Result<Server, StartError> {
        Server::builder().start()
    }
}

impl Server {
    /// Settings, port and certificate, then [`Builder::start`].
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// What an SDK takes as its base URL: `http://127.0.0.1:PORT/api`.
    pub fn base_url(&self) -> String {
        format!("{}/api", self.origin)
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// What the demo application signs in with.
    pub fn credentials(&self) -> Credentials {
        self.with(|sandbox| sandbox.credentials())
    }

    /// Looks at the sandbox or changes it, between two requests.
    pub fn with<T>(&self, work: impl FnOnce(&mut Sandbox) -> T) -> T {
        self.sandbox.with(work)
    }

    /// The figures so far.
    pub fn stats(&self) -> Stats {
        self.with(|sandbox| sandbox.stats())
    }

    /// The requests so far, without secrets in their headers.
    pub fn requests(&self) -> Vec<Recorded> {
        self.with(|sandbox| sandbox.requests().to_vec())
    }

    /// As [`Sandbox::invitations`].
    pub fn invitations(&self) -> Vec<Invitation> {
        self.with(|sandbox| sandbox.invitations().to_vec())
    }

    /// Makes every access token expire now.
    pub fn expire_all(&self) {
        self.with(|sandbox| sandbox.expire_all(now()));
    }

    /// Moves the sandbox's clock forward: see [`Sandbox::advance`].
    pub fn advance(&self, by: Duration) {
        self.with(|sandbox| sandbox.advance(by));
    }

    /// Makes a change as the provider's user would: see [`Sandbox::trigger`].
    pub fn trigger(&self, trigger: Trigger) -> Result<Triggered, TriggerError> {
        self.with(|sandbox| sandbox.trigger(trigger, now()))
    }

    /// Sends a delivery again, the last one if none is named: see [`Sandbox::resend`].
    pub fn resend(&self, id: Option<&str>) -> Result<String, ResendError> {
        self.with(|sandbox| sandbox.resend(id, now()))
    }

    /// The deliveries so far: see [`Sandbox::delivery_log`].
    pub fn delivery_log(&self) -> Vec<Delivery> {
        self.with(|sandbox| sandbox.delivery_log().cloned().collect())
    }

    /// Makes a new key sign the deliveries: see [`Sandbox::rotate_keys`].
    pub fn rotate_keys(&self) -> Vec<WebhookKey> {
        self.with(|sandbox| sandbox.rotate_keys(now()))
    }

    /// Stops listening and closes every connection.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // The receiver is gone only if the thread has ended already.
        let _ = self.stop.take().map(|stop| stop.send(()));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

impl Builder {
    /// The switches to start with.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Users, accounts, calendars and events to start with: see [`Sandbox::seed`].
    #[must_use]
    pub fn seed(mut self, json: impl Into<String>) -> Self {
        self.seeds.push(json.into());
        self
    }

    /// Another host name or address that control calls may be made under: see [`Sandbox::allow_host`].
    #[must_use]
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// The port to listen on; 0, the default, takes a free one.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Serves https with this certificate chain and key, both PEM; the certificate has to be for `localhost`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, cert_pem: impl Into<Vec<u8>>, key_pem: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((cert_pem.into(), key_pem.into()));
        self
    }

    /// Listens, and serves on a thread of its own.
    pub fn start(self) -> Result<Server, StartError> {
        let security = self.security()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        // Not through the runtime: the caller may be inside one already.
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let origin = security.origin(listener.local_addr()?.port());

        let mut sandbox = Sandbox::new(self.settings);
        for seed in &self.seeds {
            sandbox.seed(seed)?;
        }
        for host in &self.hosts {
            sandbox.allow_host(host)?;
        }
        sandbox.world.origin.clone_from(&origin);
        let sandbox = Shared::new(sandbox);
        // Nothing may fail from here on but the thread: a runtime must not be dropped inside another one.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let (stop, stopped) = oneshot::channel();
        let service = (listener, security, sandbox.clone());
        let thread = std::thread::Builder::new()
            .name("connect-sandbox".to_owned())
            .spawn(move || serve(runtime, service, stopped))?;
        Ok(Server { origin, sandbox, stop: Some(stop), thread: Some(thread) })
    }

    #[cfg(feature = "tls")]
    fn security(&self) -> Result<Security, StartError> {
        match &self.identity {
            Some((cert, key)) => Ok(Security::Tls(tls::acceptor(cert, key)?)),
            None => Ok(Security::Plain),
        }
    }

    #[cfg(not(feature = "tls"))]
    fn security(&self) -> Result<Security, StartError> {
        Ok(Security::Plain)
    }
}

/// Plain or over TLS.
#[derive(Clone)]
pub(crate) enum Security {
    Plain,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

impl Security {
    fn origin(&self, port: u16) -> String {
        match self {
            Self::Plain => format!("http://127.0.0.1:{port}"),
            #[cfg(feature = "tls")]
            Self::Tls(_) => format!("https://localhost:{port}"),
        }
    }
}

/// Runs until it is told to stop; then the runtime closes what is left open, and waits for no name that is being looked up.
fn serve(
    runtime: Runtime,
    service: (std::net::TcpListener, Security, Shared),
    stopped: oneshot::Receiver<()>,
) {
    let (listener, security, sandbox) = service;
    runtime.spawn(deliver::run(sandbox.clone()));
    runtime.block_on(async move {
        let Ok(listener) = TcpListener::from_std(listener) else { return };
        tokio::spawn(accept(listener, security, sandbox));
        let _ = stopped.await;
    });
    runtime.shutdown_background();
}

async fn accept(listener: TcpListener, security: Security, sandbox: Shared) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection::serve(stream, security.clone(), sandbox.clone()));
            }
            // Out of file descriptors, most likely: give connections time to end.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis())
        .ok()
        .and_then(|ms| Timestamp::from_millisecond(ms).ok())
        .unwrap_or_default()
}
