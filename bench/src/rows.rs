//! The rows of the table: the cost of each client, and its ratio to the cost of a hand-written client.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use crate::Failure;
use crate::work::Cost;

struct Row {
    name: &'static str,
    work: &'static str,
    /// Events per page, number of pages, `Shape::odd_every` (0: none), content coding, delay in ms.
    server: [&'static str; 5],
    threads: usize,
    rounds: usize,
}

const PLAIN: [&str; 5] = ["1000", "20", "0", "identity", "0"];

const ROWS: &[Row] = &[
    Row { name: "list", work: "events", server: PLAIN, threads: 1, rounds: 11 },
    Row {
        name: "list-odd",
        work: "events",
        server: ["1000", "20", "10", "identity", "0"],
        threads: 1,
        rounds: 7,
    },
    Row {
        name: "list-gzip",
        work: "events",
        server: ["1000", "20", "0", "gzip", "0"],
        threads: 1,
        rounds: 7,
    },
    Row {
        name: "list-10",
        work: "events",
        server: ["10", "2000", "0", "identity", "0"],
        threads: 1,
        rounds: 7,
    },
    Row {
        name: "list-100",
        work: "events",
        server: ["100", "200", "0", "identity", "0"],
        threads: 1,
        rounds: 7,
    },
    Row { name: "calendars", work: "calendars:10000", server: PLAIN, threads: 1, rounds: 7 },
    Row { name: "creates", work: "creates:2000", server: PLAIN, threads: 1, rounds: 11 },
    Row { name: "callers-64", work: "callers:64:200", server: PLAIN, threads: 1, rounds: 7 },
    Row { name: "callers-1000", work: "callers:1000:5", server: PLAIN, threads: 1, rounds: 5 },
    Row { name: "first", work: "calendars:1", server: PLAIN, threads: 1, rounds: 21 },
    Row {
        name: "latency",
        work: "events",
        server: ["100", "20", "0", "identity", "20"],
        threads: 1,
        rounds: 3,
    },
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
    println!("| row | client | CPU | ratio | wall | ratio | RSS | ratio | connections |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for row in ROWS.iter().filter(|row| names.is_empty() || names.contains(&row.name)) {
        one(row)?;
    }
    Ok(())
}

fn one(row: &Row) -> Result<(), Failure> {
    let server = Server::start(row)?;
    let mut costs: BTreeMap<&str, Vec<Cost>> = BTreeMap::new();
    let mut connections: BTreeMap<&str, usize> = BTreeMap::new();
    for round in 0..row.rounds + 1 {
        for client in CLIENTS {
            let cost = server.run(client, row)?;
            connections.insert(client, server.connections()?);
            // The first round is not measured, because it fills caches.
            if round > 0 {
                costs.entry(client).or_default().push(cost);
            }
        }
    }
    for client in CLIENTS {
        let (own, base) = (&costs[client], &costs[yardstick(client)]);
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
}

impl Server {
    fn start(row: &Row) -> Result<Self, Failure> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("serve")
            .args(row.server)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut port = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut port)?;
        Ok(Self { child, port: port.trim().to_owned() })
    }

    fn run(&self, client: &str, row: &Row) -> Result<Cost, Failure> {
        let base = format!("http://127.0.0.1:{}", self.port);
        let output = Command::new(std::env::current_exe()?)
            .args(["run", client, row.work, &base, &row.threads.to_string()])
            .stderr(Stdio::inherit())
            .output()?;
        if !output.status.success() {
            return Err(format!("the client {client} failed in the row {}", row.name).into());
        }
        Ok(serde_json::from_slice(&output.stdout)?)
    }

    /// Returns the number of connections since the last call.
    fn connections(&self) -> Result<usize, Failure> {
        let mut stream = TcpStream::connect(format!("127.0.0.1:{}", self.port))?;
        stream.write_all(b"GET /count HTTP/1.1\r\n\r\n")?;
        let mut text = vec![0; 512];
        let length = stream.read(&mut text)?;
        let text = String::from_utf8_lossy(&text[..length]).into_owned();
        Ok(text.rsplit('\n').next().unwrap_or_default().parse()?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}
