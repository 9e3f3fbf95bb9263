//! Serves the sandbox with a longer queue of new connections than `connect_sandbox::Server`.
//!
//! The queue of `connect_sandbox::Server` has 128 connections; further connections would wait for seconds.

use std::{
    io,
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use bytes::Bytes;
use connect_sandbox::{Answer, Outcome};
use connect_tests::world::{Failure, World};
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio::{
    net::{TcpListener, TcpSocket},
    runtime::Runtime,
    time::sleep,
};

/// The length of the queue of new connections, if the system allows it.
const QUEUE: u32 = 4_096;
/// The pause before accepting the next connection, if no file descriptor is free.
const PAUSE: Duration = Duration::from_millis(10);

pub(crate) struct Front {
    pub(crate) base_url: String,
    delayed: Arc<Delayed>,
    _runtime: Runtime,
}

/// The number of responses that are delayed now, and the highest such number.
#[derive(Default)]
struct Delayed {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Front {
    pub(crate) fn start(world: Arc<World>) -> Result<Self, Failure> {
        let runtime = Runtime::new()?;
        let listener = runtime.block_on(async {
            let socket = TcpSocket::new_v4()?;
            socket.bind((Ipv4Addr::LOCALHOST, 0).into())?;
            socket.listen(QUEUE)
        })?;
        let base_url = format!("http://{}/api", listener.local_addr()?);
        let delayed = Arc::<Delayed>::default();
        runtime.spawn(accept(listener, world, delayed.clone()));
        Ok(Self { base_url, delayed, _runtime: runtime })
    }

    /// Returns the highest number of concurrently delayed responses since the last call of this method.
    pub(crate) fn most_delayed(&self) -> usize {
        self.delayed.most.swap(0, SeqCst)
    }
}

async fn accept(listener: TcpListener, world: Arc<World>, delayed: Arc<Delayed>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            sleep(PAUSE).await;
            continue;
        };
        let (world, delayed) = (world.clone(), delayed.clone());
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            let service = service_fn(|request| respond(request, &world, &delayed));
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            Ok::<_, io::Error>(())
        });
    }
}

async fn respond(
    request: http::Request<Incoming>,
    world: &World,
    delayed: &Delayed,
) -> Result<http::Response<Full<Bytes>>, Failure> {
    let (head, body) = request.into_parts();
    let request = http::Request::from_parts(head, body.collect().await?.to_bytes());
    let Answer { delay, outcome } = world.sandbox(|sandbox| sandbox.handle(request, Timestamp::now()));
    if !delay.is_zero() {
        delayed.most.fetch_max(delayed.now.fetch_add(1, SeqCst) + 1, SeqCst);
        sleep(delay).await;
        delayed.now.fetch_sub(1, SeqCst);
    }
    match outcome {
        Outcome::Reply(reply) => Ok(reply.map(Full::new)),
        Outcome::Cut => Err("the connection was cut".into()),
    }
}
