//! When keys are fetched, which callers wait, and the results of failed, hanging and dropped fetches.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use connect_core::{
    Error, ErrorKind, TransportError,
    webhooks::{CheckStep, Reason, testing},
};
use ed25519_dalek::Signer;
use http::{HeaderValue, header};

use crate::world::{World, cached, document, entry, key, reason, status};

#[test]
fn first_delivery_fetches_keys_without_credentials() {
    let world = World::new();
    let headers = world.delivery(1);
    let (fetch, checking) = world.wishes(&headers);
    let (request, fetching) = world.start(fetch);
    assert_eq!(request.uri(), "https://connect.example:8443/.well-known/webhook-keys");
    assert_eq!(request.method(), http::Method::GET);
    assert!(!request.headers().contains_key(header::AUTHORIZATION));
    assert_eq!(request.headers()[header::CACHE_CONTROL], "no-cache", "a cache may return older keys");
    let connect_core::Timeout(time) = *request.extensions().get().unwrap();
    assert_eq!(time, Duration::from_secs(10));
    fetching.resume(Ok(document(&[entry(1)])), world.now);
    assert_eq!(*world.decided(checking).unwrap().id, *"msg_1");
    world.deliver(1).unwrap();
}

#[test]
fn delivery_that_cannot_be_genuine_starts_no_fetch() {
    let world = World::new();
    let mut headers = world.delivery(1);
    headers.insert("webhook-timestamp", HeaderValue::from_static("1"));
    let CheckStep::Done(outcome, None) = world.check(&headers) else { panic!("a fetch was requested") };
    assert_eq!(reason(outcome), (Reason::TimestampOutOfTolerance, 401));
    headers.remove("webhook-id");
    let CheckStep::Done(outcome, None) = world.check(&headers) else { panic!("a fetch was requested") };
    assert_eq!(reason(outcome), (Reason::MissingHeaders, 400));
    let junk = ["x", "v1,AAAA", "v1a,", "v1a,AAAA", "v1a,not base64"];
    for text in junk {
        let mut headers = world.delivery(1);
        headers.insert("webhook-signature", HeaderValue::from_static(text));
        let CheckStep::Done(outcome, None) = world.check(&headers) else {
            panic!("a fetch was requested for {text}")
        };
        assert_eq!(reason(outcome), (Reason::NoMatchingSignature, 401), "{text}");
    }
}

#[test]
fn fetch_is_attempted_at_most_once_a_minute() {
    let mut world = World::new();
    let outcome = world.deliver_answered(1, Err(TransportError::unreachable("no route")));
    let rejection = outcome.unwrap_err();
    assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::NoPublicKeys, 503));
    assert!(matches!(rejection.cause().unwrap().kind(), ErrorKind::Network { .. }));
    world.pass(59);
    assert_eq!(reason(world.deliver(1)), (Reason::NoPublicKeys, 503));
    world.pass(1);
    world.deliver_fetching(1, document(&[entry(1)])).unwrap();
    world.pass(1);
    assert!(world.deliver(2).unwrap_err().cause().is_none(), "the failure is forgotten after a success");
}

#[test]
fn unknown_signature_fetches_newer_keys_once() {
    let mut world = World::fetched(&[entry(1)]);
    assert_eq!(reason(world.deliver(2)), (Reason::NoMatchingSignature, 401), "the keys are the newest");
    world.pass(1);
    // The delivery may be signed with a newer key, which cannot be fetched yet.
    assert_eq!(reason(world.deliver(2)), (Reason::NoMatchingSignature, 503));
    world.pass(60);
    world.deliver_fetching(2, document(&[entry(2), entry(1)])).unwrap();
    world.deliver(2).unwrap();
    world.deliver(1).unwrap();
    world.pass(60);
    let outcome = world.deliver_answered(3, Ok(document(&[entry(2)])));
    assert_eq!(reason(outcome), (Reason::NoMatchingSignature, 401), "the newest keys do not match either");
    world.pass(60);
    let outcome = world.deliver_answered(3, Ok(status(500)));
    assert_eq!(reason(outcome), (Reason::NoMatchingSignature, 503));
}

