//! Signing in from a program on the user's own machine: the browser comes back to a loopback address (RFC 8252 7.3).
//!
//! ```no_run
//! use std::time::Duration;
//! use connect_blocking::{Client, SignIn};
//! use connect_providers::{google, loopback::Loopback};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::builder("id", "not so secret", "http://127.0.0.1/callback").profile(google::profile()).build()?;
//! let listener = Loopback::bind()?; // before the browser is sent away, so that it finds somebody when it is back
//! let sign_in = SignIn::new("me").scopes(google::SCOPES).redirect_uri(listener.redirect_uri());
//! let sign_in = client.auth().sign_in(sign_in)?;
//! println!("Open {} in your browser", sign_in.url());
//! let visit = listener.callback(Duration::from_secs(600))?;
//! let user = client.auth().finish(sign_in, visit.query());
//! visit.answer(user.is_ok());
//! # Ok(()) }
//! ```
//!
//! The listener is there for one callback and closed after it. Browsers open connections ahead and ask for icons, so every
//! connection is read on its own, and only a GET of exactly the redirect URI's path counts. It blocks: an async program
//! waits for it on a thread of its own, such as tokio's `spawn_blocking`.

mod page;

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, mpsc},
    thread,
    time::{Duration, Instant},
};

use connect_core::{Secret, is_loopback};
use http::Uri;

const PATH: &str = "/callback";
const LONGEST_HEAD: usize = 16 * 1024;
/// How long one connection may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long nobody looks for new connections.
const PAUSE: Duration = Duration::from_millis(20);
/// More connections at a time are not read.
const MOST_VISITS: usize = 32;

/// Listens where the browser will come back to.
#[derive(Debug)]
pub struct Loopback {
    redirect_uri: String,
    path: String,
    sockets: Vec<TcpListener>,
}

/// Why nothing can be listened for, or nobody came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoopbackError {
    /// The redirect URI is not http at 127.0.0.1, `[::1]` or `localhost`.
    #[error("the redirect URI {0} is not http at a loopback address")]
    Elsewhere(String),
    /// The address cannot be had, for example because another program has it.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// Nobody came back in time.
    #[error("nobody came back in time")]
    Late,
}

impl Loopback {
    /// Listens on a port that is free, of 127.0.0.1, or of `[::1]` where there is no IPv4. The authorization server has
    /// to take any port of that address (RFC 8252 7.3).
    pub fn bind() -> Result<Self, LoopbackError> {
        let any = |address: SocketAddr| {
            let socket = TcpListener::bind(address).and_then(ready);
            let socket = socket.map_err(|error| LoopbackError::Listen(address, error))?;
            let at = socket.local_addr().map_err(|error| LoopbackError::Listen(address, error))?;
            let redirect_uri = format!("http://{at}{PATH}");
            Ok(Self { redirect_uri, path: PATH.to_owned(), sockets: vec![socket] })
        };
        any((Ipv4Addr::LOCALHOST, 0).into()).or_else(|_| any((Ipv6Addr::LOCALHOST, 0).into()))
    }

    /// Listens exactly where this redirect URI leads, for a server that knows one port alone.
    pub fn at(redirect_uri: &str) -> Result<Self, LoopbackError> {
        let elsewhere = || LoopbackError::Elsewhere(redirect_uri.to_owned());
        let uri: Uri = redirect_uri.parse().map_err(|_| elsewhere())?;
        let host = uri.host().unwrap_or_default();
        if uri.scheme_str() != Some("http") || !is_loopback(host) {
            return Err(elsewhere());
        }
        let mut sockets = Vec::new();
        let mut failed = None;
        for address in addresses(host, uri.port_u16().unwrap_or(80)) {
            match TcpListener::bind(address).and_then(ready) {
                Ok(socket) => sockets.push(socket),
                // A machine may lack one of the two. Where somebody else has one, the code could go to them.
                Err(error) if error.kind() == ErrorKind::AddrInUse => {
                    return Err(LoopbackError::Listen(address, error));
                }
                Err(error) => failed = Some(LoopbackError::Listen(address, error)),
            }
        }
        match failed {
            Some(error) if sockets.is_empty() => Err(error),
            _ => Ok(Self { redirect_uri: redirect_uri.to_owned(), path: uri.path().to_owned(), sockets }),
        }
    }

    /// Where the browser has to come back to.
    pub fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Waits for the callback, at most this long, and closes the listener.
    pub fn callback(self, at_most: Duration) -> Result<Visit, LoopbackError> {
        let (found, callbacks) = mpsc::sync_channel(1);
        let (path, found) = (Arc::<str>::from(self.path), Arc::new(found));
        let started = Instant::now();
        loop {
            for stream in self.sockets.iter().filter_map(|socket| socket.accept().ok()) {
                // Each visit that is being read holds one.
                if Arc::strong_count(&path) <= MOST_VISITS {
                    let (path, found) = (path.clone(), found.clone());
                    thread::spawn(move || visit(stream.0, &path, &found));
                }
            }
            match callbacks.recv_timeout(PAUSE) {
                Ok(visit) => return Ok(visit),
                Err(_) if started.elapsed() >= at_most => return Err(LoopbackError::Late),
                Err(_) => {}
            }
        }
    }
}

/// The browser that came back, waiting for its page.
#[derive(Debug)]
pub struct Visit {
    /// Holds the code.
    query: Secret,
    stream: TcpStream,
}

impl Visit {
    /// The query of the callback, for `auth().finish`.
    pub fn query(&self) -> &str {
        self.query.expose()
    }

