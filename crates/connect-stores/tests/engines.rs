//! Tests of the PostgreSQL and Redis stores against real servers.
//!
//! To run the tests:
//! `bash tests/engines.sh cargo test -p mobiscroll-connect-stores --all-features`.
//! Without the servers, the tests print that they were skipped, and pass.

#![allow(clippy::unwrap_used)]

use std::{
    future::Future,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use connect_core::{AsyncTokenStore, StoreError, TokenKey, Tokens};
use connect_stores::{
    PostgresStore, RedisStore,
    conformance::{Leases, async_token_store, token_store},
    postgres::deadpool_postgres::{
        Manager, Pool,
        tokio_postgres::{Config, NoTls},
    },
    redis::redis::{Client, Cmd, FromRedisValue, cmd},
};

const LEASE: Duration = Duration::from_secs(60);

/// Prevents tests that change settings of the shared Redis server from running concurrently.
static REDIS: Mutex<()> = Mutex::new(());

fn engine(name: &str) -> Option<String> {
    let url = std::env::var(name).ok().filter(|url| !url.is_empty());
    if url.is_none() {
        println!(
            "skipped: {name} is not set; run `bash tests/engines.sh cargo test -p mobiscroll-connect-stores --all-features`"
        );
    }
    url
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn key(user: &str) -> TokenKey {
    TokenKey { issuer: "https://engines.example".into(), client_id: "app".into(), user: user.into() }
}

fn pair() -> Tokens {
    Tokens::new("a", "r")
}

/// Returns a pool that connects as this role, by default as the owner of the tables.
fn pool(url: &str, role: Option<&str>, connections: usize) -> Pool {
    let mut config: Config = url.parse().unwrap();
    if let Some(role) = role {
        config.user(role);
    }
    Pool::builder(Manager::new(config, NoTls)).max_size(connections).build().unwrap()
}

async fn postgres(url: &str) -> PostgresStore {
    let store = PostgresStore::new(url).unwrap();
    store.migrate().await.unwrap();
    store
}

async fn save(store: &impl AsyncTokenStore, key: &TokenKey) {
    let mut held = store.try_lock(key, LEASE).await.unwrap().unwrap();
    held.save(&pair()).await.unwrap();
    held.release().await.unwrap();
}

/// Returns whether the lock can be taken within two seconds.
async fn becomes_free(store: &impl AsyncTokenStore, key: &TokenKey) -> bool {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(2) {
        if let Some(held) = store.try_lock(key, LEASE).await.unwrap() {
            held.release().await.unwrap();
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

#[test]
fn postgres_store_conforms() {
    let Some(url) = engine("CONNECT_TEST_POSTGRES") else { return };
    let open = || {
        let url = url.clone();
        async move { Ok(postgres(&url).await) }
    };
    async_token_store(Leases::EndInTime, open).unwrap();
}

#[test]
fn redis_store_conforms() {
    let Some(url) = engine("CONNECT_TEST_REDIS") else { return };
    let _alone = REDIS.lock().unwrap_or_else(PoisonError::into_inner);
    token_store(Leases::EndInTime, || RedisStore::new(&url)?.blocking()).unwrap();
}

#[test]
fn postgres_prepare_without_privilege_fails() {
    let Some(url) = engine("CONNECT_TEST_POSTGRES") else { return };
    run(async {
        let owner = postgres(&url).await;
        let control = pool(&url, None, 1).get().await.unwrap();
        let role = format!("connect_limited_{}", std::process::id());
        let all = "SELECT, INSERT, UPDATE, DELETE ON mobiscroll_connect_tokens, mobiscroll_connect_locks";
        control.batch_execute(&format!("CREATE ROLE {role} LOGIN; GRANT {all} TO {role}")).await.unwrap();
        let limited = PostgresStore::with_pool(pool(&url, Some(&role), 2));
        for privilege in ["INSERT", "UPDATE"] {
            for (user, stored) in [("privilege", Some(pair())), ("privilege of a new user", None)] {
                let key = key(user);
                if stored.is_some() {
                    save(&owner, &key).await;
                }
                let mut held = limited.try_lock(&key, LEASE).await.unwrap().unwrap();
                held.prepare().await.unwrap();
                let revoke = format!("REVOKE {privilege} ON mobiscroll_connect_tokens FROM {role}");
                control.batch_execute(&revoke).await.unwrap();
                let error = held.prepare().await.expect_err(privilege);
                assert!(error.to_string().contains("permission denied"), "{error}");
                held.save(&Tokens::new("b", "r")).await.expect_err(privilege);
                assert_eq!(owner.load(&key).await.unwrap(), stored);
                control.batch_execute(&format!("GRANT {all} TO {role}")).await.unwrap();
                held.prepare().await.unwrap();
                held.release().await.unwrap();
            }
        }
        drop(limited);
        control.batch_execute(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
    });
}

#[test]
fn postgres_prepare_on_a_read_only_server_fails() {
    let Some(url) = engine("CONNECT_TEST_POSTGRES") else { return };
    run(async {
        let (owner, key) = (postgres(&url).await, key("read only"));
        save(&owner, &key).await;
        // The store removes one connection for its advisory lock. All statements share a second connection.
        let pool = pool(&url, None, 1);
        let store = PostgresStore::with_pool(pool.clone());
        let mut held = store.try_lock(&key, LEASE).await.unwrap().unwrap();
        let set = |value: &'static str| {
            let pool = pool.clone();
            async move {
                let sql = format!("SET default_transaction_read_only = {value}");
                pool.get().await.unwrap().batch_execute(&sql).await.unwrap();
            }
        };
        set("on").await;
        let is_refused = |error: StoreError| error.to_string().contains("read-only transaction");
        assert!(is_refused(held.prepare().await.unwrap_err()));
        assert!(is_refused(store.try_lock(&key, LEASE).await.map(drop).unwrap_err()));
        assert_eq!(owner.load(&key).await.unwrap(), Some(pair()));
        set("off").await;
        held.prepare().await.unwrap();
        held.release().await.unwrap();
    });
}

#[test]
fn postgres_prepare_keeps_a_save_that_is_under_way() {
    let Some(url) = engine("CONNECT_TEST_POSTGRES") else { return };
    run(async {
        let (store, key) = (postgres(&url).await, key("under way"));
        save(&store, &key).await;
        let mut held = store.try_lock(&key, LEASE).await.unwrap().unwrap();
        let newer = serde_json::to_string(&Tokens::new("newer", "r")).unwrap();
        let mut control = pool(&url, None, 1).get().await.unwrap();
        let writing = control.transaction().await.unwrap();
        let sql = "UPDATE mobiscroll_connect_tokens SET record = convert_to(jsonb_set( \
                   convert_from(record, 'UTF8')::jsonb, '{tokens}', $1::text::jsonb)::text, 'UTF8') \
                   WHERE user_id = 'under way'";
        assert_eq!(writing.execute(sql, &[&newer]).await.unwrap(), 1);
        let preparing = tokio::spawn(async move {
            held.prepare().await?;
            held.release().await
        });
        tokio::time::sleep(Duration::from_millis(200)).await;
        writing.commit().await.unwrap();
        preparing.await.unwrap().unwrap();
        assert_eq!(store.load(&key).await.unwrap(), Some(Tokens::new("newer", "r")));
    });
}

#[test]
fn postgres_lock_of_a_cancelled_attempt_becomes_free() {
    let Some(url) = engine("CONNECT_TEST_POSTGRES") else { return };
    run(async {
        let (store, key) = (postgres(&url).await, key("cancelled"));
        save(&store, &key).await;
        let _held = store.try_lock(&key, LEASE).await.unwrap().unwrap();
        // The statement that takes the lock waits for this transaction, but a release does not wait.
        let mut control = pool(&url, None, 1).get().await.unwrap();
        let freeing = control.transaction().await.unwrap();
        let sql = "DELETE FROM mobiscroll_connect_locks AS held USING mobiscroll_connect_tokens AS kept \
                   WHERE held.key = kept.key AND kept.user_id = 'cancelled'";
        assert_eq!(freeing.execute(sql, &[]).await.unwrap(), 1);
        let other = postgres(&url).await;
        let loads = [(); 4].map(|()| {
            let (other, key) = (other.clone(), key.clone());
            tokio::spawn(async move { other.load(&key).await })
        });
        for load in loads {
            load.await.unwrap().unwrap(); // opens several connections, so that a release could be executed first
        }
        let cancelled = tokio::time::timeout(Duration::from_millis(300), other.try_lock(&key, LEASE)).await;
        assert!(cancelled.is_err(), "the attempt ended");
        tokio::time::sleep(Duration::from_millis(300)).await;
        freeing.commit().await.unwrap();
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(becomes_free(&store, &key).await);
    });
}

/// A Redis server whose memory limit is exceeded. Dropping this value removes the limit.
struct MaxMemory<'a>(&'a str);

impl<'a> MaxMemory<'a> {
    fn exhausted(url: &'a str) -> Self {
        redis::<()>(url, cmd("CONFIG").arg("SET").arg(&["maxmemory-policy", "noeviction", "maxmemory", "1"]));
        Self(url)
    }
}

impl Drop for MaxMemory<'_> {
    fn drop(&mut self) {
        redis::<()>(self.0, cmd("CONFIG").arg("SET").arg(&["maxmemory", "0"]));
    }
}

fn redis<T: FromRedisValue>(url: &str, command: &Cmd) -> T {
    command.query(&mut Client::open(url).unwrap().get_connection().unwrap()).unwrap()
}

#[test]
fn redis_prepare_without_memory_fails() {
    let Some(url) = engine("CONNECT_TEST_REDIS") else { return };
    let _alone = REDIS.lock().unwrap_or_else(PoisonError::into_inner);
    run(async {
        let store = RedisStore::new(&url).unwrap().prefix("full");
        for (user, stored) in [("memory", Some(pair())), ("memory of a new user", None)] {
            let key = key(user);
            if stored.is_some() {
                save(&store, &key).await;
            }
            let mut held = store.try_lock(&key, LEASE).await.unwrap().unwrap();
            held.prepare().await.unwrap();
            let exhausted = MaxMemory::exhausted(&url);
            let error = held.prepare().await.unwrap_err();
            assert!(error.to_string().contains("OOM") || error.to_string().contains("memory"), "{error}");
            held.save(&Tokens::new("b", "r")).await.unwrap_err();
            assert_eq!(store.load(&key).await.unwrap(), stored);
            held.delete().await.unwrap(); // a delete needs no memory
            assert_eq!(store.load(&key).await.unwrap(), None);
            drop(exhausted);
            held.prepare().await.unwrap();
            held.release().await.unwrap();
        }
    });
}

#[test]
fn redis_lock_of_a_cancelled_attempt_becomes_free() {
    let Some(url) = engine("CONNECT_TEST_REDIS") else { return };
    let _alone = REDIS.lock().unwrap_or_else(PoisonError::into_inner);
    run(async {
        let (store, key) = (RedisStore::new(&url).unwrap().prefix("cancelled"), key("cancelled"));
        save(&store, &key).await; // connects
        redis::<()>(&url, cmd("CLIENT").arg(&["PAUSE", "600", "ALL"]));
        let cancelled = tokio::time::timeout(Duration::from_millis(200), store.try_lock(&key, LEASE)).await;
        assert!(cancelled.is_err(), "the attempt ended");
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(becomes_free(&store, &key).await);
    });
}
