//! A claim of a delivery must end as handled or released, even if its caller is cancelled.
//!
//! Clients that share a replay guard must share its claims. A blocking guard must run on tokio's blocking
//! pool.
#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    future::Future,
    mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use async_trait::async_trait;
use connect_hyper::{
    Client, Request, Response, StoreError, TransportError,
    webhooks::{
        AsyncReplayClaim, AsyncReplayGuard, Claimed, Declined, Received, ReplayClaim, ReplayGuard,
        ReplayMemory, testing,
    },
};
use jiff::Timestamp;
use tokio::time::{sleep, timeout};

/// A guard that takes 100 ms for each step and records the steps.
#[derive(Clone, Default)]
struct SlowGuard {
    seen: Arc<Mutex<Vec<&'static str>>>,
    /// The number of calls of `done` that will fail, counted from the next call.
    failing: Arc<AtomicU32>,
}

struct SlowClaim {
    guard: SlowGuard,
    ended: bool,
}

impl SlowGuard {
    async fn step(&self, what: &'static str) {
        sleep(Duration::from_millis(100)).await;
        self.note(what);
    }

    fn note(&self, what: &'static str) {
        self.seen.lock().unwrap().push(what);
    }

    fn seen(&self) -> Vec<&'static str> {
        mem::take(&mut self.seen.lock().unwrap())
    }
}

#[async_trait]
impl AsyncReplayGuard for SlowGuard {
    async fn claim(&self, _: &str, _: Timestamp) -> Result<Claimed<dyn AsyncReplayClaim>, StoreError> {
        self.step("claim").await;
        Ok(Claimed::New(Box::new(SlowClaim { guard: self.clone(), ended: false })))
    }
}

#[async_trait]
impl AsyncReplayClaim for SlowClaim {
    async fn done(&mut self) -> Result<(), StoreError> {
        self.guard.step("done").await;
        let fails = self.guard.failing.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok();
        self.ended = !fails;
        if fails { Err(StoreError::new("the database is away")) } else { Ok(()) }
    }

    async fn release(mut self: Box<Self>) -> Result<(), StoreError> {
        self.guard.step("release").await;
        self.ended = true;
        Ok(())
    }
}

impl Drop for SlowClaim {
    fn drop(&mut self) {
        if !self.ended {
            self.guard.note("drop");
        }
    }
}

fn client(setup: impl FnOnce(connect_hyper::Builder) -> connect_hyper::Builder) -> Client {
    let nobody = |_: Request| async { Err::<Response, _>(TransportError::unreachable("no network")) };
    let builder = Client::builder("id", "secret").transport(nobody);
    setup(builder.webhook_keys(testing::keys(Timestamp::now()))).build().unwrap()
}

fn with(guard: &SlowGuard) -> Client {
    client(|builder| builder.async_replay_guard(guard.clone()))
}

