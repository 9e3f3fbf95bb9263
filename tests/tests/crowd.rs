//! Many concurrent calls must all succeed and use a bounded number of locks and threads. The tests check the
//! numbers of locks, threads and requests, but no durations.

use std::{sync::Arc, thread};

use connect_core::{MemoryStore, SignIn, Tokens, machine::MAX_TASKS_AT_ONCE};
use connect_tests::{
    stores::Watched,
    world::{Place, World},
};

const USERS: usize = 300;

macro_rules! client {
    ($client:ident, $world:expr, $store:expr, $transport:expr) => {{
        let app = $world.sandbox(|sandbox| sandbox.credentials());
        $client::Client::builder(app.client_id, app.client_secret)
            .redirect_uri(app.redirect_uri)
            .base_url($world.base_url())
            .store($store)
            .transport($transport)
            .build()
            .unwrap()
    }};
}

/// Creates a blocking client with signed-in users whose access tokens have expired.
fn signed_in(users: usize) -> (World, Watched<MemoryStore>, connect_blocking::Client) {
    let world = World::new(Place::Memory).unwrap();
    let store = Watched::new(world.store.clone());
    let client = client!(connect_blocking, world, store.clone(), world.in_memory());
    for number in 0..users {
        let sign_in = client.auth().sign_in(SignIn::new(format!("user-{number}"))).unwrap();
        let callback = world.consent(sign_in.url()).unwrap();
        client.auth().finish(sign_in, &callback).unwrap();
    }
    world.expire();
    (world, store, client)
}

fn hyper(world: &World, store: Watched<MemoryStore>) -> connect_hyper::Client {
    let transport = Arc::new(world.in_memory());
    client!(connect_hyper, world, store, move |request| {
        let outcome = transport(request);
        async move { outcome }
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn async_calls_of_many_users_use_few_locks_and_threads() {
    let (world, store, _) = signed_in(USERS);
    let client = hyper(&world, store.clone());
    let calls: Vec<_> = (0..USERS)
        .map(|number| {
            let user = client.user(&format!("user-{number}"));
            tokio::spawn(async move { user.calendars().list().await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(world.refreshes(), USERS as u64);
    let (locks, threads) = (store.most_locks(), store.most_threads());
    assert!((2..=MAX_TASKS_AT_ONCE as usize).contains(&locks), "{locks} locks");
    assert!((2..=8).contains(&threads), "{threads} threads");
}

#[test]
fn blocking_calls_of_many_users_use_few_locks() {
    let (world, store, client) = signed_in(USERS);
    let calls: Vec<_> = (0..USERS)
        .map(|number| {
            let user = client.user(&format!("user-{number}"));
            thread::spawn(move || user.calendars().list())
        })
        .collect();
    for call in calls {
        call.join().unwrap().unwrap();
    }
    assert_eq!(world.refreshes(), USERS as u64);
    assert!(store.most_locks() <= MAX_TASKS_AT_ONCE as usize, "{} locks", store.most_locks());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_sign_outs_revoke_once_and_delay_no_other_user() {
    let (world, store, _) = signed_in(2);
    let client = hyper(&world, store.clone());
    let user = client.user("user-0");
    let sign_outs: Vec<_> = (0..1_000)
        .map(|_| {
            let user = user.clone();
            tokio::spawn(async move { user.sign_out().await })
        })
        .collect();
    client.user("user-1").calendars().list().await.unwrap();
    for sign_out in sign_outs {
        sign_out.await.unwrap().unwrap();
    }
    assert_eq!(world.requests("POST /oauth/revoke"), 1);
    assert!(store.most_threads() <= 8, "{} threads", store.most_threads());
}

#[test]
fn concurrent_imports_and_sign_outs_of_one_user_succeed() {
    let (world, _, client) = signed_in(1);
    let work: Vec<_> = (0..100)
        .map(|number| {
            let user = client.user("user-0");
            thread::spawn(move || match number % 2 {
                0 => user.sign_out(),
                _ => user.import(Tokens::new(format!("access-{number}"), "refresh")),
            })
        })
        .collect();
    for work in work {
        work.join().unwrap().unwrap();
    }
    assert!(world.requests("POST /oauth/revoke") <= 50);
}
