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
    thread,
    time::{Duration, Instant},
};

use connect_blocking::Client;
use connect_core::{
    Endpoint, ErrorKind, Limits, MemoryStore, Request, Response, RetryPolicy, Timeout, Tokens, types::Raw,
};

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
    waited: AtomicUsize,
    expected: usize,
}

impl Seen {
    /// Waits until `expected` requests run at the same time, for at most 20 s.
    fn wait_for_the_others(&self) {
        let begun = Instant::now();
        while self.most.load(SeqCst) < self.expected && begun.elapsed() < Duration::from_secs(20) {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

fn client(seen: &Arc<Seen>, takes: Duration, time: Duration) -> Client {
    let seen = seen.clone();
    Client::builder("id", "secret")
        .store(MemoryStore::new())
        .retry(RetryPolicy::none())
        .attempt_timeout(time)
        .transport(move |request: Request| {
            let now = seen.now.fetch_add(1, SeqCst) + 1;
            seen.most.fetch_max(now, SeqCst);
            let waited = time.saturating_sub(Timeout::of(&request)).as_millis();
            seen.waited.fetch_max(usize::try_from(waited).unwrap(), SeqCst);
            thread::sleep(takes);
            seen.wait_for_the_others();
            seen.now.fetch_sub(1, SeqCst);
            Ok(Response::new("1".into()))
        })
        .build()
        .unwrap()
}

#[test]
fn concurrent_requests_of_a_user_stay_within_the_limit() {
    let seen = Arc::new(Seen { expected: 8, ..Seen::default() });
    let client = client(&seen, Duration::from_millis(20), Duration::from_secs(60));
    for user in ["ada", "ben"] {
        client.user(user).import(Tokens::new("a", "r")).unwrap();
    }
    thread::scope(|scope| {
        for n in 0..40 {
            let user = client.user(if n % 2 == 0 { "ada" } else { "ben" });
            scope.spawn(move || user.send(&Mailbox).unwrap());
        }
    });
    assert_eq!(seen.most.load(SeqCst), 8, "four for each user");
    assert!(seen.waited.load(SeqCst) > 0, "waiting counts towards the request's timeout");
}

#[test]
fn request_that_times_out_waiting_is_not_sent() {
    let seen = Arc::new(Seen::default());
    let client = client(&seen, Duration::from_secs(2), Duration::from_secs(1));
    let user = client.user("ada");
    user.import(Tokens::new("a", "r")).unwrap();
    thread::scope(|scope| {
        let before: Vec<_> = (0..4).map(|_| scope.spawn(|| user.send(&Mailbox))).collect();
        while seen.now.load(SeqCst) < 4 {
            thread::yield_now();
        }
        let error = user.send(&Mailbox).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Timeout), "{error:?}");
        assert!(!error.may_have_happened());
        before.into_iter().for_each(|call| drop(call.join().unwrap().unwrap()));
    });
    assert_eq!(seen.most.load(SeqCst), 4);
    user.send(&Mailbox).unwrap();
}
