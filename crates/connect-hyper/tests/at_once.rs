//! One user's concurrent requests must not exceed the limit of their endpoint.
//!
//! A request whose timeout ends while the request waits for its start must not be sent.
#![allow(clippy::unwrap_used)]

use std::{
    borrow::Cow,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use connect_core::{
    Endpoint, ErrorKind, Limits, MemoryStore, Request, Response, RetryPolicy, Timeout, Tokens, types::Raw,
};
use connect_hyper::Client;
use tokio::time::sleep;

struct Mailbox;

impl Endpoint for Mailbox {
    type Output = Raw;

    fn method(&self) -> http::Method {
        http::Method::GET
    }

    fn path(&self) -> Result<Cow<'_, str>, connect_core::Error> {
        Ok("/mailbox".into())
    }

    fn limits(&self) -> Limits {
        Limits::per_user(4)
    }
}

#[derive(Default)]
struct Seen {
    now: AtomicUsize,
    most: AtomicUsize,
    least_time: AtomicUsize,
    expected: usize,
}

impl Seen {
    /// Waits until `expected` requests run at the same time, for at most 20 s.
    async fn wait_for_the_others(&self) {
        let begun = Instant::now();
        while self.most.load(SeqCst) < self.expected && begun.elapsed() < Duration::from_secs(20) {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

fn client(seen: &Arc<Seen>, takes: Duration, time: Duration) -> Client {
    let seen = seen.clone();
    seen.least_time.store(usize::MAX, SeqCst);
    Client::builder("id", "secret")
        .store(MemoryStore::new())
        .retry(RetryPolicy::none())
        .attempt_timeout(time)
        .transport(move |request: Request| {
            let seen = seen.clone();
            async move {
                let now = seen.now.fetch_add(1, SeqCst) + 1;
                seen.most.fetch_max(now, SeqCst);
                let time = usize::try_from(Timeout::of(&request).as_millis()).unwrap();
                seen.least_time.fetch_min(time, SeqCst);
                sleep(takes).await;
                seen.wait_for_the_others().await;
                seen.now.fetch_sub(1, SeqCst);
                Ok(Response::new("1".into()))
            }
        })
        .build()
        .unwrap()
}

#[tokio::test]
async fn concurrent_requests_of_a_user_stay_within_the_limit() {
    let seen = Arc::new(Seen { expected: 8, ..Seen::default() });
    let client = client(&seen, Duration::from_millis(20), Duration::from_secs(60));
    for user in ["ada", "ben"] {
        client.user(user).import(Tokens::new("a", "r")).await.unwrap();
    }
    let calls: Vec<_> = (0..40)
        .map(|n| {
            let user = client.user(if n % 2 == 0 { "ada" } else { "ben" });
            tokio::spawn(async move { user.send(&Mailbox).await })
        })
        .collect();
    for call in calls {
        call.await.unwrap().unwrap();
    }
    assert_eq!(seen.most.load(SeqCst), 8, "four for each user");
    let left = seen.least_time.load(SeqCst);
    assert!(left < 60_000, "waiting counts towards the request's timeout: {left}");
}

#[tokio::test]
async fn request_that_times_out_waiting_is_not_sent_and_frees_slot() {
    let seen = Arc::new(Seen::default());
    let client = client(&seen, Duration::from_secs(3_600), Duration::from_millis(500));
    let user = client.user("ada");
    user.import(Tokens::new("a", "r")).await.unwrap();
    let stuck: Vec<_> = (0..4)
        .map(|_| {
            let user = user.clone();
            tokio::spawn(async move { user.send(&Mailbox).await })
        })
        .collect();
    tokio::task::yield_now().await;
    let error = user.send(&Mailbox).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
    assert!(!error.may_have_happened());
    assert_eq!(seen.most.load(SeqCst), 4);
    for call in stuck {
        call.abort();
        let _ = call.await;
    }
    let next = tokio::time::timeout(Duration::from_millis(100), user.send(&Mailbox)).await;
    assert!(next.is_err(), "the request was sent, and hangs like the others");
    assert_eq!(seen.now.load(SeqCst), 5);
}
