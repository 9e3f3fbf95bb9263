//! A genuine webhook delivery must not wait for newer keys.
//!
//! A claim must end when the handler calls `done` or `release`, and when the handler panics.
#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use connect_blocking::{
    Client, Request, Response, StoreError, TransportError,
    webhooks::{Claimed, Declined, FetchedKeys, Received, ReplayClaim, ReplayGuard, testing},
};
use jiff::Timestamp;

fn builder(keys: FetchedKeys) -> connect_blocking::Builder {
    let nobody = |_: Request| Err::<Response, _>(TransportError::unreachable("no network"));
    Client::builder("id", "secret").transport(nobody).webhook_keys(keys)
}

fn receive(client: &Client) -> Result<Received, Declined> {
    let delivery = testing::sign("msg_1", r#"{"userId": "ann"}"#, Timestamp::now());
    client.webhooks().receive(delivery.headers(), delivery.body())
}

#[test]
fn genuine_delivery_does_not_wait_for_newer_keys() {
    let (respond, responses) = mpsc::channel::<()>();
    let responses = std::sync::Mutex::new(responses);
    let sent = Arc::new(AtomicU32::new(0));
    let count = sent.clone();
    let mut keys = testing::keys(Timestamp::now());
    keys.max_age = 0;
    let transport = move |_: Request| -> Result<Response, TransportError> {
        count.fetch_add(1, SeqCst);
        responses.lock().unwrap().recv().unwrap();
        let document = format!(r#"{{"keys": [{{"key": "{}"}}]}}"#, testing::public_key());
        Ok(Response::new(document.into()))
    };
    let client = builder(keys).transport(transport).build().unwrap();
    // The transport does not respond yet, so a delivery that waits for newer keys would block forever.
    for _ in 0..10 {
        let delivery = testing::sign("msg_1", "{}", Timestamp::now());
        client.webhooks().verify(delivery.headers(), delivery.body()).unwrap();
    }
    respond.send(()).unwrap();
    let start = Instant::now();
    while client.webhooks().keys().unwrap().max_age == 0 {
        assert!(start.elapsed() < Duration::from_secs(10), "no newer keys were fetched");
        thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(sent.load(SeqCst), 1);
}

#[test]
fn panicking_transport_is_called_once() {
    let sent = Arc::new(AtomicU32::new(0));
    let count = sent.clone();
    let transport = move |_: Request| -> Result<Response, TransportError> {
        count.fetch_add(1, SeqCst);
        // Skips the panic hook, because printing a backtrace may take longer than the pause before the next
        // fetch.
        std::panic::resume_unwind(Box::new("on purpose"))
    };
    let client = Client::builder("id", "secret").transport(transport).build().unwrap();
    let verify = || {
        let delivery = testing::sign("msg_1", "{}", Timestamp::now());
        client.webhooks().verify(delivery.headers(), delivery.body()).unwrap_err()
    };
    assert!(thread::scope(|scope| scope.spawn(verify).join()).is_err(), "the first caller's thread panics");
    let rejection = verify();
    assert!(rejection.cause().unwrap().to_string().contains("panicked"), "{rejection:?}");
    assert_eq!((rejection.status().as_u16(), sent.load(SeqCst)), (503, 1));
}

#[test]
fn released_delivery_can_be_claimed_immediately() {
    let client = builder(testing::keys(Timestamp::now())).build().unwrap();
    let received = receive(&client).unwrap();
    assert!(matches!(receive(&client), Err(Declined::InProgress)));
    received.release().unwrap();
    drop(receive(&client).unwrap());
    // A handler that panics releases the delivery as well.
    let panicked = thread::scope(|scope| {
        let handle = || {
            let _received = receive(&client).unwrap();
            panic!("a handler panics, on purpose");
        };
        scope.spawn(handle).join()
    });
    assert!(panicked.is_err());
    let Received { verified, claim, .. } = receive(&client).unwrap();
    let delivery = verified.delivery;
    assert_eq!(delivery.user_id.as_deref(), Some("ann"));
    claim.done().unwrap();
    assert!(matches!(receive(&client), Err(Declined::Handled)));
}

/// A replay guard whose `done` fails at first.
///
/// The first field is the number of calls of `done` that will still fail. The second field counts all calls
/// of `done`.
#[derive(Clone, Default)]
struct Failing(Arc<AtomicU32>, Arc<AtomicU32>);

impl ReplayGuard for Failing {
    fn claim(&self, _: &str, _: Timestamp) -> Result<Claimed<dyn ReplayClaim>, StoreError> {
        Ok(Claimed::New(Box::new(self.clone())))
    }
}

impl ReplayClaim for Failing {
    fn done(&mut self) -> Result<(), StoreError> {
        self.1.fetch_add(1, SeqCst);
        match self.0.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => Err(StoreError::new("the database is away")),
            Err(_) => Ok(()),
        }
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        Ok(())
    }
}

#[test]
fn failing_guard_is_called_three_times() {
    for (failing, calls, good) in [(0, 1, true), (2, 3, true), (3, 3, false)] {
        let guard = Failing::default();
        guard.0.store(failing, SeqCst);
        let client = builder(testing::keys(Timestamp::now())).replay_guard(guard.clone()).build().unwrap();
        assert_eq!(receive(&client).unwrap().done().is_ok(), good, "{failing} fail");
        assert_eq!(guard.1.load(SeqCst), calls);
    }
}
