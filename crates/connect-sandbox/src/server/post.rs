//! One request to a receiver of deliveries, over a connection of its own. Redirects are not followed.

use bytes::Bytes;
use http::header::{CONNECTION, HOST, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// How much of an answer is read, which is then thrown away.
const MOST: usize = 64 * 1024;

/// Gives the status of the answer, or why there is none.
pub(super) async fn post(mut request: Request<Bytes>) -> Result<StatusCode, String> {
    let uri = request.uri().clone();
    let host = uri.host().ok_or("the webhook URL names no host")?;
    let secure = match uri.scheme_str() {
        Some("http") => false,
        Some("https") if cfg!(feature = "tls") => true,
        Some("https") => {
            return Err("this sandbox is built without TLS (feature `tls`): use an http URL".to_owned());
        }
        _ => return Err("the webhook URL is neither http nor https".to_owned()),
    };
    let authority = uri.authority().map_or(host, |authority| authority.as_str());
    // What stands before an `@` is nobody's host.
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let authority = HeaderValue::from_str(authority).map_err(|error| error.to_string())?;
    request.headers_mut().insert(HOST, authority);
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
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
) -> Result<StatusCode, String> {
    let no_answer = |error: hyper::Error| format!("no answer: {error}");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(no_answer)?;
    // It ends with this function, and with whoever gives up waiting for it.
    let mut connections = JoinSet::new();
    connections.spawn(connection);
    let answer = sender.send_request(request.map(Full::new)).await;
    let status = answer.as_ref().map(http::Response::status).map_err(ToString::to_string);
    if let Ok(answer) = answer {
        let _ = Limited::new(answer.into_body(), MOST).collect().await;
    }
    status.map_err(|error| format!("no answer: {error}"))
}
