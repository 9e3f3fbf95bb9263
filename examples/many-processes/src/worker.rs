//! A worker process: calls the API for all users until its input ends.
//!
//! After the input line `check N`, the worker waits until a later call of each user has succeeded, and then
//! prints `seen N`. The worker prints `failed ..` for a failed call, and `ended ..` when a session ends.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use connect_hyper::{Client, ErrorKind, SessionEnded, User};
use tokio::{
    io::{AsyncBufReadExt, BufReader, stdin},
    sync::watch,
    time::sleep,
};

use crate::{Failure, StoreOptions};

#[derive(clap::Args, Clone)]
pub(crate) struct WorkerOptions {
    #[command(flatten)]
    place: StoreOptions,
    #[arg(long)]
    base_url: String,
    #[arg(long)]
    client_id: String,
    #[arg(long)]
    client_secret: String,
    #[arg(long)]
    redirect_uri: String,
    #[arg(long)]
    users: usize,
    #[arg(long)]
    exchange_timeout_ms: u64,
}

/// The pause between two calls of a user.
const CALL_PAUSE: Duration = Duration::from_millis(3);

pub(crate) fn main(options: WorkerOptions) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(work(options))
}

async fn work(options: WorkerOptions) -> Result<(), Failure> {
    let builder = Client::builder(&*options.client_id, &*options.client_secret)
        .redirect_uri(&*options.redirect_uri)
        .base_url(&*options.base_url)
        .exchange_timeout(Duration::from_millis(options.exchange_timeout_ms))
        .on_session_ended(|ended: SessionEnded| println!("ended {}", ended.key.user));
    let client = options.place.attach(builder)?.build()?;
    let stop = Arc::new(AtomicBool::new(false));
    let users: Vec<_> = (0..options.users)
        .map(|number| {
            let (calls, seen) = watch::channel(Calls::default());
            let task = tokio::spawn(call(client.user(&user_id(number)), calls, stop.clone()));
            (task, seen)
        })
        .collect();
    let mut lines = BufReader::new(stdin()).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        let waiting: Vec<_> = users.iter().map(|(_, seen)| (seen.borrow().begun, seen.clone())).collect();
        tokio::spawn(async move {
            for (begun, mut seen) in waiting {
                let _ = seen.wait_for(|calls| calls.succeeded > begun).await;
            }
            println!("{}", line.replace("check", "seen"));
        });
    }
    stop.store(true, SeqCst);
    for (task, _) in users {
        task.await?;
    }
    Ok(client.close(Duration::from_secs(60)).await?)
}

pub(crate) fn user_id(number: usize) -> String {
    format!("user-{number}")
}

/// The calls of a user, numbered from 1.
#[derive(Default)]
struct Calls {
    /// The number of the call that began last.
    begun: u64,
    /// The number of the call that succeeded last.
    succeeded: u64,
}

async fn call(user: User, calls: watch::Sender<Calls>, stop: Arc<AtomicBool>) {
    while !stop.load(SeqCst) {
        calls.send_modify(|calls| calls.begun += 1);
        match user.calendars().list().await {
            Ok(_) => calls.send_modify(|calls| calls.succeeded = calls.begun),
            Err(error) => {
                let signed_out = matches!(error.kind(), ErrorKind::Authentication);
                println!("failed {} {}: {error}", if signed_out { "signed-out" } else { "call" }, user.id());
                sleep(Duration::from_millis(50)).await;
            }
        }
        sleep(CALL_PAUSE).await;
    }
}
