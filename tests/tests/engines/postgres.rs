//! Tests that only apply to PostgreSQL.

use std::time::{Duration, Instant};

use connect_core::{AsyncStoreLock, AsyncTokenStore, TokenKey, Tokens};
use connect_stores::{
    PostgresStore, Seal,
    conformance::{Leases, async_token_store, token_store},
    postgres::deadpool_postgres::{
        Manager, Pool,
        tokio_postgres::{Config, NoTls},
    },
};

use crate::postgres_url;

const LEASE: Duration = Duration::from_secs(60);

/// Creates a store and its tables. The application name of the store's database sessions is `name`.
pub(crate) async fn store(url: &str, name: &str) -> PostgresStore {
    let store = PostgresStore::with_pool(pool(url, name, 2));
    store.migrate().await.unwrap();
    store
}

pub(crate) fn pool(url: &str, name: &str, connections: usize) -> Pool {
    let mut config: Config = url.parse().unwrap();
    config.application_name(name);
    Pool::builder(Manager::new(config, NoTls)).max_size(connections).build().unwrap()
}

fn key(user: &str) -> TokenKey {
    TokenKey { issuer: "https://postgres.example".into(), client_id: "app".into(), user: user.into() }
}

/// Ends all sessions with this application name, as a lost connection would.
pub(crate) async fn end_sessions(url: &str, name: &str) -> usize {
    let control = pool(url, "control", 1).get().await.unwrap();
    let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
    control.query(sql, &[&name]).await.unwrap().len()
}

#[test]
fn postgres_store_conforms() {
    let Some(url) = postgres_url() else { return };
    let open = || {
        let store = PostgresStore::new(&url);
        async move {
            let store = store?;
            store.migrate().await?;
            Ok(store)
        }
    };
    async_token_store(Leases::EndInTime, open).unwrap();
}

#[test]
fn sealed_blocking_postgres_store_conforms() {
    let Some(url) = postgres_url() else { return };
    token_store(Leases::EndInTime, || {
        let store = PostgresStore::new(&url)?.sealed(Seal::new("one", [1; 32])).blocking()?;
        store.migrate()?;
        Ok(store)
    })
    .unwrap();
}

/// Takes the lock as soon as the server has ended the session of the previous holder.
pub(crate) async fn lock_soon(store: &PostgresStore, key: &TokenKey) -> Box<dyn AsyncStoreLock> {
    loop {
        if let Some(lock) = store.try_lock(key, LEASE).await.unwrap() {
            return lock;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn lock_of_a_dead_process_is_free_immediately() {
    let Some(url) = postgres_url() else { return };
    let (gone, other) = (store(&url, "gone").await, store(&url, "other").await);
    let mut held = gone.try_lock(&key("gone"), LEASE).await.unwrap().expect("a free lock");
    assert!(other.try_lock(&key("gone"), LEASE).await.unwrap().is_none(), "the lock is held");
    assert!(end_sessions(&url, "gone").await >= 2);
    let started = Instant::now();
    let mut taken = lock_soon(&other, &key("gone")).await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    taken.save(&Tokens::new("theirs", "r")).await.unwrap();
    // The holder has new connections by now, but has lost the lock.
    let error = held.save(&Tokens::new("mine", "r")).await.unwrap_err();
    assert!(error.lease_lost(), "{error}");
    assert_eq!(other.load(&key("gone")).await.unwrap().unwrap(), Tokens::new("theirs", "r"));
    taken.delete().await.unwrap();
    taken.release().await.unwrap();
}

#[tokio::test]
async fn holder_with_new_connections_saves_while_it_has_the_lock() {
    let Some(url) = postgres_url() else { return };
    let store = store(&url, "cut").await;
    let mut held = store.try_lock(&key("cut"), LEASE).await.unwrap().expect("a free lock");
    end_sessions(&url, "cut").await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    held.save(&Tokens::new("a", "r")).await.unwrap();
    held.delete().await.unwrap();
    held.release().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_hundred_users_share_two_connections() {
    let Some(url) = postgres_url() else { return };
    let store = store(&url, "busy").await;
    let started = Instant::now(); // sequentially the users would take 80 s
    let users: Vec<_> = (0..400)
        .map(|user| {
            let (store, key) = (store.clone(), key(&format!("busy {user}")));
            tokio::spawn(async move {
                let mut held = store.try_lock(&key, LEASE).await.unwrap().expect("a free lock");
                tokio::time::sleep(Duration::from_millis(200)).await; // the duration of an exchange
                held.save(&Tokens::new("a", "r")).await.unwrap();
                assert!(held.load().await.unwrap().is_some());
                held.delete().await.unwrap();
                held.release().await.unwrap();
            })
        })
        .collect();
    for user in users {
        user.await.unwrap();
    }
    assert!(started.elapsed() < LEASE, "{:?}", started.elapsed());
}

#[tokio::test]
async fn migrations_can_run_concurrently_and_repeatedly() {
    let Some(url) = postgres_url() else { return };
    let made: Vec<_> = (0..8)
        .map(|_| PostgresStore::new(&url).unwrap())
        .map(|store| tokio::spawn(async move { store.migrate().await }))
        .collect();
    for made in made {
        made.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn connection_error_does_not_show_the_password() {
    let store = PostgresStore::new("postgres://connect:hunter2@127.0.0.1:1/nowhere").unwrap();
    let error = store.load(&key("a")).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let error = PostgresStore::new("postgres://connect:hunter2@host:port/x").unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}
