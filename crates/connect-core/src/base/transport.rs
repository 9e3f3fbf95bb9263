//! The interface of a transport: it sends one HTTP request and returns the response.

use std::{error::Error as StdError, fmt, future::Future, io, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

/// A request with its body.
///
/// `Debug` shows the body, which may contain refresh tokens and the client secret: do not log it.
pub type Request = http::Request<Bytes>;
/// A response with its decoded body.
pub type Response = http::Response<Bytes>;

/// The timeout of one attempt: a request extension that transports must observe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout(pub Duration);

impl Timeout {
    /// Returns the timeout of a request, or [`Duration::MAX`] if it has none.
    pub fn of(request: &Request) -> Duration {
        request.extensions().get().map_or(Duration::MAX, |time: &Self| time.0)
    }

    /// Sets this timeout on a request.
    pub fn set(self, request: &mut Request) {
        request.extensions_mut().insert(self);
    }
}

/// A request extension: the request must be sent over a new connection, never over a reused one.
///
/// Every request to a token endpoint has this extension. A server may close an idle connection at the moment
/// when a request is sent. The client then cannot know whether the server processed the request, and must not
/// send a grant twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshConnection;

impl FreshConnection {
    /// Returns whether `request` must be sent over a new connection.
    pub fn is_required<B>(request: &http::Request<B>) -> bool {
        request.extensions().get::<Self>().is_some()
    }
}

/// A blocking transport: sends a request and waits for the complete response.
///
/// A closure with the same parameter and result types as `send` is a transport:
///
/// ```
/// use connect_core::{Request, Response, Transport, TransportError};
///
/// fn use_transport(_: impl Transport) {}
/// use_transport(|request: Request| -> Result<Response, TransportError> {
///     Ok(http::Response::new("[]".into()))
/// });
/// ```
///
/// To share a transport between clients, wrap it in an `Arc` and pass closures that call it.
///
/// Rules for a transport:
///
/// * Send the request once and unchanged. Do not follow redirects, because another server must not get the
///   access token.
/// * Observe the [`Timeout`] in the request's extensions.
/// * Send a request with the extension [`FreshConnection`] over a new connection.
/// * Decode every content coding that the request accepts, and limit the size of the body.
/// * In an error, report whether the request may have reached the server ([`Sent`]). Retries depend on this
///   report.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a blocking transport",
    note = "expected a closure `Fn(Request) -> Result<Response, TransportError> + Send + Sync`, or a type that implements `Transport`"
)]
pub trait Transport: Send + Sync + 'static {
    /// Sends `request` once. Returns `Ok` for every status, `Err` if no complete response was received.
    fn send(&self, request: Request) -> Result<Response, TransportError>;
}

impl<F> Transport for F
where
    F: Fn(Request) -> Result<Response, TransportError> + Send + Sync + 'static,
{
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self(request)
    }
}

/// The async version of [`Transport`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async transport",
    note = "expected a closure `Fn(Request) -> F + Send + Sync` whose future `F: Send` returns `Result<Response, TransportError>`, or a type that implements `AsyncTransport`"
)]
#[async_trait]
pub trait AsyncTransport: Send + Sync + 'static {
    /// Sends `request` once. Returns `Ok` for every status, `Err` if no complete response was received.
    async fn send(&self, request: Request) -> Result<Response, TransportError>;
}

#[async_trait]
impl<F, R> AsyncTransport for F
where
    F: Fn(Request) -> R + Send + Sync + 'static,
    R: Future<Output = Result<Response, TransportError>> + Send + 'static,
{
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        self(request).await
    }
}

/// Whether a request may have reached the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// The server received nothing: the connection was not opened, or was closed before a byte was
    /// sent.
    No,
    /// The server may have received and processed the request.
    Maybe,
}

/// The reason why no complete response was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The server could not be reached: the name resolution, the connection or the proxy failed.
    Connect,
    /// TLS failed: an untrusted or expired certificate, a wrong host name.
    Tls,
    /// The attempt took longer than its [`Timeout`].
    Timeout,
    /// The response body is larger than the transport accepts.
    TooLarge,
    /// The connection broke, or the response was not valid HTTP.
    Broken,
    /// The transport is configured wrongly.
    Configuration,
}

/// The error of a transport: no complete response was received.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    source: Box<dyn StdError + Send + Sync>,
}

impl TransportError {
    /// Creates an error. Pass [`Sent::No`] only if it is certain that the server did not receive the request.
    pub fn new(
        kind: TransportErrorKind,
        sent: Sent,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { kind, sent, source: source.into() }
    }

    /// Creates the error for a server that could not be reached: the request was not sent.
    pub fn unreachable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Connect, Sent::No, source)
    }

    /// Creates the error for a connection that broke: the server may have received the request.
    pub fn broken(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Broken, Sent::Maybe, source)
    }

    /// Creates the error for a request that timed out while it waited for other requests of its user.
    ///
    /// See [`ConcurrencyLimit`](crate::machine::ConcurrencyLimit).
    pub fn queue_timeout() -> Self {
        let why = "the user already has as many concurrent requests as the service allows";
        Self::new(TransportErrorKind::Timeout, Sent::No, why)
    }

    /// Returns the kind of the error.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Returns whether the request may have reached the server.
    pub fn sent(&self) -> Sent {
        self.sent
    }
}

/// Converts a socket error. The error contains [`Sent::No`] if connecting failed, and
/// [`Sent::Maybe`] in all other cases.
impl From<io::Error> for TransportError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as E;
        let (kind, sent) = match error.kind() {
            E::ConnectionRefused | E::AddrNotAvailable | E::HostUnreachable | E::NetworkUnreachable => {
                (TransportErrorKind::Connect, Sent::No)
            }
            // A socket timeout is `TimedOut` on Windows and `WouldBlock` on Unix.
            E::TimedOut | E::WouldBlock => (TransportErrorKind::Timeout, Sent::Maybe),
            _ => (TransportErrorKind::Broken, Sent::Maybe),
        };
        Self::new(kind, sent, error)
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            TransportErrorKind::Connect => "the server could not be reached",
            TransportErrorKind::Tls => "TLS failed",
            TransportErrorKind::Timeout => "the request timed out",
            TransportErrorKind::TooLarge => "the response is too large",
            TransportErrorKind::Broken => "the connection broke",
            TransportErrorKind::Configuration => "the transport is configured wrongly",
        };
        f.write_str(what)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}
