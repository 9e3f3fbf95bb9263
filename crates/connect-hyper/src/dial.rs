//! Making a connection: directly or through an HTTP proxy, within a time.

use std::{
    error::Error as StdError,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use connect_core::{Error, Network, is_loopback};
use http::Uri;
use hyper_util::{
    client::{
        legacy::connect::{HttpConnector, proxy::Tunnel},
        proxy::matcher::Matcher,
    },
    rt::TokioIo,
};
use tokio::net::TcpStream;
use tower_service::Service;

pub(crate) type Failure = Box<dyn StdError + Send + Sync>;
type Dialing<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

/// A TCP connection to the server, or through the proxy's tunnel (RFC 9110 9.3.6) to it.
#[derive(Clone)]
pub(crate) struct Dial {
    tcp: HttpConnector,
    proxy: Option<Arc<Matcher>>,
}

impl Dial {
    pub(crate) fn new(network: &Network) -> Result<Self, Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        let proxy = network.proxy.as_ref().map(|url| {
            let wrong = || {
                Error::configuration(
                    "the proxy, set or from HTTPS_PROXY, is no URL of the form http://host:port",
                )
            };
            let url = if url.contains("://") { url.clone() } else { format!("http://{url}") };
            let parsed: Uri = url.parse().map_err(|_| wrong())?;
            if parsed.scheme_str() != Some("http") || parsed.host().is_none() {
                return Err(wrong());
            }
            let not = network.no_proxy.clone().unwrap_or_default();
            Ok(Arc::new(Matcher::builder().https(url).no(not).build()))
        });
        Ok(Self { tcp, proxy: proxy.transpose()? })
    }
}

impl Service<Uri> for Dial {
    type Response = TokioIo<TcpStream>;
    type Error = Failure;
    type Future = Dialing<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let away = !is_loopback(uri.host().unwrap_or_default());
        let through = self.proxy.as_ref().filter(|_| away).and_then(|proxy| proxy.intercept(&uri));
        match through {
            None => {
                let dialing = self.tcp.call(uri);
                Box::pin(async move { Ok(dialing.await?) })
            }
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), self.tcp.clone());
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                Box::pin(async move { Ok(tunnel.call(uri).await?) })
            }
        }
    }
}

/// A connector that gives up in time: name look-up, TCP, proxy and TLS together.
#[derive(Clone)]
pub(crate) struct Within<C> {
    pub(crate) connector: C,
    pub(crate) time: Duration,
}

impl<C> Service<Uri> for Within<C>
where
    C: Service<Uri>,
    C::Future: Send + 'static,
    C::Response: 'static,
    C::Error: Into<Failure>,
{
    type Response = C::Response;
    type Error = Failure;
    type Future = Dialing<C::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Failure>> {
        self.connector.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (dialing, time) = (self.connector.call(uri), self.time);
        Box::pin(async move {
            match tokio::time::timeout(time, dialing).await {
                Ok(connection) => connection.map_err(Into::into),
                Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no connection in time").into()),
            }
        })
    }
}
