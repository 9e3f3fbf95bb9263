//! The transport on ureq.

use std::{io::Read, sync::Arc, time::Duration};

use bytes::Bytes;
use connect_core::{
    Config, Error, FreshConnection, Network, Request, Response, Sent, Timeout, Transport, TransportError,
    TransportErrorKind, content_coding,
};
use ureq::{Agent, Body};

use crate::{
    dial::{Dial, LookUp, NotConnected, Way},
    head,
};

/// ureq adds times to the clock and panics where that overflows; a year is as good as no limit.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Sends requests through ureq: HTTP/1.1 with kept-alive connections, TLS by rustls, gzip.
#[derive(Debug)]
pub struct UreqTransport {
    agent: Agent,
    /// Keeps no connection alive.
    fresh: Agent,
    time: Duration,
    max_response_size: usize,
}

impl UreqTransport {
    /// With these settings of the network, and the times and caps of the application.
    pub fn new(network: &Network, config: &Config) -> Result<Self, Error> {
        let (connect_time, time) =
            (network.connect_timeout.min(LONGEST), config.attempt_timeout.min(LONGEST));
        let way = Arc::new(Way::new(network)?);
        let agent = |idle_connections| {
            let settings = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_resolve(Some(connect_time))
                .timeout_connect(Some(connect_time))
                .timeout_global(Some(time))
                .proxy(None) // the environment's is in the settings of the network
                .max_response_header_size(128 << 10) // the core has a lower limit
                .max_idle_age(network.pool_idle_timeout.min(LONGEST))
                .max_idle_connections(idle_connections)
                .build();
            Agent::with_parts(settings, Dial(way.clone()), LookUp(way.clone()))
        };
        let kept = if network.pool_idle_timeout.is_zero() { 0 } else { 10 };
        let (agent, fresh) = (agent(kept), agent(0));
        Ok(Self { agent, fresh, time, max_response_size: config.max_response_size })
    }

    fn run(&self, mut request: Request) -> Result<http::Response<Body>, ureq::Error> {
        content_coding::accept(request.headers_mut());
        let time = request.extensions().get::<Timeout>().map_or(self.time, |timeout| timeout.0.min(LONGEST));
        let agent = if FreshConnection::is_required(&request) { &self.fresh } else { &self.agent };
        // ureq sends `content-length: 0` with an empty body, and a GET must have none.
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
        // A time of its own costs the request the agent's cached TLS set-up: only where it is needed.
        if time == self.time {
            return agent.run(request);
        }
        let request = agent.configure_request(request).timeout_global(Some(time)).build();
        agent.run(request)
    }

    fn read(&self, response: http::Response<Body>) -> Result<Response, TransportError> {
        let (mut parts, body) = response.into_parts();
        head::restore(&mut parts.headers).map_err(TransportError::broken)?;
        let mut bytes = Vec::new();
        let mut reader = body.into_reader().take((self.max_response_size as u64).saturating_add(1));
        reader.read_to_end(&mut bytes).map_err(|error| failed(error.into()))?;
        if bytes.len() > self.max_response_size {
            return Err(TransportError::too_large());
        }
        content_coding::decode(Response::from_parts(parts, Bytes::from(bytes)), self.max_response_size)
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        self.run(request).map_err(failed).and_then(|response| self.read(response))
    }
}

fn failed(error: ureq::Error) -> TransportError {
    use ureq::Error as E;
    let (kind, sent, error) = match NotConnected::of(error) {
        Ok(reason) => (unconnected(&reason), Sent::No, reason),
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

/// What kept a connection from being made.
fn unconnected(error: &ureq::Error) -> TransportErrorKind {
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
