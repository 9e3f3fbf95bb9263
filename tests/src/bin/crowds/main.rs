//! Measures each token store under many concurrent calls. Run this program in release mode.
//!
//! ```text
//! cargo run --release -p connect-tests --bin crowds -- --store memory|file|postgres|redis|all
//!     [--part a|b|c|d|all] [--expiry known|silent|never] [--scale FACTOR] [--limit SECONDS]
//! ```
//!
//! Prefix the command with `bash tests/engines.sh` to start PostgreSQL and Redis. The sandbox runs in this
//! process. The client processes run this program too. A token exchange takes 100 ms. With `--expiry known`
//! (default), the clients know that the access tokens have expired, and refresh first. With `silent`, the
//! clients learn of the expiry from a 401, so each call begins with a failing request. With `never`, no token
//! has expired, so the program measures only the cost of the calls. `--scale` multiplies the number of calls.
//! After `--limit` seconds (default: 300), a part ends and reports the calls that are still running as
//! unfinished.
//!
//! - **a**: 10,000 sign-outs of one user. The first call of another user starts 50 ms later. This
//!   call may take at most 100 ms longer than the median of first calls before the sign-outs. No
//!   sign-out may fail.
//! - **b**: each of two processes makes one call for each of 6,000 users whose access tokens have expired.
//!   For [`MemoryStore`](connect_core::MemoryStore), two clients in one process make the calls, each client
//!   on its own runtime. No call may fail, and each user must cause exactly one exchange.
//! - **c**: the same as part b, but with one process and 20,000 users.
//! - **d**: 2,000 blocking tasks of the application start together with the calls of part c. The
//!   tasks may take at most 1.1 times as long as in a process with two busy threads and no calls.
//!   Both times are medians of three measurements.

mod children;
mod client;
mod front;
mod place;
mod service;

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use connect_tests::world::Failure;
use place::StoreKind;
use service::{Expiry, MOST_USERS, Outcome, Service, Workload};

/// How many milliseconds longer a first call may take during the sign-outs than before them.
const EXTRA_MS: f64 = 100.0;
/// How many times as long the application's own tasks may take during the calls as without calls.
const TASKS_RATIO: f64 = 1.1;
/// How many times the application's own tasks are measured, each time with and without calls.
const ROUNDS: usize = 3;

struct Options {
    stores: Vec<StoreKind>,
    parts: Vec<char>,
    expiry: Expiry,
    scale: f64,
    limit: Duration,
}

