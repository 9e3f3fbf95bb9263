//! A small HTTP server on this machine, for what a service posts.
//!
//! ```text
//!   another path 404 · not a POST 405 · too slow 408 · over 2 MiB 413 · else what the handler answers
//! ```
//!
//! A handler that has begun goes on to its end, although the sender may have hung up.

use std::{
    future::{Future, poll_fn},
    io,
    net::{Ipv4Addr, SocketAddr},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Poll,
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

const LARGEST_BODY: usize = 2 * 1024 * 1024;
/// How much more is read and thrown away, so that the sender gets to see the 413.
const LARGEST_WASTE: usize = 16 * 1024 * 1024;
/// How long a head may take, and how long a body.
const PATIENCE: Duration = Duration::from_secs(10);
const MOST_CONNECTIONS: usize = 64;

/// Listens on the loopback address.
pub(crate) struct Receiver {
    socket: TcpListener,
    address: SocketAddr,
    path: String,
}

impl Receiver {
    /// At this port, or at a free one for 0, and at no other path than this.
    pub(crate) async fn bind(port: u16, path: &str) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(Self { address: socket.local_addr()?, socket, path: path.to_owned() })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// Answers until told to stop; who is being answered then still gets the answer.
    pub(crate) async fn serve<F>(
        self,
        handler: impl Fn(HeaderMap, Bytes) -> F + Clone + Send + Sync + 'static,
        until: impl Future<Output = ()>,
    ) where
        F: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let mut visits = JoinSet::new();
        {
            let mut until = pin!(until);
            let mut accepting = pin!(self.accept(&mut visits, handler));
            poll_fn(|cx| match until.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => accepting.as_mut().poll(cx),
            })
            .await;
        }
        let _ = timeout(Duration::from_secs(1), async { while visits.join_next().await.is_some() {} }).await;
    }

    async fn accept<F>(
        self,
        visits: &mut JoinSet<()>,
        handler: impl Fn(HeaderMap, Bytes) -> F + Clone + Send + Sync + 'static,
    ) where
        F: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let mut open: Vec<Visit> = Vec::new();
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => {
                    make_room(visits, &mut open).await;
                    let is_read = Arc::new(AtomicBool::new(false));
                    let serving = visit(stream, self.path.clone(), is_read.clone(), handler.clone());
                    open.push(Visit { task: visits.spawn(serving), is_read });
                }
                // Out of file descriptors, most likely.
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

/// An open connection.
struct Visit {
    task: AbortHandle,
    /// Whether its request has come whole, and is being answered.
    is_read: Arc<AtomicBool>,
}

/// Ends the oldest connection that has not sent its whole request; if all have, waits for a response.
async fn make_room(visits: &mut JoinSet<()>, open: &mut Vec<Visit>) {
    while visits.try_join_next().is_some() {}
    open.retain(|visit| !visit.task.is_finished());
    if open.len() < MOST_CONNECTIONS {
        return;
    }
    match open.iter().position(|visit| !visit.is_read.load(Ordering::Relaxed)) {
        Some(oldest) => open.remove(oldest).task.abort(),
        None => drop(visits.join_next().await),
    }
}

/// One request a connection: nobody who keeps one open keeps others out.
async fn visit<F>(
    stream: TcpStream,
    path: String,
    is_read: Arc<AtomicBool>,
    handler: impl Fn(HeaderMap, Bytes) -> F + Clone + Send + Sync + 'static,
) where
    F: Future<Output = Response<Bytes>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let (path, is_read, handler) = (path.clone(), is_read.clone(), handler.clone());
        async move { answer(request, &path, &is_read, handler).await.map(|answer| answer.map(Full::new)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // Whatever fails there is the peer's affair.
    let _ = connection.await;
}

async fn answer<F>(
    request: Request<Incoming>,
    path: &str,
    is_read: &AtomicBool,
    handler: impl Fn(HeaderMap, Bytes) -> F,
) -> Result<Response<Bytes>, hyper::Error>
where
    F: Future<Output = Response<Bytes>> + Send + 'static,
{
    if request.uri().path() != path {
        return Ok(status(StatusCode::NOT_FOUND));
    }
    if request.method() != Method::POST {
        let mut answer = status(StatusCode::METHOD_NOT_ALLOWED);
        answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return Ok(answer);
    }
    let (head, body) = request.into_parts();
    let body = match timeout(PATIENCE, read(body)).await {
        Ok(Ok(Some(body))) => body,
        Ok(Ok(None)) => return Ok(status(StatusCode::PAYLOAD_TOO_LARGE)),
        Ok(Err(error)) => return Err(error),
        Err(_) => return Ok(status(StatusCode::REQUEST_TIMEOUT)),
    };
    is_read.store(true, Ordering::Relaxed);
    // On a task of its own: hyper drops this one when the sender hangs up.
    let handled = tokio::spawn(handler(head.headers, body)).await;
    Ok(handled.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR)))
}

/// The body, or nothing if it is too large.
async fn read(mut body: Incoming) -> Result<Option<Bytes>, hyper::Error> {
    let mut whole = BytesMut::new();
    let mut waste = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if waste == 0 && whole.len() + data.len() <= LARGEST_BODY {
            whole.extend_from_slice(&data);
            continue;
        }
        waste += data.len();
        if waste > LARGEST_WASTE {
            break;
        }
    }
    Ok((waste == 0).then(|| whole.freeze()))
}

/// An answer that is no more than its status.
pub(crate) fn status(status: StatusCode) -> Response<Bytes> {
    let mut answer = Response::new(Bytes::new());
    *answer.status_mut() = status;
    answer
}
