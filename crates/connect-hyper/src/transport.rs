//! The transport of the async client, based on hyper.

use std::{error::Error as StdError, io, sync::OnceLock, time::Duration};

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use connect_core::{
    AsyncTransport, Config, Error, FreshConnection, Network, Request, Response, Sent, Timeout,
    TransportError, TransportErrorKind, content_coding,
};
use http::uri::Scheme;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Incoming};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::{
    client::legacy::{
        self, ResponseFuture,
        connect::{Connect, capture_connection},
    },
    rt::{TokioExecutor, TokioTimer},
};
use rustls_pki_types::CertificateDer;

use crate::{
    dial::{ProxyConnector, TimedConnector},
    tls,
};

/// Sends requests through hyper, with HTTP/1.1 keep-alive, TLS by rustls, and gzip.
pub struct HyperTransport {
    plain: ConnectionPools<TimedConnector<ProxyConnector>>,
    /// Created by the first https request, because TLS settings are the most expensive part of a client.
    secure: OnceLock<Secure>,
    connector: ProxyConnector,
    roots: Vec<CertificateDer<'static>>,
    network: Network,
    timeout: Duration,
    max_response_size: usize,
}

/// The maximum timeout. hyper-util adds timeouts to the current time and panics on overflow.
const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

type Secure = ConnectionPools<TimedConnector<HttpsConnector<ProxyConnector>>>;

/// Two connection pools: `kept` reuses connections, `fresh` makes a new connection for each request.
struct ConnectionPools<C> {
    kept: legacy::Client<C, Full<Bytes>>,
    fresh: legacy::Client<C, Full<Bytes>>,
}

impl<C: Connect + Clone + Send + Sync + 'static> ConnectionPools<C> {
    fn new(connector: C, idle: Duration) -> Self {
        let mut builder = legacy::Client::builder(TokioExecutor::new());
        builder.pool_timer(TokioTimer::new()).pool_idle_timeout(idle.min(MAX_TIMEOUT));
        builder.http1_max_headers(content_coding::MAX_HEADERS);
        builder.http1_allow_obsolete_multiline_headers_in_responses(true); // RFC 9112 section 5.2
        let kept = if idle.is_zero() { 0 } else { usize::MAX };
        Self {
            kept: builder.pool_max_idle_per_host(kept).build(connector.clone()),
            fresh: builder.pool_max_idle_per_host(0).build(connector),
        }
    }

    fn request(&self, request: http::Request<Full<Bytes>>) -> ResponseFuture {
        if FreshConnection::is_required(&request) {
            self.fresh.request(request)
        } else {
            self.kept.request(request)
        }
    }
}

impl HyperTransport {
    /// Creates a transport with the settings of `network` and the limits of `config`.
    ///
    /// Of `config`, the transport uses `attempt_timeout` and `max_response_size`.
    pub fn new(network: &Network, config: &Config) -> Result<Self, Error> {
        let connector = ProxyConnector::new(network)?;
        let plain = TimedConnector { connector: connector.clone(), timeout: network.connect_timeout };
        Ok(Self {
            plain: ConnectionPools::new(plain, network.pool_idle_timeout),
            secure: OnceLock::new(),
            roots: tls::extra_roots(network)?,
            connector,
            network: network.clone(),
            timeout: config.attempt_timeout,
            max_response_size: config.max_response_size,
        })
    }

    fn start(&self, request: http::Request<Full<Bytes>>) -> Result<ResponseFuture, TransportError> {
        if request.uri().scheme() == Some(&Scheme::HTTP) {
            return Ok(self.plain.request(request));
        }
        if let Some(secure) = self.secure.get() {
            return Ok(secure.request(request));
        }
        let config = tls::client_config(&self.network, &self.roots)
            .map_err(|error| TransportError::new(TransportErrorKind::Configuration, Sent::No, error))?;
        let https = HttpsConnectorBuilder::new()
            .with_tls_config(config)
            .https_only()
            .enable_http1()
            .wrap_connector(self.connector.clone());
        let https = TimedConnector { connector: https, timeout: self.network.connect_timeout };
        let secure = ConnectionPools::new(https, self.network.pool_idle_timeout);
        Ok(self.secure.get_or_init(|| secure).request(request))
    }

    async fn exchange(&self, mut request: http::Request<Full<Bytes>>) -> Result<Response, TransportError> {
        content_coding::accept(request.headers_mut());
        let (parts, body) = self.start(request)?.await.map_err(transport_error)?.into_parts();
        let bytes = self.read(body).await?;
        content_coding::decode(Response::from_parts(parts, bytes), self.max_response_size)
    }

    async fn read(&self, mut body: Incoming) -> Result<Bytes, TransportError> {
        let expected = body.size_hint().lower().min(self.max_response_size as u64) as usize;
        let mut whole = BytesMut::with_capacity(expected);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(TransportError::broken)?;
            let Some(data) = frame.data_ref() else { continue };
            if whole.len() + data.len() > self.max_response_size {
                return Err(TransportError::too_large());
            }
            whole.extend_from_slice(data);
        }
        Ok(whole.freeze())
    }
}

#[async_trait]
impl AsyncTransport for HyperTransport {
    async fn send(&self, request: Request) -> Result<Response, TransportError> {
        let time = request.extensions().get::<Timeout>().map_or(self.timeout, |timeout| timeout.0);
        let mut request = request.map(Full::new);
        let connection = capture_connection(&mut request);
        // Lets hyper notice idle connections that the server closed while the runtime was paused.
        tokio::task::yield_now().await;
        tokio::time::timeout(time, self.exchange(request)).await.unwrap_or_else(|elapsed| {
            let sent = if connection.connection_metadata().is_some() { Sent::Maybe } else { Sent::No };
            Err(TransportError::new(TransportErrorKind::Timeout, sent, elapsed))
        })
    }
}

impl std::fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HyperTransport").finish_non_exhaustive()
    }
}

fn transport_error(error: legacy::Error) -> TransportError {
    if !error.is_connect() {
        return TransportError::broken(error);
    }
    let kind = if caused_by::<rustls::Error>(&error, |_| true) {
        TransportErrorKind::Tls
    } else if caused_by::<io::Error>(&error, |io| io.kind() == io::ErrorKind::TimedOut) {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Connect
    };
    TransportError::new(kind, Sent::No, error)
}

/// Whether `error` or one of its causes is a `T` for which `is` returns true.
///
/// `source` of an `io::Error` skips the error that the `io::Error` wraps, so the wrapped error is checked
/// separately.
fn caused_by<T: StdError + 'static>(
    error: &(dyn StdError + 'static),
    is: impl Fn(&T) -> bool + Copy,
) -> bool {
    let mut next = Some(error);
    while let Some(cause) = next {
        if cause.downcast_ref::<T>().is_some_and(is) {
            return true;
        }
        let inside = cause.downcast_ref::<io::Error>().and_then(|io| io.get_ref());
        if inside.is_some_and(|inside| caused_by(inside, is)) {
            return true;
        }
        next = cause.source();
    }
    false
}
