//! Compares both clients with hand-written clients on this machine. The runs of the clients alternate.
//!
//! ```text
//! connect-bench [ROW..]        measure these rows, or all, and print a table
//! connect-bench instructions   count instructions with callgrind
//! connect-bench allocations    count allocations and retained bytes
//! connect-bench read-ahead     measure lists with and without read-ahead
//! connect-bench windows        measure lists in windows
//! connect-bench mirror         measure deliveries and sweeps of mirrors
//! connect-bench availability   measure queries for the free times of a team
//! connect-bench counts         print the counts for .ci/instructions
//! ```

mod availability;
mod core;
mod data;
mod mirror;
mod rows;
mod server;
mod work;
mod yardstick;

use std::process::ExitCode;
use std::time::Duration;

use data::Shape;
use work::Work;

type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["serve", events, pages, odd_every, coding, delay] => {
            serve(events, pages, odd_every, coding, delay, None)
        }
        ["serve", events, pages, odd_every, coding, delay, root] => {
            serve(events, pages, odd_every, coding, delay, Some(root))
        }
        ["run", client, work, base] => run(client, work, base, None),
        ["run", client, work, base, root] => run(client, work, base, Some(root)),
        ["piece", name, times] => {
            times.parse().map_err(Failure::from).and_then(|times| core::run(name, times))
        }
        ["counts"] => core::count_instructions().map(|counts| {
            counts.iter().for_each(|(name, count)| println!("{count} {name}"));
        }),
        ["read-ahead"] => rows::read_ahead(),
        ["windows"] => rows::windows(),
        ["mirror"] => mirror::measure(),
        ["availability"] => availability::measure(),
        ["team", people, weeks, events, times] => availability::run([people, weeks, events], times),
        #[cfg(feature = "allocations")]
        ["allocations"] => core::allocations(),
        names => rows::measure(names),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn serve(
    events: &str,
    pages: &str,
    odd_every: &str,
    coding: &str,
    delay: &str,
    root: Option<&str>,
) -> Result<(), Failure> {
    let odd_every = Some(odd_every.parse()?).filter(|every| *every > 0);
    let shape = Shape { events: events.parse()?, odd_every };
    server::serve(shape, pages.parse()?, coding == "gzip", Duration::from_millis(delay.parse()?), root)
}

fn run(client: &str, work: &str, base: &str, root: Option<&str>) -> Result<(), Failure> {
    let work = Work::parse(work).ok_or_else(|| {
        format!("unknown work {work:?} (expected events, calendars:N, creates:N or callers:N:N)")
    })?;
    let root = root.map(std::fs::read).transpose()?;
    let cost = work::run(client, work, base, root)?;
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
}
