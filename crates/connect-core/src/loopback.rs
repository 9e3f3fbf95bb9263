//! Signing in from a program on the user's own machine: the browser comes back to a loopback address (RFC 8252 7.3).
//!
//! ```no_run
//! use std::time::Duration;
//! use connect_core::{SignIn, loopback::Loopback, oauth::google};
//!
//! # use connect_core::{App, Config, machine::Now};
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let app = App::new(Config::new("id", "not so secret", "http://127.0.0.1/callback", [7; 32]))?;
//! # let now = Now { wall: jiff::Timestamp::UNIX_EPOCH, monotonic: Duration::ZERO };
//! let listener = Loopback::bind()?; // before the browser is sent away, so that it finds somebody when it is back
//! let sign_in = SignIn::new("me").scopes(google::SCOPES).redirect_uri(listener.redirect_uri());
//! let sign_in = sign_in.start(&app, now)?; // with a client: client.auth().sign_in(sign_in)?
//! println!("Open {} in your browser", sign_in.url());
//! let visit = listener.callback(sign_in.url(), Duration::from_secs(600))?;
//! // client.auth().finish(sign_in, visit.query())?;
//! visit.answer(true);
//! # Ok(()) }
//! ```
//!
//! The listener waits for the answer to this sign-in, and is closed after it. It knows the answer by its `state`:
//!
//! ```text
//!   no HTTP 400 · another Host 421 · another path 404 · not a GET 405 · a head over 64 KiB 431
//!   a prefetch 503 · a picture, a frame or a script's request 403 · another state, or none 400
//! ```
//!
//! Anything of these gets its answer, and the listener goes on: any web page can send a browser here, browsers
//! open connections ahead, and some fetch a page before its link is followed. [`Loopback::callback`] blocks: an async
//! program calls it on a thread of its own, such as tokio's `spawn_blocking`.

#![allow(clippy::disallowed_methods, reason = "this listener does its input and output itself")]

mod expected;
mod page;
#[cfg(test)]
mod tests;
mod visitor;

use std::{
    io::{self, ErrorKind, Write as _},
    net::{Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use http::Uri;

use crate::base::{Secret, is_loopback};

use self::{
    expected::Expected,
    visitor::{Progress, Visitor},
};

const PATH: &str = "/callback";
/// How long writing the last page may take.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long nobody looks for new connections and bytes.
const PAUSE: Duration = Duration::from_millis(20);
/// How many connections are open at a time; a new one ends the oldest.
const MAX_VISITORS: usize = 256;
/// How many connections are accepted before they are read.
const MAX_ACCEPTED: usize = 64;

/// Listens where the browser will come back to.
#[derive(Debug)]
pub struct Loopback {
    redirect_uri: Uri,
    text: String,
    sockets: Vec<TcpListener>,
}

/// Why the listener cannot listen, or nobody came back.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoopbackError {
    /// The redirect URI is not http at 127.0.0.1, `[::1]` or `localhost`.
    #[error("the redirect URI {0} is not http at a loopback address")]
    Elsewhere(String),
    /// The port of the redirect URI is not one that a browser can come back to.
    #[error("the port of the redirect URI {0} is not valid (expected a number from 1 to 65535)")]
    Port(String),
    /// The address cannot be had, for example because another program has it.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// The URL of the sign-in has no `state`, so its answer could not be told from any other request.
    #[error(
        "the URL of the sign-in has no state parameter (expected the one that `PendingSignIn::url` returns)"
    )]
    NoState,
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
            let text = format!("http://{at}{PATH}");
            let redirect_uri = text.parse().map_err(|_| LoopbackError::Elsewhere(text.clone()))?;
            Ok(Self { redirect_uri, text, sockets: vec![socket] })
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
        let port = uri.authority().and_then(expected::port).filter(|port| *port != 0);
        let port = port.ok_or_else(|| LoopbackError::Port(redirect_uri.to_owned()))?;
        for address in addresses(host, port) {
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
            _ => Ok(Self { redirect_uri: uri, text: redirect_uri.to_owned(), sockets }),
        }
    }

    /// Where the browser has to come back to.
    pub fn redirect_uri(&self) -> &str {
        &self.text
    }

    /// Waits for the answer to the sign-in of this URL (`PendingSignIn::url`), at most this long, and closes the listener.
    ///
    /// An answer that carries an error counts as well: `auth().finish` says which. Requests that are not this answer are
    /// answered and do not end the wait.
    ///
    /// # Errors
    /// [`LoopbackError::NoState`] where the URL has no `state`; [`LoopbackError::Late`] when the time is over.
    pub fn callback(self, sign_in_url: &str, at_most: Duration) -> Result<Visit, LoopbackError> {
        let expected = Expected::of(&self.redirect_uri, sign_in_url).ok_or(LoopbackError::NoState)?;
        let mut visitors: Vec<Visitor> = Vec::new();
        let started = Instant::now();
        loop {
            for socket in &self.sockets {
                let accepted = std::iter::from_fn(|| socket.accept().ok()).take(MAX_ACCEPTED);
                visitors.extend(accepted.filter_map(|(stream, _)| Visitor::new(stream).ok()));
            }
            let mut waiting = Vec::with_capacity(visitors.len());
            for mut visitor in visitors {
                match visitor.read(&expected) {
                    Progress::Waiting => waiting.push(visitor),
                    Progress::Gone => {}
                    Progress::Answer(query) => return Ok(Visit { query, stream: visitor.into_stream() }),
                }
            }
            waiting.drain(..waiting.len().saturating_sub(MAX_VISITORS));
            visitors = waiting;
            if started.elapsed() >= at_most {
                return Err(LoopbackError::Late);
            }
            thread::sleep(PAUSE);
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
        let _ = self.stream.set_nonblocking(false);
        let _ = self.stream.set_write_timeout(Some(WRITE_TIMEOUT));
        let page = page::end(signed_in);
        let _ = self.stream.write_all(page.as_bytes()).and_then(|()| self.stream.shutdown(Shutdown::Write));
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
