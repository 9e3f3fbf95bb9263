//! Tests that only apply to Redis.

use std::time::Duration;

use connect_core::{AsyncTokenStore, TokenKey, Tokens};
use connect_stores::{
    RedisStore, Seal,
    conformance::{Leases, async_token_store, token_store},
    redis::redis::{Client, Cmd, FromRedisValue, cmd},
};

use crate::redis_url;

const LEASE: Duration = Duration::from_secs(60);

fn key(user: &str) -> TokenKey {
    TokenKey { issuer: "https://redis.example".into(), client_id: "app".into(), user: user.into() }
}

pub(crate) fn run<T: FromRedisValue>(url: &str, command: &Cmd) -> T {
    command.query(&mut Client::open(url).unwrap().get_connection().unwrap()).unwrap()
}

/// Returns the keys that match a pattern.
pub(crate) fn keys(url: &str, pattern: &str) -> Vec<String> {
    run(url, cmd("KEYS").arg(pattern))
}

#[test]
fn redis_store_conforms() {
    let Some(url) = redis_url() else { return };
    async_token_store(Leases::EndInTime, || std::future::ready(RedisStore::new(&url))).unwrap();
}

#[test]
fn sealed_blocking_redis_store_conforms() {
    let Some(url) = redis_url() else { return };
    let seal = Seal::new("one", [1; 32]);
    let open = || RedisStore::new(&url)?.prefix("blocking").sealed(seal.clone()).blocking();
    token_store(Leases::EndInTime, open).unwrap();
}

#[tokio::test]
async fn only_deleted_records_expire() {
    let Some(url) = redis_url() else { return };
    let store = RedisStore::new(&url).unwrap().prefix("ends");
    let ends = || {
        let [key] = &keys(&url, "ends:*:tokens")[..] else { panic!("one key") };
        run::<i64>(&url, cmd("TTL").arg(key))
    };
    let mut held = store.try_lock(&key("a"), LEASE).await.unwrap().expect("a free lock");
    assert!(ends() > 80_000, "an empty record expires after a day");
    held.save(&Tokens::new("a", "r")).await.unwrap();
    assert_eq!(ends(), -1);
    held.delete().await.unwrap();
    assert!((80_000..=86_400).contains(&ends()));
    held.release().await.unwrap();
    assert_eq!(keys(&url, "ends:*:lock"), [""; 0]);
}

#[tokio::test]
async fn holder_of_an_older_lock_cannot_write() {
    let Some(url) = redis_url() else { return };
    let store = RedisStore::new(&url).unwrap().prefix("overtaken");
    let mut held = store.try_lock(&key("a"), LEASE).await.unwrap().expect("a free lock");
    // After a failover, a replica without the lock grants it to another holder.
    let [lock] = &keys(&url, "overtaken:*:lock")[..] else { panic!("one lock") };
    let holder: String = run(&url, cmd("GETDEL").arg(lock));
    let mut other = store.try_lock(&key("a"), LEASE).await.unwrap().expect("a free lock");
    other.save(&Tokens::new("theirs", "r")).await.unwrap();
    other.release().await.unwrap();
    // The old server returns with the lock of the first holder.
    run::<()>(&url, cmd("SET").arg(lock).arg(holder));
    assert!(held.save(&Tokens::new("mine", "r")).await.unwrap_err().lease_lost());
    assert_eq!(store.load(&key("a")).await.unwrap(), Some(Tokens::new("theirs", "r")));
}

#[tokio::test]
async fn broken_connection_is_replaced() {
    let Some(url) = redis_url() else { return };
    // A separate Redis user, so that only the connections of this test are killed.
    run::<()>(&url, cmd("ACL").arg(&["SETUSER", "broken", "on", ">hunter2", "~*", "+@all"]));
    let own = url.replace("redis://", "redis://broken:hunter2@");
    let store = RedisStore::new(&own).unwrap().prefix("broken");
    assert_eq!(store.load(&key("a")).await.unwrap(), None);
    assert_eq!(run::<i64>(&url, cmd("CLIENT").arg(&["KILL", "USER", "broken"])), 1);
    let _ = store.load(&key("a")).await; // may fail, because it finds the broken connection
    assert_eq!(store.load(&key("a")).await.unwrap(), None);
}

#[tokio::test]
async fn connection_error_does_not_show_the_password() {
    let store = RedisStore::new("redis://connect:hunter2@127.0.0.1:1/0").unwrap();
    let error = store.load(&key("a")).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let error = RedisStore::new("redis:/:hunter2@").unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}
