//! Receives the redirect of a sign-in on a loopback address (RFC 8252 section 7.3).
//!
//! ```no_run
//! use std::time::Duration;
//! use connect_core::{SignIn, loopback::Loopback, oauth::google};
//!
//! # use connect_core::{App, Config, machine::Now};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = App::new(Config::new("id", "not so secret", [7; 32]))?;
//! # let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, monotonic: Duration::ZERO };
//! let listener = Loopback::bind()?; // before the browser opens the sign-in page
//! let sign_in = SignIn::new("me").scopes(google::SCOPES).redirect_uri(listener.redirect_uri());
//! let sign_in = sign_in.start(&app, now)?; // with a client: client.auth().sign_in(sign_in)?
//! println!("Open {} in your browser", sign_in.url());
//! let visit = listener.callback(sign_in.url(), Duration::from_secs(600))?;
//! // client.auth().finish(sign_in, visit.query())?;
//! visit.answer(true);
//! # Ok(()) }
//! ```
//!
//! The listener waits for the callback of this sign-in, which it recognizes by the `state`, and
//! then closes. The listener responds to every other request with an error and continues to wait:
//!
//! ```text
//!   not HTTP 400 · another Host 421 · another path 404 · not GET 405 · head over 64 KiB 431
//!   prefetch 503 · image, frame or script request 403 · wrong or missing state 400
//! ```
//!
//! Requests other than the callback are normal. Any web page can make a browser send a request to
//! the listener, and browsers open connections in advance or fetch a page before the user follows a
//! link.
//!
//! [`Loopback::callback`] blocks its thread. An async program calls this method on a separate
//! thread, for example with tokio's `spawn_blocking`.

#![allow(clippy::disallowed_methods, reason = "this listener reads the clock itself")]

mod connection;
mod expected;
mod page;
#[cfg(test)]
mod tests;

use std::{
    io::{self, ErrorKind, Write as _},
    net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use http::Uri;

use crate::base::{Secret, is_loopback};

use self::{
    connection::{Connection, Progress},
    expected::ExpectedCallback,
};

const PATH: &str = "/callback";
/// The timeout for writing the response to the callback.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// The pause before the listener looks again for new connections and received bytes.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// The maximum number of open connections. If more connections are open, the oldest connections are
/// closed.
const MAX_CONNECTIONS: usize = 256;
/// The maximum number of connections that a socket accepts in one poll.
const MAX_ACCEPTED_PER_POLL: usize = 64;

/// A listener for the redirect of a sign-in.
#[derive(Debug)]
pub struct Loopback {
    redirect_uri: Uri,
    text: String,
    sockets: Vec<TcpListener>,
}

/// The reason why the listener could not start, or received no callback.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoopbackError {
    /// The redirect URI is not http at 127.0.0.1, `[::1]` or `localhost`.
    #[error("the redirect URI {0} is not a loopback URL (expected http at 127.0.0.1, [::1] or localhost)")]
    Elsewhere(String),
    /// The port of the redirect URI is not a number from 1 to 65535.
    #[error("the port of the redirect URI {0} is not valid (expected a number from 1 to 65535)")]
    Port(String),
    /// The address is not available, for example because another program uses it.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The URL of the sign-in has no `state`. The listener recognizes the callback by its `state`.
    #[error("the URL of the sign-in has no state parameter (expected the URL of `PendingSignIn::url`)")]
    NoState,
    /// No callback arrived within the timeout.
    #[error("the browser did not return from the sign-in within the timeout")]
    Late,
}

impl Loopback {
    /// Listens on a free port of 127.0.0.1, or of `[::1]` on a machine without IPv4.
    ///
    /// The authorization server must accept redirect URIs with any port (RFC 8252 section 7.3).
    pub fn bind() -> Result<Self, LoopbackError> {
        let any = |address: SocketAddr| {
            let socket = TcpListener::bind(address).and_then(nonblocking);
            let socket = socket.map_err(|error| LoopbackError::Listen(address, error))?;
            let at = socket.local_addr().map_err(|error| LoopbackError::Listen(address, error))?;
            let text = format!("http://{at}{PATH}");
            let redirect_uri = text.parse().map_err(|_| LoopbackError::Elsewhere(text.clone()))?;
            Ok(Self { redirect_uri, text, sockets: vec![socket] })
        };
        any((Ipv4Addr::LOCALHOST, 0).into()).or_else(|_| any((Ipv6Addr::LOCALHOST, 0).into()))
    }

