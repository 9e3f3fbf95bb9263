//! The rows of the table: the cost of each client, and its ratio to the cost of a hand-written client.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::process::{Child, Command, Output, Stdio};

use crate::work::Cost;
use crate::{Failure, core};

struct Row {
    name: &'static str,
    work: &'static str,
    pages: Pages,
    rounds: usize,
}

/// The pages of events that the server sends.
#[derive(Clone, Copy)]
struct Pages {
    events_per_page: usize,
    pages: usize,
    /// If `n` > 0, the location of every `n`th event is a number instead of a text.
    odd_every: usize,
    coding: &'static str,
    delay_ms: u64,
    tls: bool,
}

const PAGES: Pages =
    Pages { events_per_page: 1000, pages: 20, odd_every: 0, coding: "identity", delay_ms: 0, tls: false };

const ROWS: &[Row] = &[
    Row { name: "list", work: "events", pages: PAGES, rounds: 11 },
    Row { name: "list-gzip", work: "events", pages: Pages { coding: "gzip", ..PAGES }, rounds: 7 },
    Row {
        name: "list-10",
        work: "events",
        pages: Pages { events_per_page: 10, pages: 2000, ..PAGES },
        rounds: 7,
    },
    Row {
        name: "list-100",
        work: "events",
        pages: Pages { events_per_page: 100, pages: 200, ..PAGES },
        rounds: 7,
    },
    Row { name: "calendars", work: "calendars:10000", pages: PAGES, rounds: 7 },
    Row { name: "creates", work: "creates:2000", pages: PAGES, rounds: 11 },
    Row { name: "callers-64", work: "callers:64:200", pages: PAGES, rounds: 7 },
    Row { name: "callers-1000", work: "callers:1000:5", pages: PAGES, rounds: 5 },
    Row { name: "callers-64-tls", work: "callers:64:200", pages: Pages { tls: true, ..PAGES }, rounds: 5 },
    Row { name: "creates-tls", work: "creates:2000", pages: Pages { tls: true, ..PAGES }, rounds: 7 },
    Row { name: "first-tls", work: "calendars:1", pages: Pages { tls: true, ..PAGES }, rounds: 21 },
    Row { name: "first", work: "calendars:1", pages: PAGES, rounds: 21 },
];

const CLIENTS: &[&str] = &[
    "hyper-raw",
    "hyper",
    "ureq-raw",
    "blocking",
    #[cfg(feature = "reqwest")]
    "reqwest",
];

/// Returns the hand-written client that a client is compared with.
fn yardstick(client: &str) -> &'static str {
    if client == "blocking" { "ureq-raw" } else { "hyper-raw" }
}

pub(crate) fn measure(names: &[&str]) -> Result<(), Failure> {
    if names == ["instructions"] {
        return instructions();
    }
    println!("| row | client | CPU | ratio | wall | ratio | RSS | ratio | connections |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for row in ROWS.iter().filter(|row| names.is_empty() || names.contains(&row.name)) {
        one(row)?;
    }
    Ok(())
}

/// A row of the table of instructions per unit, measured with callgrind.
///
/// The count is the difference between a long run and a short run, divided by the additional units of the
/// long run.
struct Count {
    name: &'static str,
    clients: &'static [&'static str],
    odd_every: usize,
    /// The work, without the number of calls.
    work: &'static str,
    /// The number of pages or calls of the short run. The long run has twice as many.
    size: usize,
    /// The number of units in one page or call.
    units: u64,
}

const BOTH: &[&str] = &["hyper-raw", "hyper", "ureq-raw", "blocking"];

const COUNTS: &[Count] = &[
    Count { name: "listed event", clients: BOTH, odd_every: 0, work: "events", size: 2, units: 1000 },
    Count {
        name: "listed event, every tenth with a field of another type",
        clients: &["hyper", "blocking"],
        odd_every: 10,
        work: "events",
        size: 2,
        units: 1000,
    },
    Count {
        name: "list of 60 calendars",
        clients: BOTH,
        odd_every: 0,
        work: "calendars",
        size: 50,
        units: 1,
    },
    Count { name: "create", clients: BOTH, odd_every: 0, work: "creates", size: 50, units: 1 },
];

