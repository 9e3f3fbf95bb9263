//! A sandbox, a folder of its own for the program, and a browser that follows redirects.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::panic, reason = "helpers of tests")]

pub(crate) mod hook;

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Output, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use connect_sandbox::{Server, Settings};
use serde_json::Value;
use tempfile::TempDir;

/// The zone of the reader, as a rule: no machine has to know where Budapest is.
pub(crate) const ZONE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

pub(crate) const SECRET: &str = "sandbox-secret";

/// What a command left behind.
pub(crate) struct Done {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn of(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    #[track_caller]
    pub(crate) fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{}{}", self.out, self.err);
        self.out
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.ok()).unwrap()
    }

    /// The error object of `--json`.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let value: Value = serde_json::from_str(&self.err).unwrap_or_else(|_| panic!("{}", self.err));
        value["error"].clone()
    }
}

/// A sandbox and the program's surroundings.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) folder: TempDir,
    pub(crate) redirect_uri: String,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    pub(crate) fn with(switches: &[(&str, &str)]) -> Self {
        let redirect_uri = format!("http://127.0.0.1:{}/callback", free_port());
        let mut settings = Settings::default();
        settings.set("redirect_uri", &redirect_uri).unwrap();
        for (name, value) in switches {
            settings.set(name, value).unwrap();
        }
        let server = Server::builder().settings(settings).start().unwrap();
        Self { server, folder: TempDir::new().unwrap(), redirect_uri }
    }

    /// The program with credentials that are right.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = bare(&self.folder);
        command
            .args(arguments)
            .env("MOBISCROLL_CONNECT_BASE_URL", self.server.base_url())
            .env("MOBISCROLL_CONNECT_CLIENT_ID", "sandbox-client")
            .env("MOBISCROLL_CONNECT_CLIENT_SECRET", SECRET)
            .env("MOBISCROLL_CONNECT_REDIRECT_URI", &self.redirect_uri);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Done {
        Done::of(self.command(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// The same with something to read.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Done {
        let mut child = piped(&mut self.command(arguments));
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Done::of(child.wait_with_output().unwrap())
    }

    /// Signs in with a browser that approves.
    pub(crate) fn login(&self, arguments: &[&str]) -> Done {
        let all = [&["login", "--no-browser"], arguments].concat();
        let (child, url) = start_login(&mut self.command(&all));
        let page = browse(&url);
        assert!(page.contains("You are signed in"), "{page}");
        Done::of(child.wait_with_output().unwrap())
    }

    /// Every file of tokens.
    pub(crate) fn token_files(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("state/mobiscroll-connect/tokens"))
        else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
    }

    /// The secrets on disk: none of them may be printed.
    pub(crate) fn secrets(&self) -> Vec<String> {
        let mut secrets = vec![SECRET.to_owned()];
        for file in self.token_files() {
            let record: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
            for name in ["access_token", "refresh_token"] {
                secrets.push(record["tokens"][name].as_str().unwrap().to_owned());
            }
        }
        secrets
    }
}

/// The program with nothing of the machine it runs on.
pub(crate) fn bare(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connect"));
    command
        .env_clear()
        .current_dir(folder.path())
        .env("TZ", ZONE)
        .env("HOME", folder.path())
        .env("XDG_STATE_HOME", folder.path().join("state"));
    command
}

pub(crate) fn piped(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts a login; gives the URL it prints once it listens.
pub(crate) fn start_login(command: &mut Command) -> (Child, String) {
    await_url(piped(command))
}

/// Waits until a login prints its URL.
pub(crate) fn await_url(mut child: Child) -> (Child, String) {
    let mut reader = BufReader::new(child.stderr.take().unwrap());
    let mut url = String::new();
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "no URL was printed");
        if line.trim().starts_with("http") {
            url = line.trim().to_owned();
        }
        if !url.is_empty() && (line.contains("Waiting") || line.contains("paste")) {
            break;
        }
    }
    // Whatever comes later on stderr is small enough for the pipe.
    child.stderr = Some(reader.into_inner());
    (child, url)
}

/// Follows redirects to the end and gives the last page.
pub(crate) fn browse(url: &str) -> String {
    let mut url = url.to_owned();
    for _ in 0..6 {
        let answer = get(&url);
        match location(&answer) {
            Some(next) => url = next,
            None => return answer,
        }
    }
    panic!("too many redirects: {url}")
}

/// Where a browser would end: the last URL outside the service.
pub(crate) fn callback_url(url: &str, redirect_uri: &str) -> String {
    let mut url = url.to_owned();
    while !url.starts_with(redirect_uri) {
        url = location(&get(&url)).unwrap();
    }
    url
}

pub(crate) fn get(url: &str) -> String {
    get_with(url, "")
}

/// The same with headers besides, each with its line break.
pub(crate) fn get_with(url: &str, headers: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\n{headers}connection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn location(answer: &str) -> Option<String> {
    let head = answer.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| line.strip_prefix("location: ")).map(str::to_owned)
}

/// A base URL where nobody listens.
pub(crate) fn nowhere() -> String {
    format!("http://127.0.0.1:{}/api", free_port())
}

/// A port that nobody has, and that no connection gets: below those that systems give out, and another one each time.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    loop {
        let own = (std::process::id() % 150) as u16 * 100;
        let port = 10_000 + own + NEXT.fetch_add(1, Ordering::Relaxed) % 100;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

#[cfg(unix)]
pub(crate) fn interrupt(child: &Child) {
    let status = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(status.success());
}
