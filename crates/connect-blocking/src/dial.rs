//! Makes connections. A [`ConnectError`] means that no byte of the request was sent.
//!
//! ```text
//!   look-up ──────────> TCP ──> tunnel ──────────> TLS ──> Connection
//!   of the server,              through a proxy            a premature end is an error,
//!   or of its proxy                                        more headers than ureq accepts
//! ```

use std::{
    fmt,
    io::{self, Read, Write},
    sync::{Arc, OnceLock},
};

use connect_core::{Network, Proxy, ProxyRule, is_tunnel_open};
use http::Uri;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use rustls_pki_types::{CertificateDer, ServerName};
use ureq::{
    Error,
    config::Config,
    unversioned::{
        resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver},
        transport::{
            Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, TcpConnector, Transport,
            TransportAdapter,
            time::{Duration, Instant},
        },
    },
};

use crate::{head, tls};

/// The network settings that the resolver and the connector share.
pub(crate) struct ConnectSettings {
    network: Network,
    rule: Option<ProxyRule>,
    roots: Vec<CertificateDer<'static>>,
    /// The TLS settings, created at the first https request because creating them takes long.
    tls: OnceLock<Arc<ClientConfig>>,
}

impl ConnectSettings {
    pub(crate) fn new(network: &Network) -> Result<Self, connect_core::Error> {
        Ok(Self {
            rule: network.proxy_rule()?,
            roots: tls::extra_roots(network)?,
            network: network.clone(),
            tls: OnceLock::new(),
        })
    }

    fn proxy_for(&self, uri: &Uri) -> Option<&Proxy> {
        self.rule.as_ref().and_then(|rule| rule.proxy_for(uri))
    }

    fn tls(&self) -> Result<Arc<ClientConfig>, Error> {
        if let Some(tls) = self.tls.get() {
            return Ok(tls.clone());
        }
        let tls =
            tls::client_config(&self.network, &self.roots).map_err(|error| Error::Other(error.into()))?;
        Ok(self.tls.get_or_init(|| Arc::new(tls)).clone())
    }
}

impl fmt::Debug for ConnectSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConnectSettings").finish_non_exhaustive()
    }
}

/// Resolves no host names: [`ProxyConnector`] resolves them.
///
/// ureq calls its resolver for each request, even for a request that is then sent over an idle connection.
#[derive(Debug)]
pub(crate) struct NoResolver;

impl Resolver for NoResolver {
    fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        Ok(self.empty())
    }
}

/// Connects to the server, directly or through the tunnel of a proxy, and starts TLS for https URLs.
///
/// Resolves the host name of the proxy, or of the server if no proxy is used.
///
/// ureq's own connectors support neither additional trusted certificates nor `NO_PROXY`.
#[derive(Debug)]
pub(crate) struct ProxyConnector(pub(crate) Arc<ConnectSettings>);

impl Connector<()> for ProxyConnector {
    type Out = Connection;

    fn connect(&self, details: &ConnectionDetails, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        let connection = self.dial(details, chained).map_err(ConnectError::wrap)?;
        Ok(connection.map(|transport| Connection { transport, awaits_head: false }))
    }
}

impl ProxyConnector {
    fn dial(
        &self,
        details: &ConnectionDetails,
        chained: Option<()>,
    ) -> Result<Option<Box<dyn Transport>>, Error> {
        let proxy = self.0.proxy_for(details.uri);
        let host = proxy.map_or(details.uri, Proxy::uri);
        let addrs = DefaultResolver::default().resolve(host, details.config, details.timeout)?;
        let resolved = ConnectionDetails {
            addrs,
            now: (details.current_time)(),
            timeout: time_left(details)?,
            current_time: details.current_time.clone(),
            run_connector: details.run_connector.clone(),
            register_shutdown: details.register_shutdown.clone(),
            ..*details
        };
        let Some(tcp) = TcpConnector::default().connect(&resolved, chained)? else { return Ok(None) };
        let mut tcp = tcp.boxed();
        if let Some(proxy) = proxy {
            open_tunnel(&mut *tcp, proxy, details)?;
        }
        if !details.needs_tls() {
            return Ok(Some(tcp));
        }
        Ok(Some(TlsTransport::new(tcp, self.0.tls()?, details)?.boxed()))
    }
}

/// Returns the time that is left for making the connection.
fn time_left(details: &ConnectionDetails) -> Result<NextTimeout, Error> {
    let now = (details.current_time)();
    match (details.now, now) {
        (Instant::Exact(begun), Instant::Exact(now)) => {
            reduced(details.timeout, now.saturating_duration_since(begun))
        }
        _ => Ok(details.timeout),
    }
}

