//! One connection: its request is read as it comes, judged, and answered unless it is the one that is waited for.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

use httparse::{EMPTY_HEADER, Status};

use super::{
    expected::{Expected, Refusal},
    page,
};
use crate::base::Secret;

/// How long a connection may take from its start to its end.
const LIFETIME: Duration = Duration::from_secs(10);
/// Cookies of everything on this machine come along.
const LONGEST_HEAD: usize = 64 * 1024;
const MOST_HEADERS: usize = 256;
/// How often one connection is read before the others have their turn.
const READS: usize = 16;

pub(super) struct Visitor {
    stream: TcpStream,
    since: Instant,
    head: Vec<u8>,
    /// Then the rest is read and thrown away: a connection closed with unread bytes may lose its answer.
    is_answered: bool,
}

pub(super) enum Progress {
    Waiting,
    Gone,
    /// The query of the answer that is waited for.
    Answer(Secret),
}

impl Visitor {
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        Ok(Self { stream, since: Instant::now(), head: Vec::new(), is_answered: false })
    }

    pub(super) fn into_stream(self) -> TcpStream {
        self.stream
    }

    /// Reads what has come.
    pub(super) fn read(&mut self, expected: &Expected) -> Progress {
        let mut part = [0; 8192];
        for _ in 0..READS {
            match self.stream.read(&mut part) {
                Ok(0) => return Progress::Gone,
                Ok(_) if self.is_answered => {}
                Ok(length) => {
                    self.head.extend_from_slice(&part[..length]);
                    if let Some(query) = self.judge(expected) {
                        return Progress::Answer(query);
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => return Progress::Gone,
            }
        }
        if self.since.elapsed() > LIFETIME { Progress::Gone } else { Progress::Waiting }
    }

    fn judge(&mut self, expected: &Expected) -> Option<Secret> {
        let mut headers = [EMPTY_HEADER; MOST_HEADERS];
        let mut request = httparse::Request::new(&mut headers);
        let verdict = match request.parse(&self.head) {
            Ok(Status::Partial) if self.head.len() <= LONGEST_HEAD => return None,
            Ok(Status::Partial) | Err(httparse::Error::TooManyHeaders) => Err(Refusal::TooLarge),
            Ok(Status::Complete(_)) => expected.judge(&request),
            Err(_) => Err(Refusal::Malformed),
        };
        let is_head = request.method == Some("HEAD");
        verdict.map_err(|refusal| self.refuse(refusal, is_head)).ok()
    }

    /// The page is smaller than any buffer, so writing it waits for nobody.
    fn refuse(&mut self, refusal: Refusal, is_head: bool) {
        let page = page::refused(refusal);
        let end = if is_head { page.find("\r\n\r\n").map_or(page.len(), |at| at + 4) } else { page.len() };
        let _ = self.stream.write_all(&page.as_bytes()[..end]);
        let _ = self.stream.shutdown(Shutdown::Write);
        self.head = Vec::new();
        self.is_answered = true;
    }
}