fn delivery() -> Request {
    testing::sign("msg_1", r#"{"userId": "ann"}"#, Timestamp::now())
}

async fn receive(client: &Client) -> Result<Received, Declined> {
    let delivery = delivery();
    client.webhooks().receive(delivery.headers(), delivery.body()).await
}

/// Polls a future for 50 ms, then drops it.
async fn abandon(future: impl Future) {
    assert!(
        timeout(Duration::from_millis(50), future).await.is_err(),
        "the future finished before it was dropped"
    );
}

#[tokio::test(start_paused = true)]
async fn cancelled_caller_leaves_no_claim() {
    let guard = SlowGuard::default();
    let client = with(&guard);
    abandon(receive(&client)).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(guard.seen(), ["claim", "release"]);
    // A caller that drops the delivery leaves no claim.
    drop(receive(&client).await.unwrap());
    sleep(Duration::from_secs(1)).await;
    assert_eq!(guard.seen(), ["claim", "release"]);
    // A caller that is cancelled during the release leaves no claim.
    abandon(receive(&client).await.unwrap().release()).await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!(guard.seen(), ["claim", "release"]);
}

#[tokio::test(start_paused = true)]
async fn done_is_recorded_when_the_caller_is_cancelled() {
    let guard = SlowGuard::default();
    let client = with(&guard);
    abandon(receive(&client).await.unwrap().done()).await;
    client.close(Duration::from_secs(1)).await.unwrap();
    assert_eq!(guard.seen(), ["claim", "done"], "`close` waits for `done`");
}

#[tokio::test(start_paused = true)]
async fn failing_guard_is_called_three_times() {
    let guard = SlowGuard::default();
    let client = with(&guard);
    guard.failing.store(2, SeqCst);
    receive(&client).await.unwrap().done().await.unwrap();
    assert_eq!(guard.seen(), ["claim", "done", "done", "done"]);
    guard.failing.store(3, SeqCst);
    let declined = receive(&client).await.unwrap().done().await.unwrap_err();
    assert!(matches!(declined, Declined::Guard(_)) && declined.status() == 503, "{declined:?}");
    assert_eq!(guard.seen(), ["claim", "done", "done", "done", "release"]);
}

#[tokio::test]
async fn released_delivery_can_be_claimed_immediately() {
    let client = client(|builder| builder);
    let received = receive(&client).await.unwrap();
    assert!(matches!(receive(&client).await, Err(Declined::InProgress)));
    received.release().await.unwrap();
    drop(receive(&client).await.unwrap());
    // The claim can be separated from the delivery.
    let Received { verified, claim, .. } = receive(&client).await.unwrap();
    let delivery = verified.delivery;
    assert_eq!(delivery.user_id.as_deref(), Some("ann"));
    claim.done().await.unwrap();
    assert!(matches!(receive(&client).await, Err(Declined::Handled)));
}

#[tokio::test]
async fn clients_started_at_different_times_share_a_guard() {
    let guard = ReplayMemory::new().lease(Duration::from_secs(1));
    let older = client(|builder| builder.replay_guard(guard.clone()));
    sleep(Duration::from_millis(1100)).await;
    let newer = client(|builder| builder.async_replay_guard(guard));
    let held = receive(&newer).await.unwrap();
    assert!(matches!(receive(&older).await, Err(Declined::InProgress)), "the claim lasts a second");
    held.done().await.unwrap();
    assert!(matches!(receive(&older).await, Err(Declined::Handled)));
}

/// A replay guard that records the threads that call it.
#[derive(Clone, Default)]
struct Threads(Arc<Mutex<Vec<ThreadId>>>);

impl Threads {
    fn note(&self) {
        self.0.lock().unwrap().push(thread::current().id());
    }
}

impl ReplayGuard for Threads {
    fn claim(&self, _: &str, _: Timestamp) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        self.note();
        Ok(Claimed::New(Box::new(self.clone())))
    }
}

impl ReplayClaim for Threads {
    fn done(&mut self) -> Result<(), StoreError> {
        self.note();
        Ok(())
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.note();
        Ok(())
    }
}

#[tokio::test]
async fn blocking_guard_runs_on_the_blocking_pool() {
    let guard = Threads::default();
    let client = client(|builder| builder.replay_guard(guard.clone()));
    receive(&client).await.unwrap().done().await.unwrap();
    receive(&client).await.unwrap().release().await.unwrap();
    let threads = guard.0.lock().unwrap();
    assert_eq!(threads.len(), 4);
    assert!(!threads.contains(&thread::current().id()));
}

#[test]
fn received_delivery_can_be_borrowed_across_an_await() {
    fn assert_send<T: Send>(_: T) {}
    async fn handle(_: &Received) {}
    let client = client(|builder| builder);
    assert_send(async move {
        let received = receive(&client).await.unwrap();
        handle(&received).await;
        received.done().await.unwrap();
    });
}

#[test]
fn claim_outside_a_runtime_is_an_error() {
    use std::task::{Context, Poll, Waker};
    let client = client(|builder| builder);
    let mut receiving = Box::pin(receive(&client));
    let polled = receiving.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(polled, Poll::Ready(Err(Declined::Guard(_)))), "{polled:?}");
}
