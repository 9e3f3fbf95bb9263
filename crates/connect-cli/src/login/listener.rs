//! Waiting for one callback on a loopback address.
//!
//! Browsers open connections ahead and ask for icons, so every connection is read on its own, and only a GET
//! of exactly the redirect URI's path counts.

use std::{io::ErrorKind, net::SocketAddr, time::Duration};

use connect_hyper::is_loopback;
use http::Uri;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    sync::mpsc,
};

use super::page;
use crate::failure::{Exit, Failure};

const LONGEST_HEAD: usize = 16 * 1024;
const PATIENCE: Duration = Duration::from_secs(10);

/// Listens where a redirect URI leads.
pub(super) struct Listener {
    path: String,
    sockets: Vec<TcpListener>,
}

/// The browser that came back, waiting for its page.
pub(super) struct Visitor(TcpStream);

impl Listener {
    pub(super) async fn bind(redirect_uri: &str) -> Result<Self, Failure> {
        let elsewhere = || {
            Failure::usage(format!("nothing can be listened for at the redirect URI {redirect_uri}"))
                .cause("it is not http at 127.0.0.1, [::1] or localhost")
                .next("sign in with: connect login --paste")
        };
        let uri: Uri = redirect_uri.parse().map_err(|_| elsewhere())?;
        let host = uri.host().unwrap_or_default();
        if uri.scheme_str() != Some("http") || !is_loopback(host) {
            return Err(elsewhere());
        }
        let port = uri.port_u16().unwrap_or(80);
        let mut sockets = Vec::new();
        let mut failed = None;
        for address in addresses(host, port) {
            match TcpListener::bind(address).await {
                Ok(socket) => sockets.push(socket),
                Err(error) => {
                    // A machine may lack one of the two. Where somebody else has one, the code could go to
                    // them.
                    let fatal = error.kind() == ErrorKind::AddrInUse || sockets.is_empty();
                    failed = failed.or(fatal.then_some((address, error)));
                }
            }
        }
        match failed {
            Some((address, error)) if sockets.is_empty() || error.kind() == ErrorKind::AddrInUse => {
                Err(Failure::new(Exit::Failed, "LISTEN_ERROR", format!("cannot listen on {address}"))
                    .cause(error)
                    .next("end what uses the port, or sign in with: connect login --paste"))
            }
            _ => Ok(Self { path: uri.path().to_owned(), sockets }),
        }
    }

    /// The query of the callback, and who waits for an answer.
    pub(super) async fn callback(self) -> Result<(String, Visitor), Failure> {
        let (found, mut callbacks) = mpsc::channel(1);
        let mut tasks = tokio::task::JoinSet::new();
        for socket in self.sockets {
            let (found, path) = (found.clone(), self.path.clone());
            tasks.spawn(accept(socket, path, found));
        }
        drop(found);
        let gone = || Failure::new(Exit::Failed, "LISTEN_ERROR", "nothing can be listened for any more");
        // With the set of tasks the sockets are closed: one callback is all that is taken.
        callbacks.recv().await.ok_or_else(gone)
    }
}

impl Visitor {
    pub(super) async fn answer(mut self, signed_in: bool) {
        reply(&mut self.0, &page::end(signed_in)).await;
    }
}

/// `localhost` is either, and browsers differ in which they try first.
fn addresses(host: &str, port: u16) -> Vec<SocketAddr> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse() {
        Ok(address) => vec![SocketAddr::new(address, port)],
        Err(_) => vec![
            SocketAddr::from(([127, 0, 0, 1], port)),
            SocketAddr::from(([0_u16, 0, 0, 0, 0, 0, 0, 1], port)),
        ],
    }
}

async fn accept(socket: TcpListener, path: String, found: mpsc::Sender<(String, Visitor)>) {
    let mut visits = tokio::task::JoinSet::new();
    loop {
        match socket.accept().await {
            Ok((stream, _)) => {
                visits.spawn(visit(stream, path.clone(), found.clone()));
            }
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
        while visits.try_join_next().is_some() {}
    }
}

async fn visit(mut stream: TcpStream, path: String, found: mpsc::Sender<(String, Visitor)>) {
    let Ok(Some(head)) = tokio::time::timeout(PATIENCE, head(&mut stream)).await else { return };
    match query(&head, &path) {
        Some(query) => drop(found.send((query, Visitor(stream))).await),
        None => reply(&mut stream, &page::not_found()).await,
    }
}

async fn head(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut part = [0; 2048];
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        let read = stream.read(&mut part).await.ok().filter(|&read| read > 0)?;
        head.extend_from_slice(&part[..read]);
        if head.len() > LONGEST_HEAD {
            return None;
        }
    }
    String::from_utf8(head).ok()
}

/// The query of a GET of this path.
fn query(head: &str, path: &str) -> Option<String> {
    let target = head.strip_prefix("GET ")?.split(' ').next()?;
    let (asked, query) = target.split_once('?')?;
    (asked == path).then(|| query.to_owned())
}

async fn reply(stream: &mut TcpStream, text: &str) {
    let sent = async {
        stream.write_all(text.as_bytes()).await?;
        stream.shutdown().await
    };
    let _ = tokio::time::timeout(PATIENCE, sent).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_get_of_the_path_counts() {
        let of = |head| query(head, "/callback");
        assert_eq!(of("GET /callback?code=a&state=b HTTP/1.1\r\n\r\n").as_deref(), Some("code=a&state=b"));
        for head in [
            "GET /callback HTTP/1.1\r\n\r\n",
            "GET /callback/?code=a HTTP/1.1\r\n\r\n",
            "GET /favicon.ico HTTP/1.1\r\n\r\n",
            "POST /callback?code=a HTTP/1.1\r\n\r\n",
            "",
        ] {
            assert_eq!(of(head), None, "{head}");
        }
    }
}
