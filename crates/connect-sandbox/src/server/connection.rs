//! Serves one connection: HTTP/1.1 with keep-alive.

use super::{Security, Shared, now};
use crate::guard;
use crate::reply::{Problem, Reply};
use crate::sandbox::Outcome;
use bytes::Bytes;
use http::header::CONTENT_LENGTH;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::pin::Pin;
use std::task::{Context, Poll};
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

/// A body that is sent completely, or that breaks the connection.
type Body = Either<Full<Bytes>, BrokenBody>;

/// A body shorter than its Content-Length: the connection is cut after these bytes.
enum BrokenBody {
    Unsent(Bytes),
    /// hyper has the bytes, and sends them before it polls the body again.
    Sent,
    Over,
}

impl hyper::body::Body for BrokenBody {
    type Data = Bytes;
    type Error = ConnectionCut;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ConnectionCut>>> {
        match std::mem::replace(&mut *self, Self::Over) {
            Self::Unsent(bytes) => {
                *self = Self::Sent;
                Poll::Ready(Some(Ok(Frame::data(bytes))))
            }
            Self::Sent => {
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Over => Poll::Ready(Some(Err(ConnectionCut))),
        }
    }
}

/// Returns the response with its body, which is broken if its Content-Length is longer.
fn with_body(reply: Reply) -> http::Response<Body> {
    let declared = reply.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let is_broken = declared.is_some_and(|declared: usize| declared > reply.body().len());
    reply.map(|body| match is_broken {
        true => Either::Right(BrokenBody::Unsent(body)),
        false => Either::Left(Full::new(body)),
    })
}

async fn respond(request: Request<Incoming>, sandbox: Shared) -> Result<http::Response<Body>, ConnectionCut> {
    let (head, body) = request.into_parts();
    let limit =
        if guard::is_control_path(head.uri.path()) { crate::MAX_CONTROL_BODY } else { crate::MAX_BODY };
    let body = match Limited::new(body, limit).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<http_body_util::LengthLimitError>() => return Ok(too_large()),
        Err(_) => return Err(ConnectionCut),
    };
    let request = Request::from_parts(head, body);
    let mut validations = sandbox.with(|sandbox| sandbox.validations(&request, now()));
    for validation in &mut validations {
        super::deliver::validate(validation).await;
    }
    let answer = sandbox.with(|sandbox| sandbox.handle_validated(request, validations, now()));
    if !answer.delay.is_zero() {
        tokio::time::sleep(answer.delay).await;
    }
    match answer.outcome {
        Outcome::Reply(reply) => Ok(with_body(reply)),
        Outcome::Cut => Err(ConnectionCut),
    }
}

fn too_large() -> http::Response<Body> {
    with_body(Problem::plain(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too large").into())
}
