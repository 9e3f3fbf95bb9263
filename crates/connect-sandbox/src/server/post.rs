//! Sends one request to a webhook URL, over a new connection. Does not follow redirects.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// The maximum number of bytes that are read from a response body.
const MAX_RESPONSE: usize = 64 * 1024;

pub(super) async fn post(mut request: Request<Bytes>) -> Result<Response<Bytes>, String> {
    let uri = request.uri().clone();
    let host = uri.host().ok_or("the webhook URL has no host")?;
    let secure = match uri.scheme_str() {
        Some("http") => false,
        Some("https") if cfg!(feature = "tls") => true,
        Some("https") => {
            return Err(
                "the webhook URL is https, but the sandbox is built without the feature `tls`".to_owned()
            );
        }
        _ => return Err("the webhook URL is neither http nor https".to_owned()),
    };
    let authority = uri.authority().map_or(host, |authority| authority.as_str());
    // `Host` must not include user information.
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let authority = HeaderValue::from_str(authority).map_err(|error| error.to_string())?;
    request.headers_mut().insert(HOST, authority);
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    if request.body().is_empty() {
        // hyper leaves the length of an empty body out.
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
    }
    let path = uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);

    let host = host.trim_start_matches('[').trim_end_matches(']');
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream =
        TcpStream::connect((host, port)).await.map_err(|error| format!("cannot connect: {error}"))?;
    let _ = stream.set_nodelay(true);
    #[cfg(feature = "tls")]
    if secure {
        return exchange(super::tls::connect(stream, host).await?, request).await;
    }
    exchange(stream, request).await
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Bytes>,
) -> Result<Response<Bytes>, String> {
    let no_response = |error: hyper::Error| format!("no response: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(no_response)?;
    // The `JoinSet` aborts the connection task when this future ends or is dropped.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let (head, body) = sender.send_request(request.map(Full::new)).await.map_err(no_response)?.into_parts();
    // The status counts, even if the body is too large or breaks off.
    let body = Limited::new(body, MAX_RESPONSE).collect().await;
    Ok(Response::from_parts(head, body.map(http_body_util::Collected::to_bytes).unwrap_or_default()))
}
