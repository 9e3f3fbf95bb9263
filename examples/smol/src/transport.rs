//! Sends each request over a new connection.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use connect_hyper::{Request, Response, Sent, Timeout, TransportError, TransportErrorKind};
use futures_rustls::{
    TlsConnector,
    rustls::{ClientConfig, RootCertStore, crypto::ring},
};
use http::{HeaderValue, header::HOST};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1::handshake;
use smol::{
    future::or,
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use smol_hyper::rt::FuturesIo;

const MAX_RESPONSE_SIZE: usize = 32 << 20;

pub(crate) async fn send(request: Request) -> Result<Response, TransportError> {
    let time = Timeout::of(&request);
    or(exchange(request), async {
        smol::Timer::after(time).await;
        Err(TransportError::new(TransportErrorKind::Timeout, Sent::Maybe, "no response in time"))
    })
    .await
}

async fn exchange(mut request: Request) -> Result<Response, TransportError> {
    let uri = request.uri().clone();
    let host = uri.host().ok_or_else(|| TransportError::unreachable("the URL has no host"))?;
    let authority = uri.authority().map_or(host, |authority| authority.as_str());
    request
        .headers_mut()
        .insert(HOST, HeaderValue::try_from(authority).map_err(TransportError::unreachable)?);
    *request.uri_mut() = uri
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .parse()
        .map_err(TransportError::unreachable)?;
    let is_plain = uri.scheme_str() == Some("http");
    let port = uri.port_u16().unwrap_or(if is_plain { 80 } else { 443 });
    let host = host.trim_matches(['[', ']']);
    let stream = TcpStream::connect((host, port)).await.map_err(TransportError::unreachable)?;
    if is_plain {
        return over(stream, request).await;
    }
    let name = host.to_owned().try_into().map_err(TransportError::unreachable)?;
    let stream = TLS.connect(name, stream).await.map_err(TransportError::unreachable)?;
    over(stream, request).await
}

async fn over<S>(stream: S, request: Request) -> Result<Response, TransportError>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (mut sender, connection) =
        handshake(FuturesIo::new(stream)).await.map_err(TransportError::unreachable)?;
    let _driver = smol::spawn(async move { _ = connection.await });
    let response =
        sender.send_request(request.map(Full::<Bytes>::new)).await.map_err(TransportError::broken)?;
    let (head, body) = response.into_parts();
    let body = Limited::new(body, MAX_RESPONSE_SIZE).collect().await.map_err(TransportError::broken)?;
    Ok(Response::from_parts(head, body.to_bytes()))
}

static TLS: LazyLock<TlsConnector> = LazyLock::new(|| {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring supports the default versions of TLS")
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
});
