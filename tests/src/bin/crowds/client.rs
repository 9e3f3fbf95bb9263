//! A client process: prints `ready`, waits for a line, makes its calls, and prints `NAME VALUE` lines.

use std::{
    collections::BTreeMap,
    hint::spin_loop,
    io::stdin,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    thread,
    time::{Duration, Instant},
};

use connect_core::MemoryStore;
use connect_hyper::{Client, Error};
use connect_tests::world::Failure;
use tokio::{
    runtime::Runtime,
    task::JoinSet,
    time::{sleep, timeout_at},
};

use crate::{median, place::StoreLocation};

/// The number of users whose first call is timed before the sign-outs start.
const USUAL_CALLS: usize = 31;
/// The number of users: one signs out, and the others make a first call.
///
/// `USUAL_CALLS` users make the call before the sign-outs, and one user makes it during the sign-outs.
pub(crate) const SIGN_OUT_USERS: usize = 1 + USUAL_CALLS + 1;
/// How long after the start of the sign-outs the call of another user starts.
const HEAD_START: Duration = Duration::from_millis(50);
/// The number of the application's own blocking tasks.
const TASKS: usize = 2_000;
/// The duration of each of the application's own blocking tasks.
const TASK_TIME: Duration = Duration::from_millis(100);
/// The timeout of `close`.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(10);

pub(crate) fn user_id(number: usize) -> String {
    format!("user-{number}")
}

pub(crate) fn main(arguments: &[String]) -> Result<(), Failure> {
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    if arguments == ["tasks"] {
        return tasks_alone();
    }
    let [work, size, clients, timeout, limit, kind, location, url, id, secret, redirect] = arguments[..]
    else {
        return Err("a client needs eleven arguments".into());
    };
    let (size, timeout) = (size.parse()?, Duration::from_secs(timeout.parse()?));
    let limit = Duration::from_secs(limit.parse()?);
    let place = StoreLocation { kind: kind.parse()?, location: location.to_owned() };
    let memory = MemoryStore::new();
    let importer = connect_blocking::Client::builder(id, secret)
        .redirect_uri(redirect)
        .base_url(url)
        .store(memory.clone())
        .build()?;
    for (user, tokens) in place.pairs()? {
        importer.user(&user).import(tokens)?;
    }
    let mut drivers = Vec::new();
    for _ in 0..clients.parse()? {
        let runtime = Runtime::new()?;
        let _inside = runtime.enter();
        let builder = Client::builder(id, secret).redirect_uri(redirect).base_url(url).timeout(timeout);
        let client = place.attach(builder, &memory)?.build()?;
        drop(_inside);
        drivers.push((runtime, client));
    }
    wait_for_go()?;
    let until = Instant::now() + limit;
    let drive = |(runtime, client): (Runtime, Client)| {
        let outcome = runtime.block_on(async {
            match work {
                "sign-outs" => sign_outs(client, size, until).await,
                "calls" => calls(client, size, false, until).await,
                "calls-and-tasks" => calls(client, size, true, until).await,
                _ => {
                    Err(format!("{work} is not a workload (expected sign-outs, calls or calls-and-tasks)")
                        .into())
                }
            }
        });
        runtime.shutdown_background(); // calls past the limit may never end
        outcome
    };
    thread::scope(|scope| {
        let threads: Vec<_> = drivers.into_iter().map(|driver| scope.spawn(move || drive(driver))).collect();
        threads.into_iter().try_for_each(|thread| thread.join().map_err(|_| "a client panicked")?)
    })
}

fn wait_for_go() -> Result<(), Failure> {
    println!("ready");
    stdin().read_line(&mut String::new())?;
    Ok(())
}

/// Starts all calls concurrently, and optionally the application's own tasks.
async fn calls(client: Client, users: usize, with_tasks: bool, until: Instant) -> Result<(), Failure> {
    let started = Instant::now();
    let call = |number| {
        let user = client.user(&user_id(number));
        async move { user.calendars().list().await.map(drop) }
    };
    let calls = (0..users).map(call).collect();
    let tasks = with_tasks.then(|| {
        let time = own_tasks();
        tokio::spawn(async { println!("tasks_ms {}", milliseconds(time.await)) })
    });
    let mut tally = Tally::of(calls, until).await?;
    println!("seconds {}", started.elapsed().as_secs_f64());
    if let Some(tasks) = tasks {
        let _ = timeout_at(until.into(), tasks).await; // a missing `tasks_ms` line shows that the limit was exceeded
    }
    tally.close(&client).await;
    tally.print();
    Ok(())
}

