//! The transport on ureq.

use std::{io::Read, sync::Arc, time::Duration};

use bytes::Bytes;
use connect_core::{
    Config, Error, FreshConnection, Network, Request, Response, Sent, Timeout, Transport, TransportError,
    TransportErrorKind,
};
use http::{Method, StatusCode};
use rustls::crypto::CryptoProvider;
use ureq::{
    Agent, Body, Proxy, ProxyProtocol,
    tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem},
};

use crate::dial::{Dial, LookUp, NotConnected};

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
        let (tls, proxy) = (tls(network)?, proxy(network)?);
        let agent = |idle_connections| {
            let settings = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .timeout_resolve(Some(connect_time))
                .timeout_connect(Some(connect_time))
                .timeout_global(Some(time))
                .tls_config(tls.clone())
                .proxy(proxy.clone())
                .max_idle_age(network.pool_idle_timeout.min(LONGEST))
                .max_idle_connections(idle_connections)
                .build();
            Agent::with_parts(settings, Dial::default(), LookUp::default())
        };
        let kept = if network.pool_idle_timeout.is_zero() { 0 } else { 10 };
        let (agent, fresh) = (agent(kept), agent(0));
        Ok(Self { agent, fresh, time, max_response_size: config.max_response_size })
    }

    fn run(&self, request: Request) -> Result<http::Response<Body>, ureq::Error> {
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

    fn read(&self, response: http::Response<Body>, to: &Method) -> Result<Response, TransportError> {
        let (parts, body) = response.into_parts();
        if to == Method::HEAD || parts.status == StatusCode::NO_CONTENT {
            return Ok(Response::from_parts(parts, Bytes::new())); // what encoding it may name is of no body
        }
        let mut bytes = Vec::new();
        // Behind the decompression: what counts is what has to be held.
        let mut reader = body.into_reader().take(self.max_response_size as u64 + 1);
        reader.read_to_end(&mut bytes).map_err(|error| failed(error.into()))?;
        if bytes.len() > self.max_response_size {
            return Err(TransportError::new(
                TransportErrorKind::TooLarge,
                Sent::Maybe,
                "the body is over the cap",
            ));
        }
        Ok(Response::from_parts(parts, Bytes::from(bytes)))
    }
}

impl Transport for UreqTransport {
    fn send(&self, request: Request) -> Result<Response, TransportError> {
        let method = request.method().clone();
        self.run(request).map_err(failed).and_then(|response| self.read(response, &method))
    }
}

/// Trust in Mozilla's list or the system's, and in what was added.
fn tls(network: &Network) -> Result<TlsConfig, Error> {
    let roots = if !network.root_certificates.is_empty() {
        let known = webpki_root_certs::TLS_SERVER_ROOT_CERTS
            .iter()
            .map(|cert| Certificate::from_der(cert).to_owned());
        let mut all: Vec<_> = known.collect();
        for pem in &network.root_certificates {
            all.extend(certificates(pem)?);
        }
        RootCerts::Specific(Arc::new(all))
    } else if cfg!(feature = "platform-verifier") {
        RootCerts::PlatformVerifier
    } else {
        RootCerts::WebPki
    };
    Ok(TlsConfig::builder().root_certs(roots).unversioned_rustls_crypto_provider(crypto()).build())
}

fn certificates(pem: &[u8]) -> Result<Vec<Certificate<'static>>, Error> {
    let wrong = || Error::configuration("a root certificate is not PEM");
    let found: Vec<_> = parse_pem(pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(Ok(certificate)),
            Ok(_) => None,
            Err(_) => Some(Err(wrong())),
        })
        .collect::<Result<_, _>>()?;
    if found.is_empty() { Err(wrong()) } else { Ok(found) }
}

/// Named, since rustls panics when it has to choose between two.
fn crypto() -> Arc<CryptoProvider> {
    #[cfg(feature = "aws-lc-rs")]
    return Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    #[cfg(all(feature = "ring", not(feature = "aws-lc-rs")))]
    return Arc::new(rustls::crypto::ring::default_provider());
    #[cfg(not(any(feature = "ring", feature = "aws-lc-rs")))]
    compile_error!("choose the feature `ring` (the default) or `aws-lc-rs`");
}

/// The proxy, but not to this machine itself.
fn proxy(network: &Network) -> Result<Option<Proxy>, Error> {
    let Some(url) = &network.proxy else { return Ok(None) };
    let wrong = |_| {
        Error::configuration("the proxy, set or from HTTPS_PROXY, is no URL of the form http://host:port")
    };
    let plain = Proxy::new(url).map_err(wrong)?;
    if plain.protocol() != ProxyProtocol::Http {
        return Err(wrong(ureq::Error::InvalidProxyUrl));
    }
    let mut builder = Proxy::builder(plain.protocol()).host(plain.host()).port(plain.port());
    for (set, value) in [(true, plain.username()), (false, plain.password())] {
        builder = match value {
            Some(value) if set => builder.username(value),
            Some(value) => builder.password(value),
            None => builder,
        };
    }
    let excluded = network.no_proxy.iter().flat_map(|hosts| hosts.split(',')).map(str::trim);
    for host in
        ["localhost", "127.0.0.1", "[::1]"].into_iter().chain(excluded).filter(|host| !host.is_empty())
    {
        builder = builder.no_proxy(host);
        let domain = host.trim_start_matches('.');
        if !domain.contains('*') {
            builder = builder.no_proxy(domain).no_proxy(&format!(".{domain}")); // and all hosts in it
        }
    }
    builder.build().map(Some).map_err(wrong)
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
        E::Tls(_) | E::Rustls(_) => TransportErrorKind::Tls,
        E::Io(io) if io.get_ref().is_some_and(|inner| inner.is::<rustls::Error>()) => TransportErrorKind::Tls,
        E::BadUri(_) | E::Http(_) => TransportErrorKind::Configuration,
        _ => TransportErrorKind::Connect,
    }
}