#[test]
fn callers_share_one_fetch() {
    let world = World::new();
    let headers = world.delivery(1);
    let (first, first_checking) = world.wishes(&headers);
    let (second, second_checking) = world.wishes(&headers);
    let (_, fetching) = world.start(first);
    let (third, third_checking) = world.wishes(&headers);
    fetching.resume(Ok(document(&[entry(1)])), world.now);
    // The other callers waited for the fetch lock. They do not fetch, because the keys are fetched now.
    assert!(second.start(world.now).is_none());
    assert!(third.start(world.now).is_none());
    for checking in [first_checking, second_checking, third_checking] {
        world.decided(checking).unwrap();
    }
}

#[test]
fn callers_share_a_failed_fetch() {
    let world = World::new();
    let headers = world.delivery(1);
    let (first, _) = world.wishes(&headers);
    let (second, checking) = world.wishes(&headers);
    world.start(first).1.resume(Ok(status(503)), world.now);
    assert!(second.start(world.now).is_none());
    let rejection = world.decided(checking).unwrap_err();
    assert!(matches!(rejection.cause().unwrap().kind(), ErrorKind::Server));
}

#[test]
fn delivery_that_matches_expired_keys_does_not_wait() {
    let mut world = World::fetched(&[entry(1)]);
    world.pass(3600);
    let genuine = world.delivery(1);
    let CheckStep::Done(Ok(_), Some(fetch)) = world.check(&genuine) else {
        panic!("the first delivery waits")
    };
    let CheckStep::Done(Ok(_), Some(late)) = world.check(&genuine) else {
        panic!("the second delivery waits")
    };
    let (_, fetching) = world.start(fetch);
    assert!(late.start(world.now).is_none());
    world.deliver(1).unwrap();
    // If no current key matches, the delivery waits for the running fetch.
    let unknown = world.delivery(2);
    let (fetch, checking) = world.wishes(&unknown);
    fetching.resume(Ok(document(&[entry(2)])), world.now);
    assert!(fetch.start(world.now).is_none());
    world.decided(checking).unwrap();
    // A genuine delivery with an invalid body does not wait for the fetch.
    world.pass(3600);
    let mut headers = world.delivery(2);
    let signature = key(2).sign(format!("msg_1.{}.no JSON", world.now.wall.as_second()).as_bytes());
    let signature = format!("v1a,{}", STANDARD.encode(signature.to_bytes()));
    headers.insert("webhook-signature", signature.parse().unwrap());
    let CheckStep::Done(outcome, Some(_)) = world.ring.check(&headers, b"no JSON", world.now) else {
        panic!("the delivery waits")
    };
    assert_eq!(reason(outcome), (Reason::InvalidPayload, 400));
}

#[test]
fn dropped_fetch_allows_the_next_after_two_seconds() {
    let mut world = World::new();
    let headers = world.delivery(1);
    let (first, _) = world.wishes(&headers);
    let (second, checking) = world.wishes(&headers);
    drop(world.start(first));
    assert!(second.start(world.now).is_none(), "not immediately");
    let rejection = world.decided(checking).unwrap_err();
    assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::NoPublicKeys, 503));
    assert!(rejection.cause().unwrap().to_string().contains("cancelled"), "{rejection:?}");
    world.pass(1);
    assert_eq!(reason(world.deliver(1)), (Reason::NoPublicKeys, 503));
    world.pass(1);
    world.deliver_fetching(1, document(&[entry(1)])).unwrap();
    // A fetch that was never started does not count as an attempt.
    let other = World::new();
    let headers = other.delivery(1);
    drop(other.wishes(&headers));
    other.deliver_fetching(1, document(&[entry(1)])).unwrap();
}

#[test]
fn panic_during_a_fetch_is_the_cause() {
    let world = World::new();
    let headers = world.delivery(1);
    let (fetch, checking) = world.wishes(&headers);
    let started = world.start(fetch);
    let panicked = std::thread::spawn(move || {
        let _started = started;
        panic!("a transport panics, on purpose");
    });
    assert!(panicked.join().is_err());
    let cause = world.decided(checking).unwrap_err().cause().unwrap().to_string();
    assert!(cause.contains("panicked"), "{cause}");
}

#[test]
fn fetch_that_cannot_start_is_the_cause() {
    let world = World::new();
    let headers = world.delivery(1);
    let (fetch, checking) = world.wishes(&headers);
    fetch.give_up(Error::configuration("no runtime"));
    let rejection = world.decided(checking).unwrap_err();
    assert!(matches!(rejection.cause().unwrap().kind(), ErrorKind::Configuration));
    world.deliver_fetching(1, document(&[entry(1)])).unwrap();
}