/// Starts all sign-outs of one user concurrently, and during them the first call of another user.
async fn sign_outs(client: Client, count: usize, until: Instant) -> Result<(), Failure> {
    let mut usual = Vec::new();
    for number in 1..=USUAL_CALLS {
        let (time, outcome) = first_call(&client, number).await?;
        outcome?;
        usual.push(milliseconds(time));
    }
    println!("usual_ms {}", median(usual).unwrap_or_default());
    let (user, started) = (client.user(&user_id(0)), Instant::now());
    let sign_out = |_| {
        let user = user.clone();
        async move { user.sign_out().await }
    };
    let sign_outs = tokio::spawn(Tally::of((0..count).map(sign_out).collect(), until));
    sleep(HEAD_START).await;
    let (time, outcome) = first_call(&client, SIGN_OUT_USERS - 1).await?;
    println!("crowd_ms {}", milliseconds(time));
    let mut tally = sign_outs.await??;
    println!("seconds {}", started.elapsed().as_secs_f64());
    tally.count(outcome);
    tally.close(&client).await;
    tally.print();
    Ok(())
}

/// Makes the first call for a user on a separate task, as a server does.
async fn first_call(client: &Client, number: usize) -> Result<(Duration, Result<(), Error>), Failure> {
    let (user, started) = (client.user(&user_id(number)), Instant::now());
    let outcome = tokio::spawn(async move { user.calendars().list().await.map(drop) }).await?;
    Ok((started.elapsed(), outcome))
}

/// Runs the application's own tasks without a client, while two threads keep the processors busy.
fn tasks_alone() -> Result<(), Failure> {
    let (runtime, busy) = (Runtime::new()?, AtomicBool::new(true));
    wait_for_go()?;
    let time = thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while busy.load(Relaxed) {
                    spin_loop()
                }
            });
        }
        let time = runtime.block_on(async { own_tasks().await });
        busy.store(false, Relaxed);
        time
    });
    println!("tasks_ms {}", milliseconds(time));
    Ok(())
}

/// Spawns the application's own tasks; the future returns the time until the last task ended.
fn own_tasks() -> impl Future<Output = Duration> {
    let (mut tasks, started) = (JoinSet::new(), Instant::now());
    for _ in 0..TASKS {
        tasks.spawn_blocking(|| {
            thread::sleep(TASK_TIME);
            Instant::now()
        });
    }
    async move { tasks.join_all().await.into_iter().max().unwrap_or(started) - started }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Counts the failed and the unfinished calls.
#[derive(Default)]
struct Tally {
    /// The number of errors and the first message, by error kind.
    failed: BTreeMap<String, (usize, String)>,
    unfinished: usize,
}

impl Tally {
    async fn of(mut calls: JoinSet<Result<(), Error>>, until: Instant) -> Result<Self, Failure> {
        let mut tally = Self::default();
        while let Ok(Some(outcome)) = timeout_at(until.into(), calls.join_next()).await {
            tally.count(outcome?);
        }
        tally.unfinished = calls.len();
        Ok(tally)
    }

    fn count(&mut self, outcome: Result<(), Error>) {
        if let Err(error) = outcome {
            self.failed.entry(error.kind().to_string()).or_insert((0, error.to_string())).0 += 1;
        }
    }

    /// Closes the client, unless calls are still running.
    async fn close(&mut self, client: &Client) {
        if self.unfinished == 0 {
            self.count(client.close(CLOSE_TIMEOUT).await);
        }
    }

    fn print(&self) {
        println!("failed {}", self.failed.values().map(|(count, _)| count).sum::<usize>());
        println!("unfinished {}", self.unfinished);
        for (kind, (count, text)) in &self.failed {
            println!("error {count} x {kind}: {}", text.replace('\n', " "));
        }
    }
}
