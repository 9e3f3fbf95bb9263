//! Stores and transports as a driver uses them: shared stores, closures, locks and errors.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::{
    error::Error as StdError,
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use connect_core::{machine::*, *};
use support::*;

/// Returns the value of a future that is ready.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("the future is not ready"),
    }
}

fn key() -> TokenKey {
    World::default().session.key().clone()
}

/// A store that returns one pair for every key and fails every lock attempt.
struct Busy;

fn busy<T>() -> Result<T, StoreError> {
    Err(StoreError::new("busy"))
}

impl TokenStore for Busy {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        Ok(Some(Tokens::new(&*key.user, "hush-r1")))
    }

    fn try_lock(&self, _: &TokenKey, _: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        busy()
    }
}

#[async_trait::async_trait]
impl AsyncTokenStore for Busy {
    async fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        TokenStore::load(self, key)
    }

    async fn try_lock(
        &self,
        _: &TokenKey,
        _: Duration,
    ) -> Result<Option<Box<dyn AsyncStoreLock>>, StoreError> {
        busy()
    }
}

#[test]
fn shared_store_is_a_store() {
    let shared = Arc::new(Busy);
    let theirs = Some(Tokens::new("ann", "hush-r1"));
    assert_eq!(TokenStore::load(&shared, &key()).unwrap(), theirs);
    assert!(TokenStore::try_lock(&shared, &key(), secs(1)).is_err());
    assert_eq!(ready(AsyncTokenStore::load(&shared, &key())).unwrap(), theirs);
    assert!(ready(AsyncTokenStore::try_lock(&shared, &key(), secs(1))).is_err());
}

#[test]
fn driver_writes_only_while_it_holds_the_lock() {
    let store = MemoryStore::new();
    let mut lock = Locked::<dyn StoreLock>::default();
    let pair = Tokens::new("hush-a1", "hush-r1");
    assert!(lock.with(|lock| lock.save(&pair)).unwrap_err().lease_lost());
    assert!(lock.take(busy()).is_err() && lock.held().is_none());

    assert!(lock.take(store.try_lock(&key(), secs(1))).unwrap());
    assert!(
        !Locked::<dyn StoreLock>::new().take(store.try_lock(&key(), secs(1))).unwrap(),
        "the lock is taken"
    );
    assert!(lock.held().is_some());
    lock.with(|lock| lock.save(&pair)).unwrap();
    assert_eq!(lock.with(|lock| lock.load()).unwrap().as_ref(), Some(&pair));
    assert!(!lock.with(|_| busy::<()>()).unwrap_err().lease_lost());

    lock.release().expect("it was held").release().unwrap();
    assert!(lock.held().is_none() && lock.release().is_none());
    assert_eq!(store.load(&key()).unwrap(), Some(pair));
}

#[test]
fn store_error_has_message_and_source() {
    let error = StoreError::new("the disk is full").with_source(io::Error::other("no space"));
    assert_eq!(error.to_string(), "the disk is full");
    assert_eq!(error.source().unwrap().to_string(), "no space");
    assert!(StoreError::new("plain").source().is_none());
    assert!(StoreError::lost_lease().to_string().contains("nothing was written"));
}

#[test]
fn closure_is_a_transport() {
    let echo = |request: Request| Ok(Response::new(request.into_body()));
    let answer = Transport::send(&echo, Request::new("hello".into())).unwrap();
    assert_eq!(answer.body(), "hello");
    let later = |request: Request| async move { Ok(Response::new(request.into_body())) };
    let answer = ready(AsyncTransport::send(&later, Request::new("hello".into()))).unwrap();
    assert_eq!(answer.body(), "hello");
}

#[test]
fn socket_error_tells_whether_the_request_may_have_arrived() {
    use TransportErrorKind::*;
    use io::ErrorKind as E;
    for (socket, kind, sent, text) in [
        (E::ConnectionRefused, Connect, Sent::No, "the server could not be reached"),
        (E::NetworkUnreachable, Connect, Sent::No, "the server could not be reached"),
        (E::TimedOut, Timeout, Sent::Maybe, "the request timed out"),
        (E::WouldBlock, Timeout, Sent::Maybe, "the request timed out"),
        (E::ConnectionReset, Broken, Sent::Maybe, "the connection broke"),
        (E::Other, Broken, Sent::Maybe, "the connection broke"),
    ] {
        let error = TransportError::from(io::Error::from(socket));
        assert_eq!((error.kind(), error.sent(), &*error.to_string()), (kind, sent, text), "{socket:?}");
        assert_eq!(error.source().unwrap().to_string(), io::Error::from(socket).to_string());
    }
}

#[test]
fn transport_error_becomes_the_error_of_the_call() {
    use TransportErrorKind::*;
    let kind = |kind, sent| Error::from(TransportError::new(kind, sent, "because"));
    assert!(matches!(kind(Timeout, Sent::Maybe).kind(), ErrorKind::Timeout));
    assert!(matches!(kind(Configuration, Sent::No).kind(), ErrorKind::Configuration));
    assert!(matches!(kind(TooLarge, Sent::Maybe).kind(), ErrorKind::Decode { .. }));
    for network in [Connect, Tls, Broken] {
        assert!(matches!(kind(network, Sent::No).kind(), ErrorKind::Network { sent: Sent::No }));
    }
    assert!(kind(Broken, Sent::Maybe).may_have_happened() && !kind(Connect, Sent::No).may_have_happened());
    let error = kind(Tls, Sent::No);
    assert_eq!(error.to_string(), "the network failed: TLS failed: because");
    assert_eq!(error.source().unwrap().to_string(), "TLS failed");
}
