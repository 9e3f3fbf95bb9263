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

use connect_core::{Error, Network, ProxyRule, is_tunnel_open};
use http::Uri;
use hyper_util::{client::legacy::connect::HttpConnector, rt::TokioIo};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tower_service::Service;

pub(crate) type Failure = Box<dyn StdError + Send + Sync>;
type Dialing<T> = Pin<Box<dyn Future<Output = Result<T, Failure>> + Send>>;

/// A TCP connection to the server, or through the proxy's tunnel to it. hyper-util's own proxies read `NO_PROXY` in their
/// own way.
#[derive(Clone)]
pub(crate) struct Dial {
    tcp: HttpConnector,
    rule: Option<Arc<ProxyRule>>,
}

impl Dial {
    pub(crate) fn new(network: &Network) -> Result<Self, Error> {
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Ok(Self { tcp, rule: network.proxy_rule()?.map(Arc::new) })
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
        let Some(proxy) = self.rule.as_ref().and_then(|rule| rule.proxy_for(&uri)) else {
            let dialing = self.tcp.call(uri);
            return Box::pin(async move { Ok(dialing.await?) });
        };
        let (dialing, request) = (self.tcp.call(proxy.uri().clone()), proxy.connect_request(&uri));
        Box::pin(async move {
            let mut connection = dialing.await?;
            open_tunnel(connection.inner_mut(), &request).await?;
            Ok(connection)
        })
    }
}

async fn open_tunnel(tcp: &mut TcpStream, request: &[u8]) -> Result<(), Failure> {
    tcp.write_all(request).await?;
    let mut received = Vec::new();
    while !is_tunnel_open(&received)? {
        if tcp.read_buf(&mut received).await? == 0 {
            return Err("the proxy closed the connection".into());
        }
    }
    Ok(())
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
