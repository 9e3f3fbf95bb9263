//! Measures each token store under crowds: all tasks start at once. Run it in release.
//!
//! ```text
//! cargo run --release -p connect-tests --bin crowds -- --store memory|file|postgres|redis|all
//!     [--part a|b|c|d|all] [--expiry known|silent|never] [--scale FACTOR] [--limit SECONDS]
//! ```
//!
//! `bash tests/engines.sh` in front of it starts PostgreSQL and Redis. The sandbox runs in this process; the clients
//! are this program again. A token exchange takes 100 ms. With `--expiry known` (default) the clients know from the
//! lifetime of the access tokens that they have expired, and exchange first; with `silent` a 401 tells them, so that
//! each call of the crowd begins with a request; with `never` none has expired, which shows what the crowd costs without
//! exchanges. `--scale` multiplies the sizes of the crowds, and a part that is not
//! over after `--limit` seconds (300) reports what was reached.
//!
//! - **a**: 10,000 sign-outs of one user. The first call of another user starts 50 ms later: it may take 100 ms longer
//!   than the median of such calls without the crowd, and no sign-out may fail.
//! - **b**: two processes (two clients with a runtime each on a [`MemoryStore`](connect_core::MemoryStore)) call once
//!   for each of 6,000 users whose access tokens have expired. No call may fail, and each user costs one exchange.
//! - **c**: the same with one process and 20,000 users.
//! - **d**: 2,000 blocking tasks of the application, spawned as that crowd starts, may take 1.1 times as long as in a
//!   process with two busy threads and no crowd (medians of three).

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
use place::Kind;
use service::{Crowd, Expiry, MOST_USERS, Outcome, Service};

/// How much longer than usual the call of another user may take, in milliseconds.
const EXTRA_MS: f64 = 100.0;
/// How much longer the application's own tasks may take.
const TASKS_RATIO: f64 = 1.1;
/// How often the application's own tasks are measured with and without a crowd.
const ROUNDS: usize = 3;

struct Options {
    stores: Vec<Kind>,
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
                ("--store", "all") => options.stores = Kind::ALL.to_vec(),
                ("--store", value) => options.stores = vec![value.parse()?],
                ("--part", "all") => {}
                ("--part", "a" | "b" | "c" | "d") => options.parts = value.chars().collect(),
                ("--expiry", "known") => options.expiry = Expiry::Known,
                ("--expiry", "silent") => options.expiry = Expiry::Silent,
                ("--expiry", "never") => options.expiry = Expiry::Never,
                ("--scale", value) => options.scale = value.parse()?,
                ("--limit", value) => options.limit = Duration::from_secs(value.parse()?),
                _ => return Err(format!("{name} {value} is not an option of this program").into()),
            }
        }
        if options.stores.is_empty() {
            return Err("--store is missing: expected memory, file, postgres, redis or all".into());
        }
        Ok(options)
    }

    fn exchanges(&self, crowd: &Crowd) -> u64 {
        if self.expiry == Expiry::Never { 0 } else { crowd.size as u64 }
    }

    fn measure(&self, service: &Service, part: char) -> Result<Row, Failure> {
        let size = |full: f64| (full * self.scale).max(1.0) as usize;
        let crowd = Crowd {
            work: "calls",
            size: size(MOST_USERS as f64),
            processes: 1,
            timeout: 180,
            limit: self.limit,
        };
        let mut row = Row::default();
        match part {
            'a' => {
                let crowd = Crowd { work: "sign-outs", size: size(10_000.0), timeout: 60, ..crowd };
                row.add(&crowd, service.run(&crowd)?);
                row.times = row.outcome.most("usual_ms").zip(row.outcome.most("crowd_ms"));
                row.slower = row.times.is_none_or(|(usual, in_crowd)| in_crowd > usual + EXTRA_MS);
            }
            'b' => {
                let crowd = Crowd { size: size(6_000.0), processes: 2, timeout: 60, ..crowd };
                row.add(&crowd, service.run(&crowd)?);
                row.exchanges = Some(self.exchanges(&crowd));
            }
            'c' => {
                row.add(&crowd, service.run(&crowd)?);
                row.exchanges = Some(self.exchanges(&crowd));
            }
            _ => {
                let (mut alone, mut in_crowd, started) = (Vec::new(), Vec::new(), Instant::now());
                for _ in 0..ROUNDS {
                    let limit = self.limit.saturating_sub(started.elapsed());
                    if limit.is_zero() {
                        break;
                    }
                    alone.extend(service.tasks_alone(limit)?.most("tasks_ms"));
                    let crowd = Crowd { work: "calls-and-tasks", limit, ..crowd };
                    let outcome = service.run(&crowd)?;
                    in_crowd.extend(outcome.most("tasks_ms"));
                    row.add(&crowd, outcome);
                }
                row.times = median(alone).zip(median(in_crowd));
                row.slower = row.ratio().is_none_or(|ratio| ratio > TASKS_RATIO);
            }
        }
        Ok(row)
    }
}

/// The figures of one part at one store.
#[derive(Default)]
struct Row {
    calls: usize,
    outcome: Outcome,
    /// The exchanges that the crowd needs, where it has to get by with them.
    exchanges: Option<u64>,
    /// Milliseconds without the crowd and with it.
    times: Option<(f64, f64)>,
    /// Whether the second is too far above the first.
    slower: bool,
}

impl Row {
    fn add(&mut self, crowd: &Crowd, outcome: Outcome) {
        self.calls += crowd.size * crowd.processes;
        self.outcome.add(outcome);
    }

    fn ratio(&self) -> Option<f64> {
        self.times.map(|(usual, in_crowd)| in_crowd / usual)
    }

    fn misses(&self) -> Vec<&'static str> {
        let Outcome { granted, refused, .. } = self.outcome;
        [
            (self.outcome.total("failed") > 0.0, "calls failed"),
            (self.outcome.total("unfinished") > 0.0 || self.outcome.killed, "calls did not end in time"),
            (self.exchanges.is_some_and(|exchanges| granted != exchanges), "not one exchange for each user"),
            (refused > 0, "exchanges were refused"),
            (self.slower, "others were slowed down"),
        ]
        .into_iter()
        .filter_map(|(missed, text)| missed.then_some(text))
        .collect()
    }

    fn print(&self, kind: Kind, part: char) {
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
            number(self.times.map(|(_, in_crowd)| in_crowd), " ms", 1),
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
