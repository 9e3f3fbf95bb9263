//! Tests the replay guards on PostgreSQL and Redis.

use std::time::Duration;

use connect_core::{
    StoreError,
    webhooks::{AsyncReplayClaim, AsyncReplayGuard, Claimed, SHORTEST_MEMORY},
};
use connect_stores::{
    PostgresReplayGuard, PostgresStore, RedisReplayGuard, RedisStore,
    conformance::{async_replay_guard, replay_guard},
    redis::redis::cmd,
};
use jiff::Timestamp;

use crate::{
    postgres::pool,
    postgres_url,
    redis::{keys, run},
    redis_url,
};

async fn on_postgres(url: &str) -> Result<PostgresReplayGuard, StoreError> {
    let guard = PostgresReplayGuard::new(url)?;
    guard.migrate().await?;
    Ok(guard)
}

#[test]
fn postgres_guard_conforms() {
    let Some(url) = postgres_url() else { return };
    async_replay_guard(|lease| {
        let url = url.clone();
        async move { Ok(on_postgres(&url).await?.lease(lease)) }
    })
    .unwrap();
    replay_guard(|lease| PostgresStore::new(&url)?.replay_guard().lease(lease).blocking()).unwrap();
}

#[test]
fn redis_guard_conforms() {
    let Some(url) = redis_url() else { return };
    async_replay_guard(|lease| {
        std::future::ready(RedisReplayGuard::new(&url).map(|guard| guard.lease(lease)))
    })
    .unwrap();
    replay_guard(|lease| RedisStore::new(&url)?.prefix("blocking").replay_guard().lease(lease).blocking())
        .unwrap();
}

async fn claim(guard: &impl AsyncReplayGuard, id: &str) -> Claimed<dyn AsyncReplayClaim> {
    guard.claim(id, Timestamp::now()).await.unwrap()
}

#[tokio::test]
async fn postgres_guard_deletes_expired_deliveries() {
    let Some(url) = postgres_url() else { return };
    let guard = on_postgres(&url).await.unwrap().application("cleaned up");
    let Claimed::New(mut old) = claim(&guard, "old").await else { panic!("it is new") };
    old.done().await.unwrap();
    assert!(matches!(claim(&guard, "old").await, Claimed::Done));
    let control = pool(&url, "control", 1).get().await.unwrap();
    let count = "SELECT count(*) FROM mobiscroll_connect_deliveries WHERE claim = 'marked'";
    let age = "UPDATE mobiscroll_connect_deliveries SET claim = 'marked', kept_until = clock_timestamp() \
               WHERE id = (SELECT id FROM mobiscroll_connect_deliveries WHERE done ORDER BY kept_until DESC LIMIT 1)";
    // This record is kept for a year, longer than the records of all other tests.
    let long = guard.clone().keep(Duration::from_secs(365 * 24 * 3600));
    let Claimed::New(mut longest) = claim(&long, "longest").await else { panic!("it is new") };
    longest.done().await.unwrap();
    control.execute(age, &[]).await.unwrap();
    assert_eq!(control.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 1);
    for number in 0..200 {
        let Claimed::New(claim) = claim(&guard, &format!("new {number}")).await else { panic!("it is new") };
        claim.release().await.unwrap();
    }
    assert_eq!(control.query_one(count, &[]).await.unwrap().get::<_, i64>(0), 0);
    assert!(matches!(claim(&guard, "longest").await, Claimed::New(_)), "the expired delivery is deleted");
    assert!(matches!(claim(&guard, "old").await, Claimed::Done), "the other delivery has not expired");
}

#[tokio::test]
async fn redis_guard_expires_handled_deliveries() {
    let Some(url) = redis_url() else { return };
    let guard = RedisReplayGuard::new(&url).unwrap().prefix("memory").keep(Duration::ZERO);
    let Claimed::New(mut delivery) = claim(&guard, "a").await else { panic!("it is new") };
    let [key] = &keys(&url, "memory:*")[..] else { panic!("one key") };
    let left = || run::<u64>(&url, cmd("TTL").arg(key));
    assert!(left() <= 60, "the lease");
    delivery.done().await.unwrap();
    let shortest = SHORTEST_MEMORY.as_secs();
    assert!((shortest - 10..=shortest).contains(&left()), "{}", left());
}

#[tokio::test]
async fn applications_do_not_share_deliveries() {
    if let Some(url) = postgres_url() {
        let guard = on_postgres(&url).await.unwrap();
        let (one, other) = (guard.clone().application("one"), guard.application("other"));
        assert!(matches!(claim(&one, "shared").await, Claimed::New(_)));
        assert!(matches!(claim(&other, "shared").await, Claimed::New(_)));
    }
    if let Some(url) = redis_url() {
        let guard = RedisReplayGuard::new(&url).unwrap().prefix("shared");
        let (one, other) = (guard.clone().application("one"), guard.application("other"));
        assert!(matches!(claim(&one, "shared").await, Claimed::New(_)));
        assert!(matches!(claim(&other, "shared").await, Claimed::New(_)));
    }
}