#[test]
fn hanging_fetch_blocks_others_for_a_minute() {
    let mut world = World::new();
    let headers = world.delivery(1);
    let (fetch, checking) = world.wishes(&headers);
    let (_, hung) = world.start(fetch);
    world.pass(59);
    let waiting = world.delivery(1);
    let (fetch, also) = world.wishes(&waiting);
    assert!(fetch.start(world.now).is_none());
    assert_eq!(reason(world.decided(also)), (Reason::NoPublicKeys, 503));
    assert_eq!(reason(world.decided(checking)), (Reason::NoPublicKeys, 503));
    world.pass(1);
    world.deliver_fetching(2, document(&[entry(2)])).unwrap();
    // The fetch that hung gets a late response. The current keys are newer and stay.
    hung.resume(Ok(document(&[entry(1)])), world.now);
    world.deliver(2).unwrap();
    assert_eq!(reason(world.deliver(1)), (Reason::NoMatchingSignature, 401));
}

#[test]
fn late_response_is_used_and_ends_no_other_fetch() {
    let mut world = World::new();
    let headers = world.delivery(1);
    let (first, _) = world.wishes(&headers);
    let (_, hung) = world.start(first);
    world.pass(60);
    let headers = world.delivery(1);
    let (second, checking) = world.wishes(&headers);
    let (_, fetching) = world.start(second);
    hung.resume(Ok(document(&[entry(1)])), world.now);
    world.deliver(1).unwrap();
    let unknown = world.delivery(2);
    let (third, waiting) = world.wishes(&unknown);
    assert!(third.start(world.now).is_none(), "the second fetch is still running");
    fetching.resume(Ok(document(&[entry(2)])), world.now);
    world.decided(waiting).unwrap();
    drop(checking);
    // A fetch that fails late or is dropped late changes nothing.
    for late in [true, false] {
        let mut world = World::new();
        let headers = world.delivery(1);
        let (fetch, _) = world.wishes(&headers);
        let (_, hung) = world.start(fetch);
        world.pass(60);
        world.deliver_fetching(1, document(&[entry(1)])).unwrap();
        if late {
            hung.resume(Ok(status(500)), world.now)
        } else {
            drop(hung)
        }
        world.pass(1);
        assert!(world.deliver(2).unwrap_err().cause().is_none());
        world.pass(58);
        assert_eq!(
            reason(world.deliver(2)),
            (Reason::NoMatchingSignature, 503),
            "no fetch within the minute"
        );
    }
}

#[test]
fn cached_response_does_not_refuse_for_good() {
    for (age, status) in [("0", 401), ("1", 503), ("3000", 503), ("soon", 503)] {
        let world = World::new();
        let outcome = world.deliver_fetching(2, cached(document(&[entry(1)]), header::AGE, age));
        assert_eq!(reason(outcome), (Reason::NoMatchingSignature, status), "age {age}");
        world.deliver(1).unwrap();
    }
}

#[test]
fn many_cancelled_callers_cause_few_fetches() {
    let mut world = World::new();
    let mut sent = 0;
    for _ in 0..1_000 {
        world.now.monotonic += Duration::from_millis(10);
        if let CheckStep::Fetch(fetch, _) = world.check(&world.delivery(1)) {
            sent += u32::from(fetch.start(world.now).is_some());
        }
    }
    assert_eq!(sent, 5, "five requests in ten seconds");
}

#[test]
fn debug_output_shows_nothing_private() {
    let world = World::new();
    let headers = world.delivery(1);
    let step = world.ring.check(&headers, br#"{"title": "a private matter"}"#, world.now);
    let mut shown = format!("{step:?} {:?}", world.ring);
    let CheckStep::Fetch(fetch, _) = step else { panic!("a fetch was requested") };
    shown += &format!(" {:?} {:?}", world.start(fetch).1, testing::public_key());
    assert!(!shown.contains("private") && !shown.contains("hush"), "{shown}");
    // The output does show ids and public keys.
    for known in ["msg_1", "KeyRing", "Fetching", &testing::public_key().to_string()] {
        assert!(shown.contains(known), "{known} in {shown}");
    }
}