    /// Listens at exactly the given redirect URI, for authorization servers that accept only one port.
    pub fn at(redirect_uri: &str) -> Result<Self, LoopbackError> {
        let elsewhere = || LoopbackError::Elsewhere(redirect_uri.to_owned());
        let uri: Uri = redirect_uri.parse().map_err(|_| elsewhere())?;
        let host = uri.host().unwrap_or_default();
        if uri.scheme_str() != Some("http") || !is_loopback(host) {
            return Err(elsewhere());
        }
        let mut sockets = Vec::new();
        let mut failed = None;
        let port = uri.authority().and_then(expected::port).filter(|port| *port != 0);
        let port = port.ok_or_else(|| LoopbackError::Port(redirect_uri.to_owned()))?;
        for address in addresses(host, port) {
            match TcpListener::bind(address).and_then(nonblocking) {
                Ok(socket) => sockets.push(socket),
                // A machine may lack IPv4 or IPv6, so one address may fail. But if another program uses the
                // port at one of the addresses, that program could receive the code.
                Err(error) if error.kind() == ErrorKind::AddrInUse => {
                    return Err(LoopbackError::Listen(address, error));
                }
                Err(error) => failed = Some(LoopbackError::Listen(address, error)),
            }
        }
        match failed {
            Some(error) if sockets.is_empty() => Err(error),
            _ => Ok(Self { redirect_uri: uri, text: redirect_uri.to_owned(), sockets }),
        }
    }

    /// Returns the redirect URI to use for the sign-in.
    pub fn redirect_uri(&self) -> &str {
        &self.text
    }

    /// Waits for the callback of a sign-in, then closes the listener.
    ///
    /// `sign_in_url` is the URL of the sign-in, from `PendingSignIn::url`.
    ///
    /// A callback that contains an error also ends the wait, and `auth().finish` then returns this
    /// error. Every other request gets an error response and does not end the wait.
    ///
    /// # Errors
    /// [`LoopbackError::NoState`] if the URL has no `state`, or [`LoopbackError::Late`] after `at_most`.
    pub fn callback(self, sign_in_url: &str, at_most: Duration) -> Result<Visit, LoopbackError> {
        let expected =
            ExpectedCallback::new(&self.redirect_uri, sign_in_url).ok_or(LoopbackError::NoState)?;
        let mut connections: Vec<Connection> = Vec::new();
        let started = Instant::now();
        loop {
            for socket in &self.sockets {
                let accepted = std::iter::from_fn(|| socket.accept().ok()).take(MAX_ACCEPTED_PER_POLL);
                connections.extend(accepted.filter_map(|(stream, _)| Connection::new(stream).ok()));
            }
            let mut waiting = Vec::with_capacity(connections.len());
            for mut connection in connections {
                match connection.read(&expected) {
                    Progress::Waiting => waiting.push(connection),
                    Progress::Closed => {}
                    Progress::Callback(query) => {
                        return Ok(Visit { query, stream: connection.into_stream() });
                    }
                }
            }
            waiting.drain(..waiting.len().saturating_sub(MAX_CONNECTIONS));
            connections = waiting;
            if started.elapsed() >= at_most {
                return Err(LoopbackError::Late);
            }
            thread::sleep(POLL_INTERVAL);
        }
    }
}

/// The browser's request with the callback. The listener has not responded to the request yet.
#[derive(Debug)]
pub struct Visit {
    /// Secret, because the query contains the authorization code.
    query: Secret,
    stream: TcpStream,
}

impl Visit {
    /// Returns the query of the callback, for `auth().finish`.
    pub fn query(&self) -> &str {
        self.query.expose()
    }

    /// Responds with a page that says whether the sign-in succeeded.
    ///
    /// The page has no scripts, no links and no content from the request.
    pub fn answer(mut self, signed_in: bool) {
        let _ = self.stream.set_nonblocking(false);
        let _ = self.stream.set_write_timeout(Some(WRITE_TIMEOUT));
        let page = page::sign_in_result(signed_in);
        let _ = self.stream.write_all(page.as_bytes()).and_then(|()| self.stream.shutdown(Shutdown::Write));
    }
}

/// Returns the socket addresses of a loopback host.
///
/// For `localhost`, returns the IPv4 and the IPv6 address, because some browsers try IPv4 first, others IPv6.
fn addresses(host: &str, port: u16) -> Vec<SocketAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()],
    }
}

fn nonblocking(socket: TcpListener) -> io::Result<TcpListener> {
    socket.set_nonblocking(true)?;
    Ok(socket)
}
