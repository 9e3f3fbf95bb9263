//! A sandbox, a temporary folder for the program, and a browser that follows redirects.
#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::panic, reason = "helpers of tests")]

pub(crate) mod hook;
pub(crate) mod signed_in;

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

/// The user's time zone, as a POSIX rule that needs no time zone database.
pub(crate) const ZONE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

pub(crate) const SECRET: &str = "sandbox-secret";

/// The exit code and the output of a command.
pub(crate) struct Outcome {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Outcome {
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

    /// Returns the error object of `--json`.
    #[track_caller]
    pub(crate) fn error(&self) -> Value {
        let value: Value = serde_json::from_str(&self.err).unwrap_or_else(|_| panic!("{}", self.err));
        value["error"].clone()
    }
}

/// A sandbox and the folder that the program runs in.
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

    /// Returns a command that runs the program with valid credentials.
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

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.command(arguments).stdin(Stdio::null()).output().unwrap())
    }

    /// Runs the program with `input` on stdin.
    pub(crate) fn run_with(&self, arguments: &[&str], input: &str) -> Outcome {
        let mut child = piped(&mut self.command(arguments));
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Outcome::of(child.wait_with_output().unwrap())
    }

    /// Signs in with a browser that consents.
    pub(crate) fn login(&self, arguments: &[&str]) -> Outcome {
        let all = [&["login", "--no-browser"], arguments].concat();
        let (child, url) = start_login(&mut self.command(&all));
        let page = browse(&url);
        assert!(page.contains("You are signed in"), "{page}");
        Outcome::of(child.wait_with_output().unwrap())
    }

    /// Returns all token files.
    pub(crate) fn token_files(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("state/mobiscroll-connect/tokens"))
        else {
            return Vec::new();
        };
        let paths = entries.map(|entry| entry.unwrap().path());
        paths.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
    }

    /// Returns the client secret and all stored tokens, which no command may print.
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

/// Returns a command that runs the program without the environment of this machine.
pub(crate) fn bare(folder: &TempDir) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_connect"));
    command
        .env_clear()
        .current_dir(folder.path())
        .env("TZ", ZONE)
        .env("HOME", folder.path())
        .env("XDG_CONFIG_HOME", folder.path().join("config"))
        .env("XDG_STATE_HOME", folder.path().join("state"));
    command
}

pub(crate) fn piped(command: &mut Command) -> Child {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Starts a login and returns the URL that it prints.
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
    // The remaining output on stderr fits into the pipe's buffer.
    child.stderr = Some(reader.into_inner());
    (child, url)
}

/// Follows redirects and returns the last page.
pub(crate) fn browse(url: &str) -> String {
    let mut url = url.to_owned();
    for _ in 0..6 {
        let response = get(&url);
        match location(&response) {
            Some(next) => url = next,
            None => return response,
        }
    }
    panic!("too many redirects: {url}")
}

/// Follows redirects and returns the callback URL.
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

/// Sends a `GET` with additional headers, each with its line break.
pub(crate) fn get_with(url: &str, headers: &str) -> String {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: {host}\r\n{headers}connection: close\r\n\r\n").unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    response
}

fn location(response: &str) -> Option<String> {
    let head = response.split("\r\n\r\n").next()?;
    head.lines().find_map(|line| line.strip_prefix("location: ")).map(str::to_owned)
}

/// Returns a base URL at which no server listens.
pub(crate) fn nowhere() -> String {
    format!("http://127.0.0.1:{}/api", free_port())
}

/// Returns a new free port, below the ports that systems assign to outgoing connections.
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
