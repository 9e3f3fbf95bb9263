//! Cancels 10,000 calls at random times during refreshes, with strict rotation. No token must be lost, and
//! each expiry must cause exactly one exchange.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use connect_hyper::{Client, MemoryStore, SignIn};
use connect_tests::world::{Place, World};

/// About as many rounds as an idle machine needs for 10,000 cancelled calls.
const ROUNDS: u64 = 300;
const TASKS: usize = 48;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_thousand_cancelled_calls_lose_no_token() {
    let world = World::new(Place::Socket).expect("a sandbox");
    world.set("rotation", "strict").expect("a switch");
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let client = Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(world.base_url())
        .store(MemoryStore::new())
        .build()
        .expect("a client");
    let pending = client.auth().sign_in(SignIn::new("ann")).expect("a sign-in");
    let callback = world.consent(pending.url()).expect("a callback");
    let user = client.auth().finish(pending, &callback).await.expect("signed in");
    // Slow enough that most calls are cancelled before the exchange ends.
    world.set("latency_ms", "3").expect("a switch");

    let mut seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_nanos() as u64);
    println!("seed {seed}");
    let mut cancelled = 0;
    let mut round = 0;
    while cancelled < 10_000 {
        round += 1;
        assert!(round < 10 * ROUNDS, "only {cancelled} calls were cancelled");
        world.expire();
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                let user = user.clone();
                tokio::spawn(async move { user.connections().status().await.map(drop) })
            })
            .collect();
        for task in tasks {
            // An xorshift generator chooses when the next call is cancelled, within the duration of an
            // exchange.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            if seed.is_multiple_of(4) {
                tokio::time::sleep(Duration::from_micros(seed % 400)).await;
            }
            task.abort();
            match task.await {
                Err(error) => {
                    assert!(error.is_cancelled(), "{error}");
                    cancelled += 1;
                }
                Ok(outcome) => outcome.expect("a call that was not cancelled succeeds"),
            }
        }
        user.connections().status().await.expect("the session still works");
        let exchanges = world.stats().exchanges.refresh;
        assert_eq!((exchanges.granted, exchanges.refused), (round, 0), "one exchange for each expiry");
    }
    println!("{cancelled} cancelled in {round} rounds");
    client.close(Duration::from_secs(5)).await.expect("no pair is unsaved");
}