    /// Shows the user how it went: a page without scripts, links or anything of the request.
    pub fn answer(mut self, signed_in: bool) {
        reply(&mut self.stream, &page::end(signed_in));
    }
}

/// `localhost` is either, and browsers differ in which they try first.
fn addresses(host: &str, port: u16) -> Vec<SocketAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()],
    }
}

fn ready(socket: TcpListener) -> io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    Ok(socket)
}

fn visit(mut stream: TcpStream, path: &str, found: &mpsc::SyncSender<Visit>) {
    let Some(head) = head(&mut stream) else { return };
    match query(&head, path) {
        // A second callback finds nobody any more.
        Some(query) => drop(found.try_send(Visit { query: query.into(), stream })),
        None => reply(&mut stream, &page::not_found()),
    }
}

fn head(stream: &mut TcpStream) -> Option<String> {
    stream.set_nonblocking(false).ok()?;
    let started = Instant::now();
    let mut head = Vec::new();
    let mut part = [0; 2048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let left = PATIENCE.checked_sub(started.elapsed()).filter(|left| !left.is_zero())?;
        stream.set_read_timeout(Some(left)).ok()?;
        let read = stream.read(&mut part).ok().filter(|&read| read > 0)?;
        head.extend_from_slice(&part[..read]);
        if head.len() > LONGEST_HEAD {
            return None;
        }
    }
    String::from_utf8(head).ok()
}

/// The query of a GET of this path, if it is an authorization response: any page can have a browser ask for the path.
fn query(head: &str, path: &str) -> Option<String> {
    let target = head.strip_prefix("GET ")?.split(' ').next()?;
    let (asked, query) = target.split_once('?')?;
    let has = |wanted: &str| form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == wanted);
    (asked == path && has("state") && (has("code") || has("error"))).then(|| query.to_owned())
}

fn reply(stream: &mut TcpStream, text: &str) {
    let _ = stream.set_write_timeout(Some(PATIENCE));
    let _ = stream.write_all(text.as_bytes()).and_then(|()| stream.shutdown(std::net::Shutdown::Write));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(at: &str, request: &str) -> String {
        let authority = at.strip_prefix("http://").unwrap().split('/').next().unwrap();
        let mut stream = TcpStream::connect(authority).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    fn get(at: &str, target: &str) -> String {
        ask(at, &format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n"))
    }

    #[test]
    fn only_a_get_of_the_path_counts() {
        let of = |head| query(head, "/callback");
        assert_eq!(of("GET /callback?code=a&state=b HTTP/1.1\r\n\r\n").as_deref(), Some("code=a&state=b"));
        for head in [
            "GET /callback HTTP/1.1\r\n\r\n",
            "GET /callback/?code=a&state=b HTTP/1.1\r\n\r\n",
            "GET /favicon.ico HTTP/1.1\r\n\r\n",
            "POST /callback?code=a&state=b HTTP/1.1\r\n\r\n",
            "GET /callback?x HTTP/1.1\r\n\r\n",
            "GET /callback?state=b HTTP/1.1\r\n\r\n",
            "",
        ] {
            assert_eq!(of(head), None, "{head}");
        }
    }

    #[test]
    fn one_callback_is_taken_on_a_free_port_and_then_nobody_listens() {
        let (one, other) = (Loopback::bind().unwrap(), Loopback::bind().unwrap());
        assert_ne!(one.redirect_uri(), other.redirect_uri());
        let at = one.redirect_uri().to_owned();
        assert!(at.starts_with("http://127.0.0.1:") && at.ends_with("/callback"), "{at}");
        let browser = thread::spawn({
            let at = at.clone();
            move || {
                let _idle = TcpStream::connect(at[7..].split('/').next().unwrap()).unwrap();
                assert!(get(&at, "/favicon.ico").starts_with("HTTP/1.1 404"));
                assert!(ask(&at, &format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(LONGEST_HEAD))).is_empty());
                get(&at, "/callback?code=c0de&state=s")
            }
        });
        let visit = one.callback(Duration::from_secs(30)).unwrap();
        assert_eq!(visit.query(), "code=c0de&state=s");
        assert!(TcpStream::connect(at[7..].split('/').next().unwrap()).is_err(), "nobody listens any more");
        visit.answer(true);
        let page = browser.join().unwrap();
        assert!(page.starts_with("HTTP/1.1 200") && page.contains("referrer-policy: no-referrer"), "{page}");
        assert!(!page.contains("c0de") && !page.contains("<script") && !page.contains("href"), "{page}");
    }

    #[test]
    fn who_does_not_come_is_not_waited_for() {
        let listener = Loopback::bind().unwrap();
        assert!(matches!(listener.callback(Duration::from_millis(50)), Err(LoopbackError::Late)));
    }

    #[test]
    fn a_given_address_is_had_to_the_letter_or_not_at_all() {
        let first = Loopback::bind().unwrap();
        let taken = Loopback::at(first.redirect_uri()).unwrap_err();
        assert!(matches!(taken, LoopbackError::Listen(..)), "{taken}");
        let at = first.redirect_uri().replace("/callback", "/own/path");
        drop(first);
        assert_eq!(Loopback::at(&at).unwrap().path, "/own/path");
        for elsewhere in ["https://127.0.0.1/callback", "http://app.example/callback", "/callback", "app:/x"]
        {
            let error = Loopback::at(elsewhere).unwrap_err();
            assert!(matches!(error, LoopbackError::Elsewhere(_)), "{elsewhere}");
        }
        assert_eq!(addresses("[::1]", 1), ["[::1]:1".parse().unwrap()]);
        assert_eq!(addresses("localhost", 1).len(), 2);
    }
}
