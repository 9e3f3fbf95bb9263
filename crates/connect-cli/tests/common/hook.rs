//! A running `connect webhooks listen`, requests to it, and a target for `--forward-to`.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStderr, ChildStdout, Command},
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use connect_hyper::Request;
use serde_json::Value;

use super::{Outcome, free_port, piped};

/// A running `connect webhooks listen`, which is killed when dropped.
pub(crate) struct Listening {
    child: Child,
    pub(crate) url: String,
    out: BufReader<ChildStdout>,
    err: Option<ChildStderr>,
}

impl Listening {
    /// Starts the command with `--json` and reads the URL from the first output line.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = piped(command.arg("--json"));
        let (out, err) = (BufReader::new(child.stdout.take().unwrap()), child.stderr.take());
        let mut listening = Self { child, url: String::new(), out, err };
        listening.url = listening.next()["url"].as_str().unwrap().to_owned();
        listening
    }

    /// Returns the next output line.
    pub(crate) fn next(&mut self) -> Value {
        let mut line = String::new();
        assert!(self.out.read_line(&mut line).unwrap() > 0, "the command ended");
        serde_json::from_str(&line).unwrap()
    }

    #[cfg(unix)]
    pub(crate) fn interrupt(self) -> Outcome {
        super::interrupt(&self.child);
        self.end()
    }

    /// Waits until the command ends.
    pub(crate) fn end(mut self) -> Outcome {
        let code = self.child.wait().unwrap().code();
        let (mut out, mut err) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        self.err.take().unwrap().read_to_string(&mut err).unwrap();
        Outcome { code, out, err }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A request that the target received, with its raw head.
pub(crate) struct ReceivedRequest {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl ReceivedRequest {
    /// Returns the values of a header in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// An HTTP server in place of the user's application.
pub(crate) struct Target {
    port: u16,
    pub(crate) came: Receiver<ReceivedRequest>,
    sender: Sender<ReceivedRequest>,
}

impl Target {
    /// Chooses a port without listening on it.
    pub(crate) fn new() -> Self {
        let (sender, came) = channel();
        Self { port: free_port(), came, sender }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks?app=1", self.port)
    }

    /// Listens and sends one raw response per request.
    pub(crate) fn respond(&self, responses: &'static [&'static str]) {
        let socket = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        let sender = self.sender.clone();
        std::thread::spawn(move || {
            for response in responses {
                let (mut stream, _) = socket.accept().unwrap();
                sender.send(read_request(&mut stream)).unwrap();
                write!(stream, "HTTP/1.1 {response}").unwrap();
            }
        });
    }

    pub(crate) fn next(&self) -> ReceivedRequest {
        self.came.recv_timeout(Duration::from_secs(120)).unwrap()
    }
}

pub(crate) fn read_request(stream: &mut TcpStream) -> ReceivedRequest {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let mut came = ReceivedRequest { head, body: Vec::new() };
    came.body = vec![0; came.all("content-length")[0].parse().unwrap()];
    reader.read_exact(&mut came.body).unwrap();
    came
}

/// Sends a delivery and returns the raw response.
pub(crate) fn post(url: &str, request: &Request) -> String {
    let mut head = String::new();
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", std::str::from_utf8(value.as_bytes()).unwrap());
    }
    head += &format!("content-length: {}\r\n", request.body().len());
    send(url, "POST", &head, request.body())
}

pub(crate) fn send(url: &str, method: &str, head: &str, body: &[u8]) -> String {
    let (host, path) = url.strip_prefix("http://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{head}\r\n").unwrap();
    stream.write_all(body).unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n").to_owned()
}

/// Returns the status of a raw response.
pub(crate) fn status(response: &str) -> u16 {
    response.split(' ').nth(1).unwrap_or_else(|| panic!("{response:?}")).parse().unwrap()
}
