//! Makes TCP connections, directly or through an HTTP proxy, within a timeout.

use std::{
    error::Error as StdError,
    future::Future,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use connect_core::{Error, Network, ProxyRule, is_tunnel_open};
use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower_service::Service;

pub(crate) type BoxError = Box<dyn StdError + Send + Sync>;
type Connecting<T> = Pin<Box<dyn Future<Output = Result<T, BoxError>> + Send>>;

/// Connects to the server by TCP, directly or through a tunnel of the HTTP proxy.
///
/// hyper-util's own proxy support is not used, because it interprets `NO_PROXY` differently from
/// [`ProxyRule`].
#[derive(Clone)]
pub(crate) struct ProxyConnector {
    tcp: HttpConnector,
    rule: Option<Arc<ProxyRule>>,
}

impl ProxyConnector {
    pub(crate) fn new(network: &Network) -> Result<Self, Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Ok(Self { tcp, rule: network.proxy_rule()?.map(Arc::new) })
    }
}

impl Service<Uri> for ProxyConnector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = Connecting<Self::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Some(proxy) = self.rule.as_ref().and_then(|rule| rule.proxy_for(&uri)) else {
            let connecting = self.tcp.call(uri);
            return Box::pin(async move { Ok(connecting.await?) });
        };
        let (connecting, request) = (self.tcp.call(proxy.uri().clone()), proxy.connect_request(&uri));
        Box::pin(async move {
            let mut connection = connecting.await?;
            open_tunnel(connection.inner_mut(), &request).await?;
            Ok(connection)
        })
    }
}

async fn open_tunnel(tcp: &mut TcpStream, request: &[u8]) -> Result<(), BoxError> {
    tcp.write_all(request).await?;
    let mut received = Vec::new();
    while !is_tunnel_open(&received)? {
        if tcp.read_buf(&mut received).await? == 0 {
            return Err("the proxy closed the connection before the tunnel was open".into());
        }
    }
    Ok(())
}

/// A connector with a timeout for name resolution, TCP, proxy and TLS together.
#[derive(Clone)]
pub(crate) struct TimedConnector<C> {
    pub(crate) connector: C,
    pub(crate) timeout: Duration,
}

impl<C> Service<Uri> for TimedConnector<C>
where
    C: Service<Uri>,
    C::Future: Send + 'static,
    C::Response: 'static,
    C::Error: Into<BoxError>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = Connecting<C::Response>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.connector.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (connecting, time) = (self.connector.call(uri), self.timeout);
        Box::pin(async move {
            match tokio::time::timeout(time, connecting).await {
                Ok(connection) => connection.map_err(Into::into),
                Err(_) => Err(io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the connection was not made within the connect timeout",
                )
                .into()),
            }
        })
    }
}
