//! Measures one client with 10,000 users that make the calls of one hour in one minute. Run this program in
//! release mode.
//!
//! ```text
//! cargo run --release -p connect-tests --bin load [-- USERS SECONDS]
//! ```
//!
//! The sandbox runs in this process, and the client with a file store in a second process. One minute
//! represents an hour: an access token is valid for one minute, and each user makes 12 calls in a minute. The
//! program reads the numbers of calls and exchanges from the sandbox, and the memory figures from the
//! operating system.

use std::{
    fs,
    io::{BufRead, BufReader, Write, stdin},
    process::{Child, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use bytes::Bytes;
use connect_sandbox::{Outcome, Server, Settings};
use connect_stores::FileStore;
use connect_tests::world::Failure;
use jiff::Timestamp;
use tokio::{task::JoinSet, time::sleep};

/// How many calls each user makes during the lifetime of an access token.
const CALLS: u32 = 12;
/// How many first calls run concurrently.
const CONCURRENT_CALLS: usize = 64;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["client", url, id, secret, redirect, folder, users, seconds] => {
            let client = connect_hyper::Client::builder(id, secret)
                .redirect_uri(redirect)
                .base_url(url)
                .store(FileStore::open(folder)?)
                .build()?;
            let runtime =
                tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
            runtime.block_on(calls(client, users.parse()?, Duration::from_secs(seconds.parse()?)))
        }
        [] => service(10_000, 60),
        [users] => service(users.parse()?, 60),
        [users, seconds] => service(users.parse()?, seconds.parse()?),
        _ => Err("usage: load [USERS SECONDS]".into()),
    }
}

fn service(users: usize, seconds: u64) -> Result<(), Failure> {
    let settings = Settings::default().with("token_ttl", &seconds.to_string())?;
    let server = Server::builder().settings(settings).start()?;
    let folder = tempfile::tempdir()?;
    sign_in(&server, users, folder.path())?;
    let app = server.credentials();
    let child = Command::new(std::env::current_exe()?)
        .args(["client", &server.base_url(), &app.client_id, &app.client_secret, &app.redirect_uri])
        .arg(folder.path())
        .args([users.to_string(), seconds.to_string()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let mut client = Client { child, lines: None };
    let before = client.memory("ready")?;
    let idle = client.memory("loaded")?;
    let (stats, started) = (server.stats(), Instant::now());
    let after = client.memory("called")?;
    let time = started.elapsed();
    client.memory("closed")?;
    let ended = client.child.wait()?;
    let end = server.stats();
    let each = |kib: u64| (kib.saturating_sub(before) * 1024) / users as u64;
    let calls = end.answered("GET /calendars", 200) - stats.answered("GET /calendars", 200);
    let exchanges = end.exchanges.refresh.granted - stats.exchanges.refresh.granted;
    println!("users      {users}");
    println!("time       {:.1} s for one hour, in which each access token expires once", time.as_secs_f64());
    println!("calls      {calls} succeeded, {:.0} per second", calls as f64 / time.as_secs_f64());
    println!("exchanges  {exchanges} granted, {} refused", end.exchanges.refresh.refused);
    println!("memory     {before} KiB before, {idle} KiB with all users idle, {after} KiB after the calls");
    println!("           {} bytes per idle user, {} after the calls", each(idle), each(after));
    if !ended.success() || end.exchanges.refresh.refused > 0 || calls != (users as u64) * u64::from(CALLS) {
        return Err("calls failed, or sign-ins were lost".into());
    }
    Ok(())
}

/// The client process.
struct Client {
    child: Child,
    lines: Option<BufReader<std::process::ChildStdout>>,
}

impl Client {
    /// Waits until the client prints `word`, lets it continue, and returns its resident memory in KiB.
    fn memory(&mut self, word: &str) -> Result<u64, Failure> {
        let lines = match &mut self.lines {
            Some(lines) => lines,
            empty => empty.insert(BufReader::new(self.child.stdout.take().ok_or("no output")?)),
        };
        let mut line = String::new();
        lines.read_line(&mut line)?;
        if line.trim() != word {
            return Err(format!("the client printed {line:?} (expected {word:?})").into());
        }
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
        let memory = resident.trim().trim_end_matches(" kB").parse()?;
        writeln!(self.child.stdin.as_ref().ok_or("no input")?)?;
        Ok(memory)
    }
}

fn sign_in(server: &Server, users: usize, folder: &std::path::Path) -> Result<(), Failure> {
    let app = server.credentials();
    let client = connect_blocking::Client::builder(&*app.client_id, &*app.client_secret)
        .redirect_uri(&*app.redirect_uri)
        .base_url(server.base_url())
        .store(FileStore::open(folder)?)
        .build()?;
    for number in 0..users {
        let sign_in = client.auth().sign_in(connect_core::SignIn::new(user(number)))?;
        let request = http::Request::get(sign_in.url()).body(Bytes::new())?;
        let Outcome::Reply(reply) = server.with(|sandbox| sandbox.handle(request, Timestamp::now())).outcome
        else {
            return Err("the consent page sent no response".into());
        };
        let callback = reply.headers().get("location").ok_or("no redirect")?.to_str()?.to_owned();
        client.auth().finish(sign_in, callback.as_str())?;
    }
    Ok(())
}

fn user(number: usize) -> String {
    format!("user-{number}")
}

async fn calls(client: connect_hyper::Client, users: usize, hour: Duration) -> Result<(), Failure> {
    let failed = Arc::new(AtomicU64::new(0));
    let call = |number: usize| {
        let (client, failed) = (client.clone(), failed.clone());
        async move {
            let Err(error) = client.user(&user(number)).calendars().list().await else { return };
            if failed.fetch_add(1, Relaxed) < 5 {
                eprintln!("{error}");
            }
        }
    };
    client.health().await?;
    report("ready")?;
    let mut tasks = JoinSet::new();
    for number in 0..users {
        if tasks.len() == CONCURRENT_CALLS {
            tasks.join_next().await;
        }
        tasks.spawn(call(number));
    }
    while tasks.join_next().await.is_some() {}
    report("loaded")?;
    let (start, total) = (Instant::now(), users as u32 * CALLS);
    for number in 0..total {
        sleep((hour * number / total).saturating_sub(start.elapsed())).await;
        while tasks.try_join_next().is_some() {}
        tasks.spawn(call(number as usize % users));
    }
    while tasks.join_next().await.is_some() {}
    report("called")?;
    client.close(Duration::from_secs(30)).await?;
    report("closed")?;
    match failed.load(Relaxed) {
        0 => Ok(()),
        failed => Err(format!("{failed} calls failed").into()),
    }
}

/// Prints the word and waits for an input line.
fn report(word: &str) -> Result<(), Failure> {
    println!("{word}");
    stdin().read_line(&mut String::new())?;
    Ok(())
}
