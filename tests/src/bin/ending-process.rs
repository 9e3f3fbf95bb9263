//! A process that ends while a refresh is under way.
//!
//! Arguments: how it ends, which client it uses, then those of `second-process`. It says `calling` when it is about to
//! call, and ends so many milliseconds later as the next line of its input says.

use std::{
    error::Error,
    io::{BufRead, Lines, StdinLock, stdin},
    process::exit,
    thread,
    time::Duration,
};

use connect_stores::FileStore;

type Failure = Box<dyn Error + Send + Sync>;

/// Enough for an exchange and its save.
const CLOSE: Duration = Duration::from_secs(20);

fn main() -> Result<(), Failure> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [how, client, base_url, client_id, client_secret, redirect_uri, folder, user] = &args[..] else {
        return Err("eight arguments, please".into());
    };
    let mut input = stdin().lock().lines();
    macro_rules! client {
        ($client:ident) => {
            $client::Client::builder(client_id, client_secret.as_str(), redirect_uri)
                .base_url(base_url)
                .store(FileStore::open(folder)?)
                .build()?
        };
    }
    match client.as_str() {
        "hyper" => asynchronous(client!(connect_hyper), user, how, &mut input),
        "blocking" => blocking(client!(connect_blocking), user, how, &mut input),
        other => Err(format!("no client {other}").into()),
    }
}

/// Says that it calls, and gives back when to end.
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
        "close" => client.close(CLOSE)?,
        "exit" => exit(0),
        "return" => {} // threads end with the process
        "wait" => drop(call.join()),
        other => return Err(format!("it does not end by {other}").into()),
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
        "close" => runtime.block_on(client.close(CLOSE))?,
        "terminated, close" => {
            println!("terminate");
            runtime.block_on(async {
                if let Some(terminated) = &mut terminated {
                    terminated.recv().await;
                }
                client.close(CLOSE).await
            })?;
        }
        // Nobody listens: that is the end.
        "terminated" => {
            println!("terminate");
            thread::sleep(CLOSE);
        }
        "exit" => exit(0),
        "runtime dropped" => drop(runtime),
        "wait" => drop(runtime.block_on(call)),
        other => return Err(format!("it does not end by {other}").into()),
    }
    Ok(())
}