/// Returns `timeout` minus `elapsed`, or the timeout error if no time is left.
fn reduced(mut timeout: NextTimeout, elapsed: std::time::Duration) -> Result<NextTimeout, Error> {
    if let Duration::Exact(after) = timeout.after {
        timeout.after = Duration::Exact(after.saturating_sub(elapsed));
    }
    if timeout.after.is_zero() { Err(Error::Timeout(timeout.reason)) } else { Ok(timeout) }
}

fn open_tunnel(tcp: &mut dyn Transport, proxy: &Proxy, details: &ConnectionDetails) -> Result<(), Error> {
    let request = proxy.connect_request(details.uri);
    let output = tcp.buffers().output();
    let limit = output.len();
    let Some(output) = output.get_mut(..request.len()) else {
        return Err(Error::ConnectProxyFailed(format!(
            "the user name and password of the proxy URL are too long (the CONNECT request is limited to {limit} bytes)"
        )));
    };
    output.copy_from_slice(&request);
    tcp.transmit_output(request.len(), time_left(details)?)?;
    loop {
        let more = tcp.await_input(time_left(details)?)?;
        let received = tcp.buffers().input();
        if is_tunnel_open(received).map_err(Error::ConnectProxyFailed)? {
            let length = received.len();
            tcp.buffers().input_consume(length);
            return Ok(());
        }
        if !more {
            return Err(Error::ConnectProxyFailed(
                "the proxy closed the connection before the tunnel was open".to_owned(),
            ));
        }
    }
}

/// TLS over another transport.
struct TlsTransport {
    stream: StreamOwned<ClientConnection, TransportAdapter>,
    buffers: LazyBuffers,
}

impl TlsTransport {
    fn new(
        transport: Box<dyn Transport>,
        config: Arc<ClientConfig>,
        details: &ConnectionDetails,
    ) -> Result<Self, Error> {
        let host = details.uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| Error::Tls("the host of the URL is not a DNS name or an IP address"))?;
        let mut conn = ClientConnection::new(config, name).map_err(io::Error::other)?;
        let mut sock = TransportAdapter::new(transport, details.current_time.clone());
        sock.set_timeout(time_left(details)?);
        conn.complete_io(&mut sock)?;
        let (input, output) = (details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Self { stream: StreamOwned::new(conn, sock), buffers: LazyBuffers::new(input, output) })
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.sock.set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(self.stream.flush()?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}

/// A connection that reports a premature end of its input as an error.
///
/// Without this error, ureq would treat a reset, or TLS that ends without a close notification, as the end of
/// a response body that has no length. Then an attacker on the network could truncate a response unnoticed.
#[derive(Debug)]
pub(crate) struct Connection {
    transport: Box<dyn Transport>,
    /// Whether a request was sent and the head of its response is still incomplete.
    awaits_head: bool,
}

impl Connection {
    fn read(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.transport.await_input(timeout).map_err(|error| match error {
            Error::Io(io) if is_premature_end(&io) => Error::Io(io::Error::other(io)), // ureq checks the kind
            error => error,
        })
    }
}

impl Transport for Connection {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.transport.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.awaits_head = true;
        self.transport.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let begun = std::time::Instant::now();
        let mut more = self.read(timeout)?;
        while self.awaits_head && more {
            match head::shorten(self.transport.buffers()) {
                head::HeadState::Fits { complete } => {
                    self.awaits_head = !complete;
                    break;
                }
                // ureq would refuse this incomplete head.
                head::HeadState::Unfinished => more = self.read(reduced(timeout, begun.elapsed())?)?,
            }
        }
        Ok(more)
    }

    fn is_open(&mut self) -> bool {
        self.transport.is_open()
    }

    fn is_tls(&self) -> bool {
        self.transport.is_tls()
    }
}

fn is_premature_end(error: &io::Error) -> bool {
    use io::ErrorKind as E;
    matches!(error.kind(), E::UnexpectedEof | E::ConnectionAborted | E::ConnectionReset)
}

/// The reason why a connection could not be made.
#[derive(Debug)]
pub(crate) struct ConnectError(Error);

impl ConnectError {
    fn wrap(error: Error) -> Error {
        match Self::of(error) {
            Ok(reason) | Err(reason) => Error::Other(Box::new(Self(reason))),
        }
    }

    /// Returns the reason as `Ok` if `error` is a `ConnectError`, and `error` itself as `Err` if not.
    pub(crate) fn of(error: Error) -> Result<Error, Error> {
        match error {
            Error::Other(other) => match other.downcast::<Self>() {
                Ok(this) => Ok(this.0),
                Err(other) => Err(Error::Other(other)),
            },
            error => Err(error),
        }
    }
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for ConnectError {}
