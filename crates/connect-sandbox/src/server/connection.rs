//! Serves one connection: HTTP/1.1 with keep-alive.

use super::{Security, Shared, now};
use crate::reply::{Problem, Reply};
use crate::sandbox::Outcome;
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

/// Serves a connection until it closes. Connection errors are ignored.
pub(crate) async fn serve(stream: TcpStream, security: Security, sandbox: Shared) {
    let _ = stream.set_nodelay(true);
    match security {
        Security::Plain => serve_http(stream, sandbox).await,
        #[cfg(feature = "tls")]
        Security::Tls(acceptor) => {
            if let Ok(stream) = acceptor.accept(stream).await {
                serve_http(stream, sandbox).await;
            }
        }
    }
}

async fn serve_http(stream: impl AsyncRead + AsyncWrite + Unpin, sandbox: Shared) {
    let service = service_fn(move |request| respond(request, sandbox.clone()));
    let http = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    drop(http);
}

/// The error that makes hyper close the connection without a response.
#[derive(Debug, thiserror::Error)]
#[error("the connection was cut")]
struct ConnectionCut;

async fn respond(
    request: Request<Incoming>,
    sandbox: Shared,
) -> Result<http::Response<Full<Bytes>>, ConnectionCut> {
    let (head, body) = request.into_parts();
    let body = match Limited::new(body, crate::MAX_BODY).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => return Ok(too_large()),
        Err(_) => return Err(ConnectionCut),
    };
    let answer = sandbox.with(|sandbox| sandbox.handle(Request::from_parts(head, body), now()));
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    match answer.outcome {
        Outcome::Reply(reply) => Ok(reply.map(Full::new)),
        Outcome::Cut => Err(ConnectionCut),
    }
}

fn too_large() -> http::Response<Full<Bytes>> {
    let problem = Problem::plain(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large");
    Reply::from(problem).map(Full::new)
}
