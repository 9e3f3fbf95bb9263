//! Runs seeds of the simulation; see `connect_simulation`.
//!
//! ```text
//! simulate [--seeds N] [--from S] [--threads T] [--json] [--until-breach]
//! simulate --replay S      prints all events of one seed
//! ```

use std::{
    io::Write as _,
    panic,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Instant,
};

use connect_simulation::{FAULTS, Report, STATES, run};

fn main() -> ExitCode {
    let options = match Options::read(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(text) => {
            eprintln!("{text}");
            return ExitCode::from(2);
        }
    };
    if let Some(seed) = options.replay {
        let report = run(seed, true);
        let mut out = std::io::stdout().lock();
        for line in report.history.iter().chain(&report.breaches) {
            let _ = writeln!(out, "{line}"); // a closed pipe, as with `head`, is not an error
        }
        return if report.breaches.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE };
    }
    let started = Instant::now();
    let report = run_all(&options);
    let seconds = started.elapsed().as_secs_f64();
    print(&report, &options, seconds)
}

struct Options {
    seeds: u64,
    from: u64,
    threads: usize,
    json: bool,
    /// Whether to stop at the first broken rule.
    until_breach: bool,
    replay: Option<u64>,
}

impl Options {
    fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let mut options =
            Self { seeds: 2_000, from: 0, threads, json: false, until_breach: false, replay: None };
        while let Some(name) = arguments.next() {
            let mut number = || {
                let text = arguments.next().ok_or_else(|| format!("{name} needs a number"))?;
                text.parse::<u64>().map_err(|_| format!("{name}: {text:?} is not a number"))
            };
            match name.as_str() {
                "--seeds" => options.seeds = number()?,
                "--from" => options.from = number()?,
                "--threads" => options.threads = usize::try_from(number()?).unwrap_or(1).max(1),
                "--replay" => options.replay = Some(number()?),
                "--json" => options.json = true,
                "--until-breach" => options.until_breach = true,
                _ => {
                    return Err(format!(
                        "{name} is not an option (expected --seeds N, --from S, --threads T, --json, --until-breach or --replay S)"
                    ));
                }
            }
        }
        Ok(options)
    }
}

fn run_all(options: &Options) -> Report {
    let (next, whole) = (AtomicU64::new(0), Mutex::new(Report::default()));
    thread::scope(|scope| {
        for _ in 0..options.threads {
            scope.spawn(|| {
                let mut mine = Report::default();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= options.seeds {
                        break;
                    }
                    let seed = options.from.wrapping_add(seed);
                    mine +=
                        panic::catch_unwind(|| run(seed, false)).unwrap_or_else(|_| Report::panicked(seed));
                    if options.until_breach && !mine.breaches.is_empty() {
                        next.store(options.seeds, Ordering::Relaxed);
                    }
                }
                *whole.lock().unwrap_or_else(PoisonError::into_inner) += mine;
            });
        }
    });
    whole.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn print(report: &Report, options: &Options, seconds: f64) -> ExitCode {
    println!(
        "{} seeds from {}: {} users, {} calls ({} with a fault), {} exchanges, {:.0} calls per second",
        options.seeds,
        options.from,
        report.users,
        report.calls,
        report.calls_met,
        report.exchanges,
        report.calls as f64 / seconds
    );
    print!("{:<16}", "");
    STATES.iter().for_each(|state| print!("{:>13}", state.name()));
    println!();
    for fault in FAULTS {
        print!("{:<16}", fault.name());
        for state in STATES {
            let count = report.met[*state as usize][*fault as usize];
            if state.meets(*fault) { print!("{count:>13}") } else { print!("{:>13}", "-") }
        }
        println!();
    }
    for breach in report.breaches.iter().take(20) {
        println!("{breach}");
    }
    let gaps = if options.until_breach { Vec::new() } else { report.gaps() };
    for (state, fault) in &gaps {
        println!("not covered: {} while {}", fault.name(), state.name());
    }
    println!(
        "{} breaches, {} sign-ins lost, {} lost unavoidably (by a lost response, if refresh tokens work only once)",
        report.breaches.len(),
        report.lost_sign_ins,
        report.unavoidable_losses
    );
    if options.json {
        let faults: serde_json::Map<_, _> =
            FAULTS.iter().map(|fault| (fault.name().to_owned(), report.faults(*fault).into())).collect();
        let line = serde_json::json!({
            "calls": report.calls,
            "faults": faults,
            "breaches": report.breaches.len(),
            "lost_sign_ins": report.lost_sign_ins,
            "unavoidable_losses": report.unavoidable_losses,
        });
        println!("{line}");
    }
    if report.breaches.is_empty() && gaps.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
