//! A process that ends during a refresh.
//!
//! Arguments: the way to end, the client (`hyper` or `blocking`), then the arguments of `second-process`. The
//! process prints `calling`, and reads a number of milliseconds from standard input. Then the process starts
//! its call, waits for this time, and ends in the way that the first argument names.

use std::{
    error::Error,
    io::{BufRead, Lines, StdinLock, stdin},
    process::exit,
    thread,
    time::Duration,
};

use connect_stores::FileStore;

type Failure = Box<dyn Error + Send + Sync>;

/// A time long enough for an exchange and the save of the new pair.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(20);

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [how, client, base_url, client_id, client_secret, redirect_uri, folder, user] = &args[..] else {
        return Err("expected eight arguments".into());
    };
    let mut input = stdin().lock().lines();
    macro_rules! client {
        ($client:ident) => {
            $client::Client::builder(client_id, client_secret.as_str())
                .redirect_uri(redirect_uri)
                .base_url(base_url)
                .store(FileStore::open(folder)?)
                .build()?
        };
    }
    match client.as_str() {
        "hyper" => asynchronous(client!(connect_hyper), user, how, &mut input),
        "blocking" => blocking(client!(connect_blocking), user, how, &mut input),
        other => Err(format!("{other} is not a client (expected hyper or blocking)").into()),
    }
}

/// Prints `calling`, and reads from standard input how long after its call the process ends.
fn calling(input: &mut Lines<StdinLock<'_>>) -> Result<Duration, Failure> {
    println!("calling");
    let line = input.next().ok_or("no input")??;
    Ok(Duration::from_millis(line.trim().parse()?))
}

fn blocking(
    client: connect_blocking::Client,
    user: &str,
    how: &str,
    input: &mut Lines<StdinLock<'_>>,
) -> Result<(), Failure> {
    let user = client.user(user);
    let time = calling(input)?;
    let call = thread::spawn(move || drop(user.calendars().list()));
    thread::sleep(time);
    match how {
        "close" => client.close(CLOSE_TIMEOUT)?,
        "exit" => exit(0),
        "return" => {} // threads end with the process
        "wait" => drop(call.join()),
        other => {
            return Err(format!("{other} is not a way to end (expected close, exit, return or wait)").into());
        }
    }
    Ok(())
}

fn asynchronous(
    client: connect_hyper::Client,
    user: &str,
    how: &str,
    input: &mut Lines<StdinLock<'_>>,
) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let user = client.user(user);
    let mut terminated = {
        let _inside = runtime.enter();
        (how == "terminated, close")
            .then(|| tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()))
            .transpose()?
    };
    let time = calling(input)?;
    let call = runtime.spawn(async move { drop(user.calendars().list().await) });
    thread::sleep(time);
    match how {
        "close" => runtime.block_on(client.close(CLOSE_TIMEOUT))?,
        "terminated, close" => {
            println!("terminate");
            runtime.block_on(async {
                if let Some(terminated) = &mut terminated {
                    terminated.recv().await;
                }
                client.close(CLOSE_TIMEOUT).await
            })?;
        }
        // Without a handler, the signal ends the process.
        "terminated" => {
            println!("terminate");
            thread::sleep(CLOSE_TIMEOUT);
        }
        "exit" => exit(0),
        "runtime dropped" => drop(runtime),
        "wait" => drop(runtime.block_on(call)),
        other => {
            return Err(format!(
                "{other} is not a way to end (expected close, exit, runtime dropped, terminated, \"terminated, close\" or wait)"
            )
            .into());
        }
    }
    Ok(())
}
