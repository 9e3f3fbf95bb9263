//! What carries a request to a server and brings its answer.
//!
//! A transport is one method. A closure is a transport:
//!
//! ```
//! use connect_core::{Request, Response, Transport, TransportError};
//!
//! fn takes(_: impl Transport) {}
//! takes(|request: Request| -> Result<Response, TransportError> {
//!     Ok(http::Response::new("[]".into()))
//! });
//! ```
//!
//! Something shared, such as an `Arc` of a transport, goes into a closure that calls it.
//!
//! Rules for a transport:
//!
//! * send the request once, as it is; do not follow redirects (the bearer token must not travel);
//! * keep to the [`Timeout`] in the request's extensions;
//! * send a request that is [`FreshConnection`] over a new connection;
//! * undo a content encoding you asked for, and give up on a body larger than you are willing to hold;
//! * say in the error whether the request may have reached the server: that decides what may be retried.

use std::{error::Error as StdError, fmt, future::Future, io, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;

/// A request with its body. Its `Debug` shows the body, where refresh tokens are, and at some servers the client secret: a
/// transport that logs requests leaves that out.
pub type Request = http::Request<Bytes>;
/// An answer with its body, content encoding undone.
pub type Response = http::Response<Bytes>;

/// How long this attempt may take: a request extension that transports keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout(pub Duration);

impl Timeout {
    /// That of a request; one without has all the time there is.
    pub fn of(request: &Request) -> Duration {
        request.extensions().get().map_or(Duration::MAX, |time: &Self| time.0)
    }

    /// Makes it that of the request.
    pub fn set(self, request: &mut Request) {
        request.extensions_mut().insert(self);
    }
}

/// A request extension: the request goes over a new connection, never over one that was kept alive.
///
/// Every request to a token endpoint has it. A server may close an idle connection just as the next request is sent on it;
/// then nobody knows whether the request was processed, and a grant must not be sent twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FreshConnection;

impl FreshConnection {
    /// Whether `request` has it.
    pub fn is_required<B>(request: &http::Request<B>) -> bool {
        request.extensions().get::<Self>().is_some()
    }
}

/// Sends a request and waits for the whole answer, blocking the thread.
pub trait Transport: Send + Sync + 'static {
    /// Sends `request` once. Any status is an `Ok`; an `Err` means that no whole answer came.
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

/// The asynchronous twin of [`Transport`].
#[async_trait]
pub trait AsyncTransport: Send + Sync + 'static {
    /// Sends `request` once. Any status is an `Ok`; an `Err` means that no whole answer came.
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
    /// Surely not: the connection was never made, or was closed before a byte of the request went out.
    No,
    /// It may have been received and acted on.
    Maybe,
}

/// What kept an answer from coming.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The server could not be reached: name resolution, connect, proxy.
    Connect,
    /// TLS failed: an untrusted or expired certificate, a wrong host name.
    Tls,
    /// The time was over.
    Timeout,
    /// The body is larger than the transport accepts.
    TooLarge,
    /// The connection broke, or the answer was not HTTP.
    Broken,
    /// The transport cannot work as it is set up.
    Configuration,
}

/// No whole answer came.
#[derive(Debug)]
pub struct TransportError {
    kind: TransportErrorKind,
    sent: Sent,
    source: Box<dyn StdError + Send + Sync>,
}

impl TransportError {
    /// An error of this kind. `sent` must be [`Sent::No`] only where the request surely did not arrive.
    pub fn new(
        kind: TransportErrorKind,
        sent: Sent,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        Self { kind, sent, source: source.into() }
    }

    /// The server was not reached, so nothing was sent.
    pub fn unreachable(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Connect, Sent::No, source)
    }

    /// The connection broke when the request may already have arrived.
    pub fn broken(source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(TransportErrorKind::Broken, Sent::Maybe, source)
    }

    /// The request timed out while it waited for its turn: see [`AtOnce`](crate::machine::AtOnce).
    pub fn no_turn() -> Self {
        let why = "as many requests of this user were under way as the service takes";
        Self::new(TransportErrorKind::Timeout, Sent::No, why)
    }

    /// What happened.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Whether the request may have reached the server.
    pub fn sent(&self) -> Sent {
        self.sent
    }
}

/// Sorts a failed socket by its kind; what is not known to have come before the request was sent may have come
/// after it.
impl From<io::Error> for TransportError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind as E;
        let (kind, sent) = match error.kind() {
            E::ConnectionRefused | E::AddrNotAvailable | E::HostUnreachable | E::NetworkUnreachable => {
                (TransportErrorKind::Connect, Sent::No)
            }
            // What a socket with a timeout says on Windows and on Unix.
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
            TransportErrorKind::Timeout => "the answer took too long",
            TransportErrorKind::TooLarge => "the answer is too large",
            TransportErrorKind::Broken => "the connection broke",
            TransportErrorKind::Configuration => "the transport is not set up rightly",
        };
        f.write_str(what)
    }
}

impl StdError for TransportError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        Some(self.source.as_ref())
    }
}
