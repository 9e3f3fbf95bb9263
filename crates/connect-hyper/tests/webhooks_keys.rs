//! A caller must wait for at most one fetch of webhook keys if the transport hangs, panics or is slow.
//!
//! A caller whose delivery matches the known keys must not wait at all. A rejection must name its cause.
#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    future::{self, Future},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering::SeqCst},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use connect_hyper::{
    Client, ErrorKind, Request, Response, TransportError,
    webhooks::{FetchedKeys, Reason, testing},
};
use jiff::Timestamp;
use tokio::{runtime::Handle, time::sleep};

/// A client with a transport that counts its requests.
fn client<R>(
    keys: Option<FetchedKeys>,
    answer: impl Fn() -> R + Send + Sync + 'static,
) -> (Client, Arc<AtomicU32>)
where
    R: Future<Output = Result<Response, TransportError>> + Send + 'static,
{
    let sent = Arc::new(AtomicU32::new(0));
    let count = sent.clone();
    let transport = move |_: Request| {
        count.fetch_add(1, SeqCst);
        answer()
    };
    let builder = Client::builder("id", "secret").transport(transport);
    let builder = keys.into_iter().fold(builder, |builder, keys| builder.webhook_keys(keys));
    (builder.build().unwrap(), sent)
}

fn delivery() -> Request {
    testing::sign("msg_1", "{}", Timestamp::now())
}

/// A key document with the test key.
fn document() -> Response {
    Response::new(format!(r#"{{"keys": [{{"key": "{}"}}]}}"#, testing::public_key()).into())
}

/// Returns keys that verify the deliveries of this file, but that have expired (`max_age` is 0).
fn stale() -> FetchedKeys {
    let mut keys = testing::keys(Timestamp::now());
    keys.max_age = 0;
    keys
}

#[tokio::test(start_paused = true)]
async fn hanging_transport_times_out_every_caller() {
    let (client, sent) = client(None, future::pending);
    let callers: Vec<_> = (0..500)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move {
                let delivery = delivery();
                client.webhooks().verify(delivery.headers(), delivery.body()).await.unwrap_err()
            })
        })
        .collect();
    for caller in callers {
        let rejection =
            tokio::time::timeout(Duration::from_secs(11), caller).await.expect("in time").unwrap();
        assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::NoPublicKeys, 503));
    }
    assert_eq!(sent.load(SeqCst), 1);
    tokio::task::yield_now().await;
    assert_eq!(Handle::current().metrics().num_alive_tasks(), 0, "no task is still running");
    let delivery = delivery();
    let rejection = client.webhooks().verify(delivery.headers(), delivery.body()).await.unwrap_err();
    assert!(matches!(rejection.cause().unwrap().kind(), ErrorKind::Timeout), "{rejection:?}");
}

#[tokio::test]
async fn panicking_transport_is_called_once_and_named_as_cause() {
    let (client, sent) = client(None, || async { panic!("on purpose") });
    for _ in 0..200 {
        let delivery = delivery();
        let rejection = client.webhooks().verify(delivery.headers(), delivery.body()).await.unwrap_err();
        assert_eq!(rejection.status().as_u16(), 503);
        let cause = rejection.cause().expect("a cause").to_string();
        assert!(cause.contains("panicked"), "{cause}");
    }
    assert_eq!(sent.load(SeqCst), 1);
}

#[test]
fn verify_outside_a_runtime_names_the_cause() {
    let (client, sent) = client(None, || async { Ok(document()) });
    let delivery = delivery();
    let verified = pin!(client.webhooks().verify(delivery.headers(), delivery.body()));
    let Poll::Ready(outcome) = verified.poll(&mut Context::from_waker(Waker::noop())) else {
        panic!("the future waits for a runtime")
    };
    let rejection = outcome.unwrap_err();
    assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::NoPublicKeys, 503));
    assert!(matches!(rejection.cause().unwrap().kind(), ErrorKind::Configuration), "{rejection:?}");
    assert_eq!(sent.load(SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn genuine_delivery_does_not_wait_for_newer_keys() {
    let (client, sent) = client(Some(stale()), || async {
        sleep(Duration::from_secs(5)).await;
        Ok(document())
    });
    let start = tokio::time::Instant::now();
    for _ in 0..10 {
        let delivery = delivery();
        client.webhooks().verify(delivery.headers(), delivery.body()).await.unwrap();
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
    sleep(Duration::from_secs(6)).await;
    assert_eq!(sent.load(SeqCst), 1);
    assert_eq!(client.webhooks().keys().unwrap().max_age, 3600, "newer keys were fetched");
}

#[tokio::test]
async fn test_keys_need_no_network() {
    let (client, sent) = client(Some(testing::keys(Timestamp::now())), future::pending);
    let delivery = delivery();
    client.webhooks().receive(delivery.headers(), delivery.body()).await.unwrap().done().await.unwrap();
    assert_eq!(sent.load(SeqCst), 0);
}