/// Prints the numbers of instructions as callgrind counts them.
fn instructions() -> Result<(), Failure> {
    println!("| unit | client | instructions | ratio |");
    println!("|---|---|---|---|");
    for Count { name, clients, odd_every, work, size, units } in COUNTS {
        let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
        for client in *clients {
            let count = |size: usize| {
                let (pages, work) = match *work {
                    "events" => (size, "events".to_owned()),
                    work => (1, format!("{work}:{size}")),
                };
                let server = Server::start(Pages { pages, odd_every: *odd_every, ..PAGES })?;
                server.count_instructions(client, &work)
            };
            // The set-up is part of both counts, so their difference does not contain it.
            let each = (count(2 * size)? - count(*size)?) / (*size as u64 * units);
            counted.insert(client, each);
            let ratio = counted
                .get(yardstick(client))
                .map_or(String::new(), |base| format!("{:.2}", each as f64 / *base as f64));
            println!("| {name} | {client} | {each} | {ratio} |");
        }
    }
    for (name, each) in core::count_instructions()? {
        println!("| {name} | core | {each} | |");
    }
    Ok(())
}

/// Returns the number of instructions that callgrind has written to its standard error.
pub(crate) fn collected(output: &Output) -> Result<u64, Failure> {
    let text = String::from_utf8_lossy(&output.stderr);
    let count = text.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok());
    count.ok_or_else(|| format!("valgrind counted no instructions:\n{text}").into())
}

/// Prints the time of 20 pages at a latency of 20 ms, with and without read-ahead.
pub(crate) fn read_ahead() -> Result<(), Failure> {
    let server = Server::start(Pages { delay_ms: 20, ..PAGES })?;
    println!("| client | awaited work per page | with read-ahead | without | ratio |");
    println!("|---|---|---|---|---|");
    for (client, pause) in [("hyper", 20), ("hyper", 0), ("blocking", 20), ("blocking", 0)] {
        let works = [format!("pages-ahead:{pause}"), format!("pages:{pause}")];
        println!("| {client} | {pause} ms | {} |", compare(&server, client, &works)?);
    }
    Ok(())
}

/// Prints the time of 20 pages at a latency of 20 ms, in four windows of five pages.
pub(crate) fn windows() -> Result<(), Failure> {
    let server = Server::start(Pages { delay_ms: 20, pages: 5, ..PAGES })?;
    println!("| client | four windows at the same time | one after the other | ratio |");
    println!("|---|---|---|---|");
    for client in ["hyper", "blocking"] {
        let works = ["windows:4".to_owned(), "windows-in-turn:4".to_owned()];
        println!("| {client} | {} |", compare(&server, client, &works)?);
    }
    Ok(())
}