fn main() -> Result<ExitCode, Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|role| role == "client") {
        return client::main(&arguments[1..]).map(|()| ExitCode::SUCCESS);
    }
    let options = Options::parse(&arguments)?;
    println!(
        "{:9}{:5}{:>7}{:>8}{:>11}{:>9}{:>9}{:>8}{:>7}{:>10}{:>12}{:>12}{:>7}  result",
        "store",
        "part",
        "calls",
        "failed",
        "unfinished",
        "granted",
        "refused",
        "time",
        "files",
        "in flight",
        "usual",
        "crowd",
        "ratio"
    );
    let mut missed = false;
    for kind in &options.stores {
        let service = Service::start(*kind, options.expiry)?;
        for part in &options.parts {
            let row = options.measure(&service, *part)?;
            row.print(*kind, *part);
            missed |= !row.misses().is_empty();
        }
    }
    Ok(if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

impl Options {
    fn parse(arguments: &[String]) -> Result<Self, Failure> {
        let mut options = Self {
            stores: Vec::new(),
            parts: vec!['a', 'b', 'c', 'd'],
            expiry: Expiry::Known,
            scale: 1.0,
            limit: Duration::from_secs(300),
        };
        for pair in arguments.chunks(2) {
            let [name, value] = pair else { return Err(format!("{} needs a value", pair[0]).into()) };
            match (name.as_str(), value.as_str()) {
                ("--store", "all") => options.stores = StoreKind::ALL.to_vec(),
                ("--store", value) => options.stores = vec![value.parse()?],
                ("--part", "all") => {}
                ("--part", "a" | "b" | "c" | "d") => options.parts = value.chars().collect(),
                ("--expiry", "known") => options.expiry = Expiry::Known,
                ("--expiry", "silent") => options.expiry = Expiry::Silent,
                ("--expiry", "never") => options.expiry = Expiry::Never,
                ("--scale", value) => options.scale = value.parse()?,
                ("--limit", value) => options.limit = Duration::from_secs(value.parse()?),
                _ => return Err(format!("{name} {value} is not a valid option").into()),
            }
        }
        if options.stores.is_empty() {
            return Err("--store is missing (expected memory, file, postgres, redis or all)".into());
        }
        Ok(options)
    }

    fn exchanges(&self, workload: &Workload) -> u64 {
        if self.expiry == Expiry::Never { 0 } else { workload.size as u64 }
    }

    fn measure(&self, service: &Service, part: char) -> Result<Row, Failure> {
        let size = |full: f64| (full * self.scale).max(1.0) as usize;
        let workload = Workload {
            work: "calls",
            size: size(MOST_USERS as f64),
            processes: 1,
            timeout: 180,
            limit: self.limit,
        };
        let mut row = Row::default();
        match part {
            'a' => {
                let workload = Workload { work: "sign-outs", size: size(10_000.0), timeout: 60, ..workload };
                row.add(&workload, service.run(&workload)?);
                row.times = row.outcome.most("usual_ms").zip(row.outcome.most("crowd_ms"));
                row.slower = row.times.is_none_or(|(usual, loaded)| loaded > usual + EXTRA_MS);
            }
            'b' => {
                let workload = Workload { size: size(6_000.0), processes: 2, timeout: 60, ..workload };
                row.add(&workload, service.run(&workload)?);
                row.exchanges = Some(self.exchanges(&workload));
            }
            'c' => {
                row.add(&workload, service.run(&workload)?);
                row.exchanges = Some(self.exchanges(&workload));
            }
            _ => {
                let (mut alone, mut loaded, started) = (Vec::new(), Vec::new(), Instant::now());
                for _ in 0..ROUNDS {
                    let limit = self.limit.saturating_sub(started.elapsed());
                    if limit.is_zero() {
                        break;
                    }
                    alone.extend(service.tasks_alone(limit)?.most("tasks_ms"));
                    let workload = Workload { work: "calls-and-tasks", limit, ..workload };
                    let outcome = service.run(&workload)?;
                    loaded.extend(outcome.most("tasks_ms"));
                    row.add(&workload, outcome);
                }
                row.times = median(alone).zip(median(loaded));
                row.slower = row.ratio().is_none_or(|ratio| ratio > TASKS_RATIO);
            }
        }
        Ok(row)
    }
}

/// The figures of one part with one store.
#[derive(Default)]
struct Row {
    calls: usize,
    outcome: Outcome,
    /// The expected number of exchanges, if the part checks it.
    exchanges: Option<u64>,
    /// The time of the call (part a) or the tasks (part d) without and with the load, in milliseconds.
    times: Option<(f64, f64)>,
    /// Whether the time with the load exceeds its limit.
    slower: bool,
}

impl Row {
    fn add(&mut self, workload: &Workload, outcome: Outcome) {
        self.calls += workload.size * workload.processes;
        self.outcome.add(outcome);
    }

    fn ratio(&self) -> Option<f64> {
        self.times.map(|(usual, loaded)| loaded / usual)
    }

    fn misses(&self) -> Vec<&'static str> {
        let Outcome { granted, refused, .. } = self.outcome;
        [
            (self.outcome.total("failed") > 0.0, "calls failed"),
            (self.outcome.total("unfinished") > 0.0 || self.outcome.killed, "calls did not end in time"),
            (self.exchanges.is_some_and(|exchanges| granted != exchanges), "not one exchange for each user"),
            (refused > 0, "exchanges were refused"),
            (self.slower, "the call or the tasks took too long"),
        ]
        .into_iter()
        .filter_map(|(missed, text)| missed.then_some(text))
        .collect()
    }

    fn print(&self, kind: StoreKind, part: char) {
        let outcome = &self.outcome;
        let number = |value: Option<f64>, unit: &str, places: usize| {
            value.map_or_else(|| "-".to_owned(), |value| format!("{value:.places$}{unit}"))
        };
        let misses = self.misses();
        println!(
            "{:9}{:5}{:>7}{:>8}{:>11}{:>9}{:>9}{:>8}{:>7}{:>10}{:>12}{:>12}{:>7}  {}",
            kind.name(),
            part,
            self.calls,
            outcome.total("failed"),
            outcome.total("unfinished"),
            outcome.granted,
            outcome.refused,
            number(outcome.most("seconds"), " s", 1),
            outcome.files,
            outcome.in_flight,
            number(self.times.map(|(usual, _)| usual), " ms", 1),
            number(self.times.map(|(_, loaded)| loaded), " ms", 1),
            number(self.ratio().filter(|_| part == 'd'), "", 2),
            if misses.is_empty() { "ok".to_owned() } else { format!("MISSED: {}", misses.join(", ")) },
        );
        for error in &outcome.errors {
            println!("              {error}");
        }
    }
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
