//! A small HTTP server on the loopback address that receives webhook deliveries.
//!
//! ```text
//!   another path 404 · not a POST 405 · too slow 408 · over 2 MiB 413 · else the handler's response
//! ```
//!
//! A handler runs to its end even if the sender closes the connection.

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

const MAX_BODY_BYTES: usize = 2 * 1024 * 1024;
/// The maximum number of bytes of an oversized body that are read and discarded.
///
/// The bytes are read so that the sender can finish sending and read the 413 response.
const MAX_DISCARDED_BYTES: usize = 16 * 1024 * 1024;
/// The timeout for reading the request head, and the timeout for reading the body.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
const MAX_CONNECTIONS: usize = 64;

/// A listening socket and the path that accepts deliveries.
pub(crate) struct Receiver {
    socket: TcpListener,
    address: SocketAddr,
    path: String,
}

impl Receiver {
    /// Listens on this port of 127.0.0.1, or on a free port for 0.
    pub(crate) async fn bind(port: u16, path: &str) -> io::Result<Self> {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?;
        Ok(Self { address: socket.local_addr()?, socket, path: path.to_owned() })
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }

    /// Serves requests until `until` is ready, then waits up to one second for unfinished
    /// responses.
    pub(crate) async fn serve<F>(
        self,
        handler: impl Fn(HeaderMap, Bytes) -> F + Clone + Send + Sync + 'static,
        until: impl Future<Output = ()>,
    ) where
        F: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let mut connections = JoinSet::new();
        {
            let mut until = pin!(until);
            let mut accepting = pin!(self.accept(&mut connections, handler));
            poll_fn(|cx| match until.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(()),
                Poll::Pending => accepting.as_mut().poll(cx),
            })
            .await;
        }
        let _ =
            timeout(Duration::from_secs(1), async { while connections.join_next().await.is_some() {} }).await;
    }

    async fn accept<F>(
        self,
        connections: &mut JoinSet<()>,
        handler: impl Fn(HeaderMap, Bytes) -> F + Clone + Send + Sync + 'static,
    ) where
        F: Future<Output = Response<Bytes>> + Send + 'static,
    {
        let mut open: Vec<Connection> = Vec::new();
        loop {
            match self.socket.accept().await {
                Ok((stream, _)) => {
                    make_room(connections, &mut open).await;
                    let is_read = Arc::new(AtomicBool::new(false));
                    let serving = serve_one(stream, self.path.clone(), is_read.clone(), handler.clone());
                    open.push(Connection { task: connections.spawn(serving), is_read });
                }
                // Most likely the process has no file descriptors left.
                Err(_) => sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

/// An open connection.
struct Connection {
    task: AbortHandle,
    /// Whether the whole request has been read.
    is_read: Arc<AtomicBool>,
}

/// At the connection limit, closes the oldest connection whose request is incomplete.
///
/// If the requests of all connections are complete, waits until one connection ends.
async fn make_room(connections: &mut JoinSet<()>, open: &mut Vec<Connection>) {
    while connections.try_join_next().is_some() {}
    open.retain(|connection| !connection.task.is_finished());
    if open.len() < MAX_CONNECTIONS {
        return;
    }
    match open.iter().position(|connection| !connection.is_read.load(Ordering::Relaxed)) {
        Some(oldest) => open.remove(oldest).task.abort(),
        None => drop(connections.join_next().await),
    }
}

/// Serves one request, then closes the connection.
///
/// If idle connections stayed open, they would use up the connection limit.
async fn serve_one<F>(
    stream: TcpStream,
    path: String,
    is_read: Arc<AtomicBool>,
    handler: impl Fn(HeaderMap, Bytes) -> F + Clone + Send + Sync + 'static,
) where
    F: Future<Output = Response<Bytes>> + Send + 'static,
{
    let service = service_fn(move |request| {
        let (path, is_read, handler) = (path.clone(), is_read.clone(), handler.clone());
        async move { respond(request, &path, &is_read, handler).await.map(|response| response.map(Full::new)) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(READ_TIMEOUT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service);
    // Only the sender has to handle a broken connection.
    let _ = connection.await;
}

async fn respond<F>(
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
        let mut response = status(StatusCode::METHOD_NOT_ALLOWED);
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("POST"));
        return Ok(response);
    }
    let (head, body) = request.into_parts();
    let body = match timeout(READ_TIMEOUT, read(body)).await {
        Ok(Ok(Some(body))) => body,
        Ok(Ok(None)) => return Ok(status(StatusCode::PAYLOAD_TOO_LARGE)),
        Ok(Err(error)) => return Err(error),
        Err(_) => return Ok(status(StatusCode::REQUEST_TIMEOUT)),
    };
    is_read.store(true, Ordering::Relaxed);
    // A separate task, because hyper drops this future when the sender closes the connection.
    let handled = tokio::spawn(handler(head.headers, body)).await;
    Ok(handled.unwrap_or_else(|_| status(StatusCode::INTERNAL_SERVER_ERROR)))
}

/// Returns the body, or `None` if it is too large.
async fn read(mut body: Incoming) -> Result<Option<Bytes>, hyper::Error> {
    let mut whole = BytesMut::new();
    let mut discarded = 0;
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        if discarded == 0 && whole.len() + data.len() <= MAX_BODY_BYTES {
            whole.extend_from_slice(&data);
            continue;
        }
        discarded += data.len();
        if discarded > MAX_DISCARDED_BYTES {
            break;
        }
    }
    Ok((discarded == 0).then(|| whole.freeze()))
}

/// Returns a response without a body.
pub(crate) fn status(status: StatusCode) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status;
    response
}