/// Returns the elapsed times of two works, and their ratio.
fn compare(server: &Server, client: &str, works: &[String; 2]) -> Result<String, Failure> {
    let (mut first, mut second, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..7 {
        let [one, other] = [server.run(client, &works[0])?.wall, server.run(client, &works[1])?.wall];
        first.push(one / 1e3);
        second.push(other / 1e3);
        ratios.push(one / other);
    }
    let (first, second, ratio) = (median(first), median(second), median(ratios));
    Ok(format!("{first:.0} ms | {second:.0} ms | {ratio:.2}"))
}

fn one(row: &Row) -> Result<(), Failure> {
    let server = Server::start(row.pages)?;
    // A client that decodes gzip is compared with itself.
    let identity = match row.pages.coding {
        "gzip" => Some(Server::start(Pages { coding: "identity", ..row.pages })?),
        _ => None,
    };
    let mut costs: BTreeMap<&str, Vec<Cost>> = BTreeMap::new();
    let mut bases: BTreeMap<&str, Vec<Cost>> = BTreeMap::new();
    let mut connections: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..row.rounds + 1 {
        for client in CLIENTS {
            let cost = server.run(client, row.work)?;
            connections.insert(client, server.connections()?);
            let base = identity.as_ref().map(|identity| identity.run(client, row.work)).transpose()?;
            // The first round is not measured, because it fills caches.
            if round > 0 {
                costs.entry(client).or_default().push(cost);
                bases.entry(client).or_default().extend(base);
            }
        }
    }
    for client in CLIENTS {
        let own = &costs[client];
        let base = if identity.is_some() { &bases[client] } else { &costs[yardstick(client)] };
        let figure = |of: fn(&Cost) -> f64| {
            let ratios = own.iter().zip(base).map(|(own, base)| of(own) / of(base)).collect();
            (median(own.iter().map(of).collect()), median(ratios))
        };
        let (cpu, wall, rss) = (figure(|cost| cost.cpu), figure(|cost| cost.wall), figure(|cost| cost.rss));
        println!(
            "| {} | {client} | {:.1} ms | {:.2} | {:.1} ms | {:.2} | {:.1} MiB | {:.2} | {} |",
            row.name,
            cpu.0 / 1e3,
            cpu.1,
            wall.0 / 1e3,
            wall.1,
            rss.0 / 1024.0,
            rss.1,
            connections[client]
        );
    }
    Ok(())
}

fn median(mut all: Vec<f64>) -> f64 {
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().unwrap_or_default()
}

struct Server {
    child: Child,
    port: String,
    counter: String,
    /// The file of the certificate, with TLS.
    root: Option<String>,
}

impl Server {
    fn start(pages: Pages) -> Result<Self, Failure> {
        let Pages { events_per_page, pages, odd_every, coding, delay_ms, tls } = pages;
        let file = || std::env::temp_dir().join(format!("connect-bench-{}.pem", std::process::id()));
        let root = tls.then(|| file().to_string_lossy().into_owned());
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args([events_per_page, pages, odd_every].map(|number| number.to_string()))
            .args([coding, &delay_ms.to_string()])
            .args(&root)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut ports = String::new();
        BufReader::new(child.stdout.take().ok_or("the server has no stdout pipe")?).read_line(&mut ports)?;
        let (port, counter) = ports.trim().split_once(' ').ok_or("the server did not print its ports")?;
        Ok(Self { child, port: port.to_owned(), counter: counter.to_owned(), root })
    }

    fn run(&self, client: &str, work: &str) -> Result<Cost, Failure> {
        let output = self.client(Command::new(std::env::current_exe()?), client, work).output()?;
        if !output.status.success() {
            return Err(format!("the client {client} failed at {work}").into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    fn count_instructions(&self, client: &str, work: &str) -> Result<u64, Failure> {
        let mut valgrind = Command::new("valgrind");
        valgrind.args(["--tool=callgrind", "--callgrind-out-file=/dev/null"]).arg(std::env::current_exe()?);
        collected(&self.client(valgrind, client, work).stderr(Stdio::piped()).output()?)
    }

    fn client(&self, mut command: Command, client: &str, work: &str) -> Command {
        let scheme = if self.root.is_some() { "https" } else { "http" };
        command
            .args(["run", client, work, &format!("{scheme}://127.0.0.1:{}", self.port)])
            .args(&self.root)
            .stderr(Stdio::inherit());
        command
    }

    /// Returns the number of connections since the last call.
    fn connections(&self) -> Result<usize, Failure> {
        let mut text = String::new();
        TcpStream::connect(format!("127.0.0.1:{}", self.counter))?.read_to_string(&mut text)?;
        Ok(text.parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
        if let Some(root) = &self.root {
            let _ = std::fs::remove_file(root);
        }
    }
}
