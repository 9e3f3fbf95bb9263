//! An HTTP server for the sandbox, on a separate thread.
//!
//! A single-threaded runtime serves every connection. A delayed response does not delay other responses. A
//! mutex protects the sandbox. The mutex is not held while a response is delayed or sent. A separate task
//! sends the webhook deliveries that are due.

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
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Notify, oneshot};

/// A running sandbox server, which stops when dropped.
///
/// ```
/// use connect_sandbox::Server;
///
/// let server = Server::builder().start()?;
/// let app = server.with(|sandbox| sandbox.credentials());
/// println!("base URL {}, client id {}", server.base_url(), app.client_id);
/// server.expire_all(); // every access token has expired
/// # Ok::<(), connect_sandbox::StartError>(())
/// ```
#[derive(Debug)]
pub struct Server {
    origin: String,
    sandbox: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// The configuration of a server to start.
#[derive(Debug, Default)]
pub struct Builder {
    settings: Settings,
    seeds: Vec<String>,
    hosts: Vec<String>,
    port: u16,
    address: Option<SocketAddr>,
    #[cfg(feature = "tls")]
    identity: Option<(Vec<u8>, Vec<u8>)>,
}

/// The error of starting a server.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The server cannot listen on the address.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address; port 0 means a free port.
        address: SocketAddr,
        /// The error of the operating system.
        #[source]
        error: std::io::Error,
    },
    /// The server cannot be started.
    #[error("cannot start the server: {0}")]
    Io(#[from] std::io::Error),
    /// The seed is invalid.
    #[error("the seed is invalid: {0}")]
    Seed(#[from] SeedError),
    /// The host for [`Builder::allow_host`] is invalid.
    #[error("the allowed host is invalid: {0}")]
    Host(#[from] HostError),
    /// The certificate chain or the key is invalid.
    #[error("the certificate or its key is invalid: {0}")]
    Tls(String),
}

/// The sandbox, shared by the connections, the delivery task and the [`Server`].
#[derive(Clone, Debug)]
pub(crate) struct Shared(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    sandbox: Mutex<Sandbox>,
    /// Wakes the delivery task.
    due: Notify,
}

impl Shared {
    fn new(sandbox: Sandbox) -> Self {
        Self(Arc::new(Inner { sandbox: Mutex::new(sandbox), due: Notify::new() }))
    }

    /// Calls `work` with the sandbox, and wakes the delivery task if the delivery schedule changed.
    ///
    /// Ignores that the lock is poisoned, because the sandbox stays consistent after a panic.
    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Sandbox) -> T) -> T {
        let mut sandbox = self.0.sandbox.lock().unwrap_or_else(PoisonError::into_inner);
        let result = work(&mut sandbox);
        if sandbox.connect.outbox.take_schedule_changed() {
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
    /// Creates a builder, for a server with a seed, settings, a port or a certificate.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Returns the base URL for an SDK: `http://127.0.0.1:PORT/api`, or `https://localhost:PORT/api`.
    pub fn base_url(&self) -> String {
        format!("{}/api", self.origin)
    }

    /// Returns the scheme, host and port of the server.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the credentials of the demo application.
    pub fn credentials(&self) -> Credentials {
        self.with(|sandbox| sandbox.credentials())
    }

    /// Signs a user in as a browser does: opens the URL of a sign-in, and returns the URL of the redirect.
    ///
    /// # Errors
    /// If the response is not a redirect to the application, for example because the switch `auto_consent` is
    /// `off`. The text says what the response is.
    pub fn consent(&self, url: &str) -> Result<String, String> {
        self.with(|sandbox| sandbox.consent(url, now()))
    }

    /// Refuses a sign-in as a user does: returns the URL of the redirect, with `error=access_denied`.
    ///
    /// `url` is the URL of a sign-in at Connect or at another authorization server of the sandbox. The switch
    /// `auto_consent` does not matter.
    ///
    /// ```
    /// let server = connect_sandbox::Sandbox::start()?;
    /// let app = server.credentials();
    /// let query = format!("client_id={}&user_id=ada&state=s1", app.client_id);
    /// let url = format!("{}/oauth/authorize?{query}", server.base_url());
    /// assert_eq!(server.deny(&url)?, format!("{}?error=access_denied&state=s1", app.redirect_uri));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// If the response is not a redirect to the application, for example because the client id is unknown.
    /// The text says what the response is.
    pub fn deny(&self, url: &str) -> Result<String, String> {
        self.with(|sandbox| sandbox.deny(url, now()))
    }

    /// Calls `work` with the sandbox; no request is handled meanwhile.
    pub fn with<T>(&self, work: impl FnOnce(&mut Sandbox) -> T) -> T {
        self.sandbox.with(work)
    }

    /// Returns the statistics: see [`Sandbox::stats`].
    pub fn stats(&self) -> Stats {
        self.with(|sandbox| sandbox.stats())
    }

    /// Returns the requests so far: see [`Sandbox::requests`].
    pub fn requests(&self) -> Vec<Recorded> {
        self.with(|sandbox| sandbox.requests().to_vec())
    }

    /// Returns the messages to guests: see [`Sandbox::invitations`].
    pub fn invitations(&self) -> Vec<Invitation> {
        self.with(|sandbox| sandbox.invitations().to_vec())
    }

    /// Makes every access token expire now: see [`Sandbox::expire_all`].
    pub fn expire_all(&self) {
        self.with(|sandbox| sandbox.expire_all(now()));
    }

    /// Moves the sandbox's clock forward: see [`Sandbox::advance`].
    pub fn advance(&self, by: Duration) {
        self.with(|sandbox| sandbox.advance(by));
    }

    /// Changes an event as a user of the provider would do: see [`Sandbox::trigger`].
    pub fn trigger(&self, trigger: Trigger) -> Result<Triggered, TriggerError> {
        self.with(|sandbox| sandbox.trigger(trigger, now()))
    }

    /// Resends a delivery, by default the last one: see [`Sandbox::resend`].
    pub fn resend(&self, id: Option<&str>) -> Result<String, ResendError> {
        self.with(|sandbox| sandbox.resend(id, now()))
    }

    /// Returns the deliveries: see [`Sandbox::delivery_log`].
    pub fn delivery_log(&self) -> Vec<Delivery> {
        self.with(|sandbox| sandbox.delivery_log().cloned().collect())
    }

    /// Creates a new active webhook key: see [`Sandbox::rotate_keys`].
    pub fn rotate_keys(&self) -> Vec<WebhookKey> {
        self.with(|sandbox| sandbox.rotate_keys(now()))
    }

    /// Stops listening and closes every connection.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // Sending fails only if the thread has already ended.
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
    /// Sets the initial values of the switches.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = settings;
        self
    }

    /// Adds users, accounts, calendars and events: see [`Sandbox::seed`].
    #[must_use]
    pub fn seed(mut self, json: impl Into<String>) -> Self {
        self.seeds.push(json.into());
        self
    }

    /// Accepts control calls whose `Host` has this name or address: see [`Sandbox::allow_host`].
    #[must_use]
    pub fn allow_host(mut self, host: impl Into<String>) -> Self {
        self.hosts.push(host.into());
        self
    }

    /// Sets the port to listen on; 0, the default, means a free port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Listens on this address and port instead of a port of the loopback interface.
    ///
    /// Whoever reaches the address can read and change everything in the sandbox. The check of `Host` (see
    /// [`allow_host`](Self::allow_host)) keeps only web pages away. The base URL has the address, or the
    /// loopback address if the server listens on all addresses.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.address = Some(address);
        self
    }

    /// Serves https with this certificate chain and key, both in PEM. The certificate must be for
    /// `localhost`.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(mut self, cert_pem: impl Into<Vec<u8>>, key_pem: impl Into<Vec<u8>>) -> Self {
        self.identity = Some((cert_pem.into(), key_pem.into()));
        self
    }

    /// Starts the server on a separate thread.
    pub fn start(self) -> Result<Server, StartError> {
        let security = self.security()?;
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, self.port));
        let address = self.address.unwrap_or(loopback);
        // Binds without the runtime, since the caller may run inside another runtime.
        let listener =
            std::net::TcpListener::bind(address).map_err(|error| StartError::Listen { address, error })?;
        listener.set_nonblocking(true)?;
        let origin = security.origin(listener.local_addr()?);

        let mut sandbox = Sandbox::new(self.settings);
        for seed in &self.seeds {
            sandbox.seed(seed)?;
        }
        for host in &self.hosts {
            sandbox.allow_host(host)?;
        }
        sandbox.world.origin.clone_from(&origin);
        let sandbox = Shared::new(sandbox);
        // Created as late as possible, because dropping it on an error panics inside a caller's runtime.
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

/// Whether connections use TLS.
#[derive(Clone)]
pub(crate) enum Security {
    Plain,
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

impl Security {
    fn origin(&self, mut address: SocketAddr) -> String {
        let loopback =
            if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { IpAddr::from(Ipv6Addr::LOCALHOST) };
        if address.ip().is_unspecified() {
            address.set_ip(loopback);
        }
        match self {
            Self::Plain => format!("http://{address}"),
            // The certificate is for the name.
            #[cfg(feature = "tls")]
            Self::Tls(_) if address.ip() == loopback => format!("https://localhost:{}", address.port()),
            #[cfg(feature = "tls")]
            Self::Tls(_) => format!("https://{address}"),
        }
    }
}

/// Serves until `stopped` completes, and then closes all connections without waiting for DNS
/// lookups.
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
            // The process is probably out of file descriptors, so wait until some connections close.
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
