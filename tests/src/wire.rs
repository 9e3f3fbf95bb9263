//! An HTTP server that misbehaves on demand, with plain sockets and a queue of faults.
//!
//! ```text
//!   accept ──> Hangup, Stall ──> (TLS) ──> read a request ──> the next fault, or a valid response ──┐
//!                                              ^────────────── keep the connection ─────────────────┘
//! ```
//!
//! The server counts requests and bytes, so that tests do not depend on the client's own counts. A
//! valid response contains the number of its request, so that a test notices a response to the
//! wrong request.

use std::{
    collections::VecDeque,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::{Duration, Instant},
};

use rustls::{ServerConfig, ServerConnection, StreamOwned, crypto::ring::default_provider};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};

use crate::{certificates::Authority, world::Failure};

/// One fault.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Closes the connection right after accepting it.
    Hangup,
    /// Accepts the connection and sends nothing, not even a TLS handshake.
    Stall,
    /// Sends these bytes and closes the connection.
    Says(Vec<u8>),
    /// Sends these bytes and closes the connection without the TLS `close_notify`.
    Torn(Vec<u8>),
    /// Sends these bytes and leaves the connection open.
    Keeps(Vec<u8>),
    /// Sends these bytes in small pieces and leaves the connection open.
    Pieces(Vec<u8>),
    /// Sends these bytes one by one with this pause, then closes the connection.
    Drips(Vec<u8>, Duration),
    /// Sends the first bytes, then repeats the second bytes at most this many times.
    Endless(Vec<u8>, Vec<u8>, usize),
    /// Sends the first bytes, then repeats the second bytes with this pause. Ends when the client
    /// closes the connection.
    Slow(Vec<u8>, Vec<u8>, Duration),
    /// Sends these bytes after the head of the request, without reading its body.
    Unread(Vec<u8>),
    /// Sends a valid response, waits for this time, and closes the connection.
    Last(Duration),
}

impl Fault {
    /// Returns whether the server reads a request before this fault.
    pub fn hears(&self) -> bool {
        !matches!(self, Self::Hangup | Self::Stall)
    }
}

/// A request that the server received.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Method and path.
    pub line: String,
    /// The time at which the head of the request was read.
    pub at: Instant,
    /// The number of the connection.
    pub connection: usize,
}

/// The misbehaving server.
pub struct Wire {
    address: SocketAddr,
    tls: bool,
    shared: Arc<Shared>,
}

struct Shared {
    next: Mutex<VecDeque<Fault>>,
    seen: Mutex<Vec<Seen>>,
    sent: AtomicUsize,
    connections: AtomicUsize,
    ended: AtomicUsize,
    config: Option<Arc<ServerConfig>>,
}

impl Wire {
    /// Starts a server with plain HTTP.
    pub fn plain() -> Result<Self, Failure> {
        Self::start(TcpListener::bind("127.0.0.1:0")?, None)
    }

    /// Starts a server with plain HTTP at this address.
    pub fn plain_at(address: SocketAddr) -> Result<Self, Failure> {
        Self::start(TcpListener::bind(address)?, None)
    }

    /// Starts a server with TLS and a certificate of this authority.
    pub fn tls(authority: &Authority) -> Result<Self, Failure> {
        let identity = authority.identity("localhost")?;
        let chain = vec![CertificateDer::from_pem_slice(identity.certificate.as_bytes())?];
        let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes())?;
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Self::start(TcpListener::bind("127.0.0.1:0")?, Some(Arc::new(config)))
    }

    fn start(listener: TcpListener, config: Option<Arc<ServerConfig>>) -> Result<Self, Failure> {
        let (address, tls) = (listener.local_addr()?, config.is_some());
        let shared = Arc::new(Shared {
            next: Mutex::default(),
            seen: Mutex::default(),
            sent: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            ended: AtomicUsize::new(0),
            config,
        });
        let serving = shared.clone();
        thread::spawn(move || {
            for socket in listener.incoming().map_while(Result::ok) {
                let (shared, number) = (serving.clone(), serving.connections.fetch_add(1, SeqCst));
                thread::spawn(move || shared.connection(socket, number));
            }
        });
        Ok(Self { address, tls, shared })
    }

    /// Returns the base URL for clients.
    pub fn base_url(&self) -> String {
        let port = self.address.port();
        if self.tls { format!("https://localhost:{port}") } else { format!("http://127.0.0.1:{port}") }
    }

    /// Adds a fault to the queue.
    pub fn next(&self, fault: Fault) {
        self.shared.next().push_back(fault);
    }

    /// Returns whether all faults have happened.
    pub fn is_done(&self) -> bool {
        self.shared.next().is_empty()
    }

    /// Returns the requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns how many connections the server has closed.
    pub fn ended(&self) -> usize {
        self.shared.ended.load(SeqCst)
    }

    /// Returns how many bytes the server has sent.
    pub fn sent(&self) -> usize {
        self.shared.sent.load(SeqCst)
    }
}

