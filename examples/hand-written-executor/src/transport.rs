//! A transport over non-blocking sockets of the standard library.

use std::{
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    time::{Duration, Instant},
};

use connect_core::{Request, Response, Sent, Timeout, TransportError, TransportErrorKind};
use plain_http1::{MAX_RESPONSE_BYTES, address, decode, encode};

use crate::Executor;

/// The pause after which a socket that was not ready is tried again.
///
/// The standard library cannot wait for several sockets. A program with many connections waits with `epoll`
/// or `kqueue`, for example through the crate `polling`, instead of [`Executor::sleep`].
const PAUSE: Duration = Duration::from_millis(1);

/// Sends one request on a new connection.
pub async fn send(executor: &Executor, request: Request) -> Result<Response, TransportError> {
    let deadline = Instant::now().checked_add(Timeout::of(&request));
    let bytes = encode(&request)?;
    // The standard library connects only blocking.
    let mut socket = TcpStream::connect(address(&request)?).map_err(TransportError::unreachable)?;
    socket.set_nonblocking(true)?;

    let mut sent = 0;
    while sent < bytes.len() {
        sent += ready(executor, deadline, || socket.write(&bytes[sent..])).await?;
    }
    let (mut response, mut buffer) = (Vec::new(), [0; 16 << 10]);
    loop {
        let read = ready(executor, deadline, || socket.read(&mut buffer)).await?;
        if read == 0 {
            return decode(&response);
        }
        response.extend_from_slice(&buffer[..read]);
        if response.len() as u64 > MAX_RESPONSE_BYTES {
            let reason = "the response has more than 16 MiB";
            return Err(TransportError::new(TransportErrorKind::TooLarge, Sent::Maybe, reason));
        }
    }
}

/// Tries an operation until the socket is ready for it.
async fn ready(
    executor: &Executor,
    deadline: Option<Instant>,
    mut attempt: impl FnMut() -> io::Result<usize>,
) -> Result<usize, TransportError> {
    loop {
        match attempt() {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            done => return Ok(done?),
        }
        if deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(io::Error::from(ErrorKind::TimedOut).into());
        }
        executor.sleep(PAUSE).await;
    }
}
