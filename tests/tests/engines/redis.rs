//! What is particular to Redis.

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

/// The keys under a prefix that end like this.
pub(crate) fn keys(url: &str, pattern: &str) -> Vec<String> {
    run(url, cmd("KEYS").arg(pattern))
}

#[test]
fn the_store_keeps_the_rules() {
    let Some(url) = redis_url() else { return };
    async_token_store(Leases::EndInTime, || std::future::ready(RedisStore::new(&url))).unwrap();
}

#[test]
fn the_sealed_store_keeps_the_rules_for_the_blocking_client() {
    let Some(url) = redis_url() else { return };
    let seal = Seal::new("one", [1; 32]);
    let open = || RedisStore::new(&url)?.prefix("blocking").sealed(seal.clone()).blocking();
    token_store(Leases::EndInTime, open).unwrap();
}

#[tokio::test]
async fn a_record_has_no_end_and_what_a_deleted_one_leaves_has() {
    let Some(url) = redis_url() else { return };
    let store = RedisStore::new(&url).unwrap().prefix("ends");
    let ends = || {
        let [key] = &keys(&url, "ends:*:tokens")[..] else { panic!("one key") };
        run::<i64>(&url, cmd("TTL").arg(key))
    };
    let mut held = store.try_lock(&key("a"), LEASE).await.unwrap().expect("a free lock");
    assert!(ends() > 80_000, "a day, until something is kept");
    held.save(&Tokens::new("a", "r")).await.unwrap();
    assert_eq!(ends(), -1);
    held.delete().await.unwrap();
    assert!((80_000..=86_400).contains(&ends()));
    held.release().await.unwrap();
    assert_eq!(keys(&url, "ends:*:lock"), [""; 0]);
}

#[tokio::test]
async fn a_holder_that_was_overtaken_writes_nothing_even_where_the_lock_of_the_other_is_gone() {
    let Some(url) = redis_url() else { return };
    let store = RedisStore::new(&url).unwrap().prefix("overtaken");
    let mut held = store.try_lock(&key("a"), LEASE).await.unwrap().expect("a free lock");
    // A replica that became the server without having heard of the lock, and gave it to another.
    let [lock] = &keys(&url, "overtaken:*:lock")[..] else { panic!("one lock") };
    let holder: String = run(&url, cmd("GETDEL").arg(lock));
    let mut other = store.try_lock(&key("a"), LEASE).await.unwrap().expect("a free lock");
    other.save(&Tokens::new("theirs", "r")).await.unwrap();
    other.release().await.unwrap();
    // Even if it came back with the lock of the first holder.
    run::<()>(&url, cmd("SET").arg(lock).arg(holder));
    assert!(held.save(&Tokens::new("mine", "r")).await.unwrap_err().lease_lost());
    assert_eq!(store.load(&key("a")).await.unwrap(), Some(Tokens::new("theirs", "r")));
}

#[tokio::test]
async fn a_broken_connection_is_made_anew() {
    let Some(url) = redis_url() else { return };
    // A user of its own, whose connections can be ended without those of other tests.
    run::<()>(&url, cmd("ACL").arg(&["SETUSER", "broken", "on", ">hunter2", "~*", "+@all"]));
    let own = url.replace("redis://", "redis://broken:hunter2@");
    let store = RedisStore::new(&own).unwrap().prefix("broken");
    assert_eq!(store.load(&key("a")).await.unwrap(), None);
    assert_eq!(run::<i64>(&url, cmd("CLIENT").arg(&["KILL", "USER", "broken"])), 1);
    let _ = store.load(&key("a")).await; // may be the one that notices
    assert_eq!(store.load(&key("a")).await.unwrap(), None);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_an_error_without_the_password() {
    let store = RedisStore::new("redis://connect:hunter2@127.0.0.1:1/0").unwrap();
    let error = store.load(&key("a")).await.unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
    let error = RedisStore::new("redis:/:hunter2@").unwrap_err();
    assert!(!format!("{error:?}").contains("hunter2"), "{error:?}");
}