/// How long a stalled connection stays open.
const STALL_TIME: Duration = Duration::from_secs(20);

impl Shared {
    fn next(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves a connection; returns an error if the client closes it.
    fn connection(&self, socket: TcpStream, number: usize) -> io::Result<()> {
        match self.fault_before_request() {
            None => {}
            Some(Fault::Stall) => {
                thread::sleep(STALL_TIME);
                return Ok(());
            }
            Some(_) => return Ok(()),
        }
        socket.set_nodelay(true)?;
        match &self.config {
            None => self.serve(&mut { socket }, number),
            Some(config) => {
                let connection = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
                self.serve(&mut StreamOwned::new(connection, socket), number)
            }
        }
    }

    /// Removes and returns the next fault of the queue if that fault happens before a request is
    /// read.
    fn fault_before_request(&self) -> Option<Fault> {
        let mut next = self.next();
        if next.front().is_some_and(|fault| !fault.hears()) { next.pop_front() } else { None }
    }

    fn serve(&self, stream: &mut impl Stream, number: usize) -> io::Result<()> {
        loop {
            let head = head(stream)?;
            let line = head.lines().next().unwrap_or_default().trim_end_matches(" HTTP/1.1").to_owned();
            let (fault, count) = {
                let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
                seen.push(Seen { line: line.clone(), at: Instant::now(), connection: number });
                (self.next().pop_front(), seen.len())
            };
            if let Some(Fault::Unread(bytes)) = fault {
                self.send(stream, &bytes)?;
                return stream.finish();
            }
            read_body(stream, &head)?;
            match fault {
                None => self.send(stream, &valid_response(&line, count))?,
                Some(Fault::Keeps(bytes)) => self.send(stream, &bytes)?,
                Some(Fault::Pieces(bytes)) => {
                    bytes.chunks(7).try_for_each(|piece| self.send(stream, piece))?;
                }
                Some(fault) => return self.fail(stream, fault, &valid_response(&line, count)),
            }
        }
    }

    /// Executes a fault that closes the connection.
    fn fail(&self, stream: &mut impl Stream, fault: Fault, valid_response: &[u8]) -> io::Result<()> {
        match fault {
            Fault::Torn(bytes) => return self.send(stream, &bytes),
            Fault::Says(bytes) => self.send(stream, &bytes)?,
            Fault::Drips(bytes, pause) => {
                for byte in bytes {
                    self.send(stream, &[byte])?;
                    thread::sleep(pause);
                }
            }
            Fault::Endless(bytes, again, times) => {
                self.send(stream, &bytes)?;
                (0..times).try_for_each(|_| self.send(stream, &again))?;
            }
            Fault::Slow(bytes, again, pause) => {
                self.send(stream, &bytes)?;
                loop {
                    self.send(stream, &again)?;
                    thread::sleep(pause);
                }
            }
            Fault::Last(pause) => {
                self.send(stream, valid_response)?;
                thread::sleep(pause);
            }
            Fault::Hangup | Fault::Stall | Fault::Keeps(_) | Fault::Pieces(_) | Fault::Unread(_) => {}
        }
        stream.finish()?;
        self.ended.fetch_add(1, SeqCst);
        Ok(())
    }

    fn send(&self, stream: &mut impl Stream, bytes: &[u8]) -> io::Result<()> {
        stream.write_all(bytes)?;
        stream.flush()?;
        self.sent.fetch_add(bytes.len(), SeqCst);
        Ok(())
    }
}

/// A connection that can be closed in an orderly way.
trait Stream: Read + Write {
    fn finish(&mut self) -> io::Result<()>;
}

impl Stream for TcpStream {
    fn finish(&mut self) -> io::Result<()> {
        self.shutdown(Shutdown::Write)
    }
}

impl Stream for StreamOwned<ServerConnection, TcpStream> {
    fn finish(&mut self) -> io::Result<()> {
        self.conn.send_close_notify();
        self.flush()?;
        self.sock.shutdown(Shutdown::Write)
    }
}

/// Reads the head of a request; returns an error if the client closes the connection.
fn head(stream: &mut impl Read) -> io::Result<String> {
    let (mut text, mut byte) = (Vec::new(), [0]);
    while !text.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        text.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn read_body(stream: &mut impl Read, head: &str) -> io::Result<()> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let length = fields.find(|(name, _)| name.eq_ignore_ascii_case("content-length"));
    let length: u64 = length.and_then(|(_, value)| value.trim().parse().ok()).unwrap_or(0);
    io::copy(&mut stream.take(length), &mut io::sink()).map(drop)
}

/// Returns a valid response that contains the number of its request.
fn valid_response(line: &str, number: usize) -> Vec<u8> {
    let body = if line.starts_with("GET") {
        format!(r#"[{{"id":"{number}","provider":"google"}}]"#)
    } else {
        format!(r#"{{"success":true,"id":"{number}","provider":"google","calendarId":"primary"}}"#)
    };
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
