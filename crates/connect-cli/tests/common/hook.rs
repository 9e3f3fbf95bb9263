//! A receiver that runs, what is sent to it, and a target that it passes things on to.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::{Child, ChildStderr, ChildStdout, Command},
    sync::mpsc::{Receiver, Sender, channel},
    time::Duration,
};

use connect_hyper::Request;
use serde_json::Value;

use super::{Done, free_port, piped};

/// `connect webhooks listen`, ended whatever becomes of the test.
pub(crate) struct Listening {
    child: Child,
    pub(crate) url: String,
    out: BufReader<ChildStdout>,
    err: Option<ChildStderr>,
}

impl Listening {
    /// With `--json`: the URL comes first.
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = piped(command.arg("--json"));
        let (out, err) = (BufReader::new(child.stdout.take().unwrap()), child.stderr.take());
        let mut listening = Self { child, url: String::new(), out, err };
        listening.url = listening.next()["url"].as_str().unwrap().to_owned();
        listening
    }

    /// The next line.
    pub(crate) fn next(&mut self) -> Value {
        let mut line = String::new();
        assert!(self.out.read_line(&mut line).unwrap() > 0, "it ended");
        serde_json::from_str(&line).unwrap()
    }

    #[cfg(unix)]
    pub(crate) fn interrupt(self) -> Done {
        super::interrupt(&self.child);
        self.end()
    }

    /// Waits for its end.
    pub(crate) fn end(mut self) -> Done {
        let code = self.child.wait().unwrap().code();
        let (mut out, mut err) = (String::new(), String::new());
        self.out.read_to_string(&mut out).unwrap();
        self.err.take().unwrap().read_to_string(&mut err).unwrap();
        Done { code, out, err }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came to a target: the head as it was, and the body.
pub(crate) struct Came {
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl Came {
    /// The values of a header, in their order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.filter(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
    }
}

/// Somebody's application.
pub(crate) struct Target {
    port: u16,
    pub(crate) came: Receiver<Came>,
    came_to: Sender<Came>,
}

impl Target {
    /// Nobody listens there yet.
    pub(crate) fn new() -> Self {
        let (came_to, came) = channel();
        Self { port: free_port(), came, came_to }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hooks?app=1", self.port)
    }

    /// Answers so many requests with these words, one after the other.
    pub(crate) fn answer(&self, answers: &'static [&'static str]) {
        let socket = TcpListener::bind(("127.0.0.1", self.port)).unwrap();
        let came = self.came_to.clone();
        std::thread::spawn(move || {
            for answer in answers {
                let (mut stream, _) = socket.accept().unwrap();
                came.send(take(&mut stream)).unwrap();
                write!(stream, "HTTP/1.1 {answer}").unwrap();
            }
        });
    }

    pub(crate) fn next(&self) -> Came {
        self.came.recv_timeout(Duration::from_secs(120)).unwrap()
    }
}

fn take(stream: &mut TcpStream) -> Came {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let mut came = Came { head, body: Vec::new() };
    came.body = vec![0; came.all("content-length")[0].parse().unwrap()];
    reader.read_exact(&mut came.body).unwrap();
    came
}

/// Sends a delivery, and gives the answer.
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
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.trim_start_matches("HTTP/1.1 100 Continue\r\n\r\n").to_owned()
}

/// The status of an answer.
pub(crate) fn status(answer: &str) -> u16 {
    answer.split(' ').nth(1).unwrap_or_else(|| panic!("{answer:?}")).parse().unwrap()
}
