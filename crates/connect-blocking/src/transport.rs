//! The transport of the blocking client, based on ureq.

use std::{io::Read, sync::Arc, time::Duration};

use bytes::Bytes;
use connect_core::{
    Config, Error, FreshConnection, Network, Request, Response, Sent, Timeout, Transport, TransportError,
    TransportErrorKind, content_coding,
};
use ureq::{Agent, Body};

use crate::{
    dial::{ConnectError, ConnectSettings, NoResolver, ProxyConnector},
    head,
};

/// The maximum timeout. ureq adds timeouts to the current time and panics on overflow.
const MAX_TIMEOUT: Duration = Duration::from_secs(365 * 24 * 3600);

/// Sends requests through ureq, with HTTP/1.1 keep-alive, TLS by rustls, and gzip.
#[derive(Debug)]
pub struct UreqTransport {
    agent: Agent,
    /// The agent that makes a new connection for each request.
    fresh: Agent,
    time: Duration,
    max_response_size: usize,
}

impl UreqTransport {
    /// Creates a transport with the settings of `network` and the limits of `config`.
    ///
    /// Of `config`, the transport uses `attempt_timeout` and `max_response_size`.
    pub fn new(network: &Network, config: &Config) -> Result<Self, Error> {
        let (connect_time, time) =
            (network.connect_timeout.min(MAX_TIMEOUT), config.attempt_timeout.min(MAX_TIMEOUT));
        let connect_settings = Arc::new(ConnectSettings::new(network)?);
        let agent = |idle_connections| {
            let settings = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_connect(Some(connect_time))
                .timeout_global(Some(time))
                .proxy(None) // `ConnectSettings` contains the proxy
                .max_response_header_size(128 << 10) // the core has a lower limit
                .max_idle_age(network.pool_idle_timeout.min(MAX_TIMEOUT))
                .max_idle_connections(idle_connections)
                .max_idle_connections_per_host(idle_connections)
                .build();
            Agent::with_parts(settings, ProxyConnector(connect_settings.clone()), NoResolver)
        };
        let kept = if network.pool_idle_timeout.is_zero() { 0 } else { usize::MAX };
        let (agent, fresh) = (agent(kept), agent(0));
        Ok(Self { agent, fresh, time, max_response_size: config.max_response_size })
    }

    fn run(&self, mut request: Request) -> Result<http::Response<Body>, ureq::Error> {
        content_coding::accept(request.headers_mut());
        let time =
            request.extensions().get::<Timeout>().map_or(self.time, |timeout| timeout.0.min(MAX_TIMEOUT));
        let agent = if FreshConnection::is_required(&request) { &self.fresh } else { &self.agent };
        // ureq sends `content-length: 0` with an empty body, but a GET should not have this header (RFC 9110
        // section 8.6).
        if request.body().is_empty() {
            self.run_with(agent, request.map(|_| ()), time)
        } else {
            self.run_with(agent, request.map(Vec::from), time)
        }
    }

    fn run_with<B: ureq::AsSendBody>(
        &self,
        agent: &Agent,
        request: http::Request<B>,
        time: Duration,
    ) -> Result<http::Response<Body>, ureq::Error> {
        // For a request with its own timeout, ureq does not use the TLS settings that the agent has cached.
        if time == self.time {
            return agent.run(request);
        }
        let request = agent.configure_request(request).timeout_global(Some(time)).build();
        agent.run(request)
    }

    fn read(&self, response: http::Response<Body>) -> Result<Response, TransportError> {
        let (mut parts, body) = response.into_parts();
        head::restore(&mut parts.headers).map_err(TransportError::broken)?;
        let limit = (self.max_response_size as u64).saturating_add(1);
        let mut bytes = Vec::with_capacity(body.content_length().unwrap_or_default().min(limit) as usize);
        let mut reader = body.into_reader().take(limit);
        reader.read_to_end(&mut bytes).map_err(|error| transport_error(error.into()))?;
        if bytes.len() > self.max_response_size {
            return Err(TransportError::too_large());
        }
        content_coding::decode(Response::from_parts(parts, Bytes::from(bytes)), self.max_response_size)
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.run(request).map_err(transport_error).and_then(|response| self.read(response))
    }
}

fn transport_error(error: ureq::Error) -> TransportError {
    use ureq::Error as E;
    let (kind, sent, error) = match ConnectError::of(error) {
        Ok(reason) => (connect_error_kind(&reason), Sent::No, reason),
        Err(error) => match error {
            E::BadUri(_) | E::Http(_) | E::TlsRequired => {
                (TransportErrorKind::Configuration, Sent::No, error)
            }
            E::Timeout(_) => (TransportErrorKind::Timeout, Sent::Maybe, error),
            _ => (TransportErrorKind::Broken, Sent::Maybe, error),
        },
    };
    TransportError::new(kind, sent, error)
}

/// Returns the kind of an error that prevented a connection.
fn connect_error_kind(error: &ureq::Error) -> TransportErrorKind {
    use ureq::Error as E;
    match error {
        E::Timeout(_) => TransportErrorKind::Timeout,
        E::Tls(_) => TransportErrorKind::Tls,
        E::Other(other) if other.is::<rustls::Error>() => TransportErrorKind::Configuration,
        E::Io(io) if io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => TransportErrorKind::Tls,
        E::BadUri(_) | E::Http(_) => TransportErrorKind::Configuration,
        _ => TransportErrorKind::Connect,
    }
}
