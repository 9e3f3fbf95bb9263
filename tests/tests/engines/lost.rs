//! If the store's lock is lost between the exchange and the save, the next call must save the pair.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use connect_core::{
    AsyncStoreLock, AsyncTokenStore, ErrorKind, SignIn, StoreError, TokenKey, Tokens, Written,
};
use connect_hyper::Client;
use connect_stores::{PostgresStore, RedisStore, redis::redis::cmd};
use connect_tests::world::{Place, World};

use crate::{
    postgres::{end_sessions, lock_soon},
    postgres_url,
    redis::{keys, run},
    redis_url,
};

type Sabotage = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Wraps a store and runs a future right before the next save.
#[derive(Clone)]
struct Sabotaged<S> {
    inner: S,
    next: Arc<Mutex<Option<Sabotage>>>,
}

impl<S> Sabotaged<S> {
    fn new(inner: S) -> Self {
        Self { inner, next: Arc::default() }
    }

    fn before_the_next_save(&self, sabotage: impl Future<Output = ()> + Send + 'static) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::pin(sabotage));
    }
}

#[async_trait]
impl<S: AsyncTokenStore> AsyncTokenStore for Sabotaged<S> {
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        self.inner.load(key).await
    }

    async fn try_lock(
        &self,
        key: &TokenKey,
        lease: Duration,
    ) -> Result<Option<Box<dyn AsyncStoreLock>>, StoreError> {
        let Some(inner) = self.inner.try_lock(key, lease).await? else { return Ok(None) };
        Ok(Some(Box::new(SabotagedLock { inner, next: self.next.clone() })))
    }
}

struct SabotagedLock {
    inner: Box<dyn AsyncStoreLock>,
    next: Arc<Mutex<Option<Sabotage>>>,
}

#[async_trait]
impl AsyncStoreLock for SabotagedLock {
    async fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.inner.load().await
    }

    async fn prepare(&mut self) -> Result<(), StoreError> {
        self.inner.prepare().await
    }

    async fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        let sabotage = self.next.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(sabotage) = sabotage {
            sabotage.await;
        }
        self.inner.save(tokens).await
    }

    async fn delete(&mut self) -> Result<Written, StoreError> {
        self.inner.delete().await
    }

    async fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.inner.release().await
    }
}

/// Loses the lock before the save of a refresh, and checks that the next call succeeds.
async fn recovers_from_a_lost_lock<S, F>(store: S, other: S, lose: impl FnOnce(TokenKey) -> F)
where
    S: AsyncTokenStore + Clone,
    F: Future<Output = ()> + Send + 'static,
{
    let world = World::new(Place::Socket).unwrap();
    world.set("rotation", "strict").unwrap();
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let client = |store| {
        Client::builder(&*app.client_id, &*app.client_secret)
            .redirect_uri(&*app.redirect_uri)
            .base_url(world.base_url())
            .async_store(store)
            .build()
            .unwrap()
    };
    let sabotaged = Sabotaged::new(store);
    let (first, other) = (client(sabotaged.clone()), client(Sabotaged::new(other)));
    let sign_in = first.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    let user = first.auth().finish(sign_in, &callback).await.unwrap();
    world.expire();
    let key = TokenKey {
        issuer: world.base_url().trim_end_matches("/api").into(),
        client_id: app.client_id.as_str().into(),
        user: "ann".into(),
    };
    sabotaged.before_the_next_save(lose(key));
    let error = user.calendars().list().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::TokenStore), "{error:?}");
    assert!(error.to_string().contains("lock"), "{error}");
    user.calendars().list().await.unwrap();
    other.user("ann").calendars().list().await.unwrap();
    let stats = world.stats();
    assert_eq!((stats.exchanges.refresh.granted, stats.exchanges.refresh.refused), (1, 0));
    user.sign_out().await.unwrap();
}

#[tokio::test]
async fn postgres_lock_taken_by_another_process_loses_no_token() {
    let Some(url) = postgres_url() else { return };
    let [mine, theirs, third] = ["lost", "taker", "third"].map(|name| crate::postgres::store(&url, name));
    let (mine, theirs, third) = (mine.await, theirs.await, third.await);
    recovers_from_a_lost_lock::<PostgresStore, _>(mine, third, |key| async move {
        assert!(end_sessions(&url, "lost").await >= 2);
        let taken = lock_soon(&theirs, &key).await;
        taken.release().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn redis_lock_that_is_deleted_loses_no_token() {
    let Some(url) = redis_url() else { return };
    let store = RedisStore::new(&url).unwrap().prefix("lost");
    recovers_from_a_lost_lock(store.clone(), store, |_| async move {
        let locks = keys(&url, "lost:*:lock");
        assert_eq!(run::<usize>(&url, cmd("DEL").arg(&locks)), 1);
    })
    .await;
}
