//! In each of 100 rounds, 64 concurrent calls with one expired token must succeed with one exchange.
//!
//! Half of the 401s are delayed until the new pair is saved, so a client that refreshes on a late 401 would
//! refresh twice. The sandbox counts the exchanges.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    thread,
    time::Duration,
};

use connect_core::{ErrorKind, MemoryStore, Response, SignIn, Transport};
use connect_sandbox::Fault;
use connect_tests::{
    stores::Flaky,
    world::{Place, World},
};
use http::StatusCode;

const CALLERS: usize = 64;
const ROUNDS: usize = 100;

/// Delays each 401 until every caller has sent its request. Every second 401 also waits for the save.
#[derive(Clone)]
struct Floodgate(Arc<Counts>);

struct Counts {
    store: Flaky<MemoryStore>,
    round: AtomicUsize,
    denied: AtomicUsize,
    late: AtomicUsize,
}

impl Floodgate {
    fn new(store: Flaky<MemoryStore>) -> Self {
        let counts = Counts { store, round: 0.into(), denied: 0.into(), late: 0.into() };
        Self(Arc::new(counts))
    }

    fn next_round(&self) {
        self.0.round.fetch_add(1, SeqCst);
        self.0.denied.store(0, SeqCst);
    }

    /// Returns the condition that a 401 waits for.
    fn pass(&self, response: &Response) -> Option<impl Fn() -> bool + use<>> {
        if response.status() != StatusCode::UNAUTHORIZED {
            return None;
        }
        let late = self.0.denied.fetch_add(1, SeqCst) % 2 == 1;
        self.0.late.fetch_add(usize::from(late), SeqCst);
        let (counts, saves) = (self.0.clone(), self.0.round.load(SeqCst));
        // The sign-in makes the first save, then each round makes one.
        Some(move || counts.denied.load(SeqCst) == CALLERS && (!late || counts.store.saves() > saves))
    }
}

/// Checks that all callers shared one failed exchange.
fn check_failure(world: &World) {
    assert_eq!(world.requests("POST /oauth/token"), 2, "the sign-in and one exchange");
    assert_eq!(world.refreshes(), 0);
}

fn failing_exchange(world: &World) {
    // Long enough that all callers wait for the exchange.
    world.fault(Fault::on("POST /oauth/token").status(503).delay(Duration::from_secs(2)));
}

fn check(world: &World, gate: &Floodgate) {
    let stats = world.stats();
    let (callers, rounds) = (CALLERS as u64, ROUNDS as u64);
    let calendars = &stats.requests["GET /calendars"];
    assert_eq!(calendars["200"], callers * rounds + 1);
    assert_eq!(calendars["401"], callers * rounds);
    assert_eq!(gate.0.late.load(SeqCst), CALLERS * ROUNDS / 2);
    assert_eq!(stats.exchanges.refresh.granted, rounds, "one exchange for each expiry");
    assert_eq!(stats.exchanges.refresh.refused, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn asynchronous() {
    let world = World::new(Place::Socket).unwrap();
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let store = Flaky::new(MemoryStore::new());
    let gate = Floodgate::new(store.clone());
    let plain = connect_hyper::Client::builder(&app.client_id, app.client_secret.as_str())
        .redirect_uri(&app.redirect_uri);
    let config = connect_core::Config::new("a", "b", [1; 32]);
    let hyper =
        connect_hyper::HyperTransport::new(&connect_core::Network::from_vars(|_| None), &config).unwrap();
    let (inner, floodgate) = (Arc::new(hyper), gate.clone());
    let transport = move |request: connect_hyper::Request| {
        let (inner, floodgate) = (inner.clone(), floodgate.clone());
        async move {
            let response = connect_hyper::AsyncTransport::send(&*inner, request).await?;
            if let Some(open) = floodgate.pass(&response) {
                while !open() {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
            Ok(response)
        }
    };
    let client = plain.base_url(world.base_url()).store(store).transport(transport).build().unwrap();
    let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    let user = client.auth().finish(sign_in, &callback).await.unwrap();
    user.calendars().list().await.unwrap();
    for _ in 0..ROUNDS {
        gate.next_round();
        world.expire();
        let calls: Vec<_> = (0..CALLERS)
            .map(|_| {
                let user = client.user("ann");
                tokio::spawn(async move { user.calendars().list().await.map(|calendars| calendars.len()) })
            })
            .collect();
        for call in calls {
            assert!(call.await.unwrap().unwrap() > 0);
        }
    }
    check(&world, &gate);
}

#[tokio::test]
async fn asynchronous_callers_share_a_failure() {
    let world = World::new(Place::Socket).unwrap();
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let builder =
        connect_hyper::Client::builder(app.client_id, app.client_secret).redirect_uri(app.redirect_uri);
    let client = builder.base_url(world.base_url()).build().unwrap();
    let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    client.auth().finish(sign_in, &callback).await.unwrap();
    world.expire();
    failing_exchange(&world);
    let calls: Vec<_> = (0..CALLERS)
        .map(|_| {
            let user = client.user("ann");
            tokio::spawn(async move { user.calendars().list().await })
        })
        .collect();
    for call in calls {
        let error = call.await.unwrap().unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Server), "{error:?}");
    }
    check_failure(&world);
    client.user("ann").calendars().list().await.unwrap();
}

#[test]
fn blocking_callers_share_a_failure() {
    let world = World::new(Place::Socket).unwrap();
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let builder =
        connect_blocking::Client::builder(app.client_id, app.client_secret).redirect_uri(app.redirect_uri);
    let client = builder.base_url(world.base_url()).build().unwrap();
    let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    client.auth().finish(sign_in, &callback).unwrap();
    world.expire();
    failing_exchange(&world);
    thread::scope(|scope| {
        for _ in 0..CALLERS {
            scope.spawn(|| {
                let error = client.user("ann").calendars().list().unwrap_err();
                assert!(matches!(error.kind(), ErrorKind::Server), "{error:?}");
            });
        }
    });
    check_failure(&world);
    client.user("ann").calendars().list().unwrap();
}

#[test]
fn blocking() {
    let world = World::new(Place::Socket).unwrap();
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let store = Flaky::new(MemoryStore::new());
    let gate = Floodgate::new(store.clone());
    let config = connect_core::Config::new("a", "b", [1; 32]);
    let ureq =
        connect_blocking::UreqTransport::new(&connect_core::Network::from_vars(|_| None), &config).unwrap();
    let floodgate = gate.clone();
    let transport = move |request: connect_blocking::Request| {
        let response = ureq.send(request)?;
        if let Some(open) = floodgate.pass(&response) {
            while !open() {
                thread::sleep(Duration::from_millis(1));
            }
        }
        Ok(response)
    };
    let client = connect_blocking::Client::builder(&app.client_id, app.client_secret.as_str())
        .redirect_uri(&app.redirect_uri)
        .base_url(world.base_url())
        .store(store)
        .transport(transport)
        .build()
        .unwrap();
    let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    client.auth().finish(sign_in, &callback).unwrap().calendars().list().unwrap();
    for _ in 0..ROUNDS {
        gate.next_round();
        world.expire();
        thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| assert!(!client.user("ann").calendars().list().unwrap().is_empty()));
            }
        });
    }
    check(&world, &gate);
}
