//! Reads the requests of one connection, and responds to every request except the callback.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use httparse::{EMPTY_HEADER, Status};

use super::{
    expected::{ExpectedCallback, Mismatch},
    page,
};
use crate::base::Secret;

/// The maximum age of a connection.
const LIFETIME: Duration = Duration::from_secs(10);
/// The limit is large, because a browser also sends the cookies of other servers on this machine.
const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_HEADERS: usize = 256;
/// The maximum number of reads from one connection before the listener reads the next connection.
const READS_PER_TURN: usize = 16;

pub(super) struct Connection {
    stream: TcpStream,
    since: Instant,
    head: Vec<u8>,
    /// Whether an error response has been sent. After this response, the listener reads and
    /// discards further bytes, because closing a connection with unread bytes may lose the
    /// response.
    has_responded: bool,
}

pub(super) enum Progress {
    Waiting,
    Closed,
    /// The query of the expected callback.
    Callback(Secret),
}

impl Connection {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, since: Instant::now(), head: Vec::new(), has_responded: false })
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Reads the bytes that have arrived.
    pub(super) fn read(&mut self, expected: &ExpectedCallback) -> Progress {
        let mut part = [0; 8192];
        for _ in 0..READS_PER_TURN {
            match self.stream.read(&mut part) {
                Ok(0) => return Progress::Closed,
                Ok(_) if self.has_responded => {}
                Ok(length) => {
                    self.head.extend_from_slice(&part[..length]);
                    if let Some(query) = self.respond(expected) {
                        return Progress::Callback(query);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return Progress::Closed,
            }
        }
        if self.since.elapsed() > LIFETIME { Progress::Closed } else { Progress::Waiting }
    }

    fn respond(&mut self, expected: &ExpectedCallback) -> Option<Secret> {
        let mut headers = [EMPTY_HEADER; MAX_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let outcome = match request.parse(&self.head) {
            Ok(Status::Partial) if self.head.len() <= MAX_HEAD_BYTES => return None,
            Ok(Status::Partial) | Err(httparse::Error::TooManyHeaders) => Err(Mismatch::TooLarge),
            Ok(Status::Complete(_)) => expected.check(&request),
            Err(_) => Err(Mismatch::Malformed),
        };
        let is_head = request.method == Some("HEAD");
        outcome.map_err(|mismatch| self.send_error(mismatch, is_head)).ok()
    }

    /// Sends an error page. The page fits into the socket's send buffer, so one write is enough.
    fn send_error(&mut self, mismatch: Mismatch, is_head: bool) {
        let page = page::mismatch(mismatch);
        let end = if is_head { page.find("\r\n\r\n").map_or(page.len(), |at| at + 4) } else { page.len() };
        let _ = self.stream.write_all(&page.as_bytes()[..end]);
        let _ = self.stream.shutdown(Shutdown::Write);
        self.head = Vec::new();
        self.has_responded = true;
    }
}
