//! Tests concurrent deliveries. A repeated delivery must be handled once, the keys must be fetched once, and
//! a cancelled caller must not cancel the fetch of the keys.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use connect_sandbox::Fault;
use connect_tests::world::{Place, World};
use http::Request;

const KEYS: &str = "GET /.well-known/webhook-keys";
const TASKS: usize = 8;
const TIMES: usize = 1_000;

fn world() -> (World, Request<bytes::Bytes>) {
    let world = World::new(Place::Socket).expect("a sandbox");
    world.set("webhook_url", "http://127.0.0.1:9/hook").expect("a switch");
    world.set("initial_sync", "off").expect("a switch");
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let client = connect_blocking::Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(world.base_url())
        .build()
        .expect("a client");
    let pending = client.auth().sign_in(connect_blocking::SignIn::new("ann")).expect("a sign-in");
    world.consent(pending.url()).expect("a callback");
    let delivery = world.delivery("ann").expect("a delivery");
    (world, delivery)
}

fn asynchronous(world: &World) -> connect_hyper::Client {
    let app = world.sandbox(|sandbox| sandbox.credentials());
    connect_hyper::Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(world.base_url())
        .build()
        .expect("a client")
}

fn blocking(world: &World) -> connect_blocking::Client {
    let app = world.sandbox(|sandbox| sandbox.credentials());
    connect_blocking::Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(world.base_url())
        .build()
        .expect("a client")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn delivery_repeated_by_eight_tasks_is_handled_once() {
    let (world, delivery) = world();
    let client = asynchronous(&world);
    let (delivery, handled) = (Arc::new(delivery), Arc::new(AtomicUsize::new(0)));
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let (client, delivery, handled) = (client.clone(), delivery.clone(), handled.clone());
            tokio::spawn(async move {
                let mut declined = 0;
                for _ in 0..TIMES {
                    match client.webhooks().receive(delivery.headers(), delivery.body()).await {
                        Ok(received) => {
                            handled.fetch_add(1, Ordering::SeqCst);
                            tokio::task::yield_now().await;
                            received.done().await.expect("kept in memory");
                        }
                        Err(reason) => {
                            assert!([200, 503].contains(&reason.status().as_u16()), "{reason:?}");
                            declined += 1;
                        }
                    }
                }
                declined
            })
        })
        .collect();
    let mut declined = 0;
    for task in tasks {
        declined += task.await.expect("no panic");
    }
    assert_eq!((handled.load(Ordering::SeqCst), declined), (1, TASKS * TIMES - 1));
    assert_eq!(world.requests(KEYS), 1);
}

#[test]
fn delivery_repeated_by_eight_threads_is_handled_once() {
    let (world, delivery) = world();
    let client = blocking(&world);
    let (handled, declined, start) = (AtomicUsize::new(0), AtomicUsize::new(0), Barrier::new(TASKS));
    thread::scope(|scope| {
        for _ in 0..TASKS {
            scope.spawn(|| {
                start.wait();
                for _ in 0..TIMES {
                    match client.webhooks().receive(delivery.headers(), delivery.body()) {
                        Ok(received) => {
                            handled.fetch_add(1, Ordering::SeqCst);
                            thread::yield_now();
                            received.done().expect("kept in memory");
                        }
                        Err(reason) => {
                            assert!([200, 503].contains(&reason.status().as_u16()), "{reason:?}");
                            declined.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                }
            });
        }
    });
    assert_eq!((handled.into_inner(), declined.into_inner()), (1, TASKS * TIMES - 1));
    assert_eq!(world.requests(KEYS), 1);
}

#[tokio::test]
async fn cancelled_caller_does_not_cancel_the_key_fetch() {
    let (world, delivery) = world();
    let client = asynchronous(&world);
    world.fault(Fault::on(KEYS).delay(Duration::from_millis(300)));
    let given_up = tokio::time::timeout(
        Duration::from_millis(100),
        client.webhooks().verify(delivery.headers(), delivery.body()),
    );
    assert!(given_up.await.is_err(), "the caller was waiting for the keys");
    client.webhooks().verify(delivery.headers(), delivery.body()).await.expect("the same fetch is used");
    assert_eq!(world.requests(KEYS), 1);
}

#[tokio::test]
async fn concurrent_tasks_share_one_key_fetch() {
    let (world, delivery) = world();
    let (client, delivery) = (asynchronous(&world), Arc::new(delivery));
    world.fault(Fault::on(KEYS).delay(Duration::from_millis(200)));
    let tasks: Vec<_> = (0..64)
        .map(|_| {
            let (client, delivery) = (client.clone(), delivery.clone());
            tokio::spawn(async move {
                client.webhooks().verify(delivery.headers(), delivery.body()).await.map(|_| ())
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic").expect("verified");
    }
    assert_eq!(world.requests(KEYS), 1);
}

#[test]
fn concurrent_threads_share_one_key_fetch() {
    let (world, delivery) = world();
    let client = blocking(&world);
    world.fault(Fault::on(KEYS).delay(Duration::from_millis(200)));
    thread::scope(|scope| {
        let verify = || client.webhooks().verify(delivery.headers(), delivery.body()).map(|_| ());
        let threads: Vec<_> = (0..32).map(|_| scope.spawn(verify)).collect();
        for thread in threads {
            thread.join().expect("no panic").expect("verified");
        }
    });
    assert_eq!(world.requests(KEYS), 1);
}
