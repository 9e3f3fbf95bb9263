//! Measures a call with a timeout of one second while another holder has the lock of the user's tokens.
//!
//! ```text
//! bash tests/engines.sh cargo run --release -p connect-tests --bin held-lock
//! ```
//!
//! The program fails if a call of either client takes longer than 1.1 s. Without PostgreSQL and
//! Redis, the program measures only the memory store and the file store.

use std::{
    env,
    process::ExitCode,
    sync::Arc,
    time::{Duration, Instant},
};

use connect_core::{ErrorKind, MemoryStore, SignIn, TokenStore};
use connect_stores::{FileStore, PostgresStore, RedisStore};
use connect_tests::world::{Failure, Place, World};

const TIMEOUT: Duration = Duration::from_secs(1);
const MAX_CALL_TIME: Duration = Duration::from_millis(1100);
const CALLS: usize = 5;

fn main() -> Result<ExitCode, Failure> {
    let folder = tempfile::tempdir()?;
    let mut stores: Vec<(&str, Arc<dyn TokenStore>)> =
        vec![("memory", Arc::new(MemoryStore::new())), ("file", Arc::new(FileStore::open(folder.path())?))];
    if let Ok(url) = env::var("CONNECT_TEST_POSTGRES") {
        let store = PostgresStore::new(&url)?.blocking()?;
        store.migrate()?;
        stores.push(("postgres", Arc::new(store)));
    }
    if let Ok(url) = env::var("CONNECT_TEST_REDIS") {
        stores.push(("redis", Arc::new(RedisStore::new(&url)?.blocking()?)));
    }
    let mut late = false;
    for (name, store) in stores {
        for (client, longest) in [("blocking", blocking(&store)?), ("hyper", hyper(&store)?)] {
            println!("{name:10}{client:10}{:>6} ms at most", longest.as_millis());
            late |= longest > MAX_CALL_TIME;
        }
    }
    Ok(if late { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

macro_rules! client {
    ($client:ident, $world:expr, $store:expr, $transport:expr) => {{
        let app = $world.sandbox(|sandbox| sandbox.credentials());
        $client::Client::builder(app.client_id, app.client_secret)
            .redirect_uri(app.redirect_uri)
            .base_url($world.base_url())
            .timeout(TIMEOUT)
            .store($store)
            .transport($transport)
            .build()?
    }};
}

fn blocking(store: &Arc<dyn TokenStore>) -> Result<Duration, Failure> {
    let world = World::new(Place::Memory)?;
    let client = client!(connect_blocking, world, store.clone(), world.in_memory());
    let sign_in = client.auth().sign_in(SignIn::new("blocking"))?;
    let callback = world.consent(sign_in.url())?;
    let user = client.auth().finish(sign_in, &callback)?;
    world.expire();
    let lock =
        store.try_lock(user.session().key(), Duration::from_secs(60))?.ok_or("the lock is not free")?;
    let longest = longest(|| user.calendars().list().map(drop));
    lock.release()?;
    user.calendars().list()?;
    longest
}

fn hyper(store: &Arc<dyn TokenStore>) -> Result<Duration, Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let world = World::new(Place::Memory)?;
    let transport = world.in_memory();
    let client = client!(connect_hyper, world, store.clone(), move |request| {
        let outcome = transport(request);
        async move { outcome }
    });
    let sign_in = client.auth().sign_in(SignIn::new("hyper"))?;
    let callback = world.consent(sign_in.url())?;
    let user = runtime.block_on(client.auth().finish(sign_in, &callback))?;
    world.expire();
    let lock =
        store.try_lock(user.session().key(), Duration::from_secs(60))?.ok_or("the lock is not free")?;
    let longest = longest(|| runtime.block_on(user.calendars().list()).map(drop));
    lock.release()?;
    runtime.block_on(user.calendars().list())?;
    longest
}

/// Makes `CALLS` calls, which must time out, and returns the longest time.
fn longest(call: impl Fn() -> Result<(), connect_core::Error>) -> Result<Duration, Failure> {
    let mut longest = Duration::ZERO;
    for _ in 0..CALLS {
        let started = Instant::now();
        match call() {
            Err(error) if matches!(error.kind(), ErrorKind::Timeout) => {}
            other => return Err(format!("the call did not time out: {other:?}").into()),
        }
        longest = longest.max(started.elapsed());
    }
    Ok(longest)
}
