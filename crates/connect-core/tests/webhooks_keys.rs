//! When the keys are fetched, for how long they are good, and which of them count: the ring driven by hand.
#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use connect_core::{
    App, Config, Error, ErrorKind, Now, Request, Response, TransportError,
    webhooks::{
        CheckStep, Checking, Fetch, FetchedKeys, Fetching, KeyRing, Reason, Rejection, Verified, testing,
    },
};
use ed25519_dalek::{Signer, SigningKey};
use http::{HeaderMap, HeaderValue, header};

/// A ring, a clock, and the deliveries of a service that signs with any of its keys.
struct World {
    ring: KeyRing,
    now: Now,
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_bytes(&[seed; 32])
}

fn public(seed: u8) -> String {
    format!("whpk_{}", STANDARD.encode(key(seed).verifying_key().as_bytes()))
}

/// One entry of the document.
fn entry(seed: u8) -> String {
    format!(r#"{{"id": "k{seed}", "alg": "ed25519", "key": "{}", "status": "active"}}"#, public(seed))
}

fn document(entries: &[String]) -> Response {
    let mut response = Response::new(format!(r#"{{"keys": [{}]}}"#, entries.join(",")).into());
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    response
}

fn cached(mut response: Response, name: header::HeaderName, value: &'static str) -> Response {
    response.headers_mut().insert(name, HeaderValue::from_static(value));
    response
}

fn status(code: u16) -> Response {
    let mut response = Response::new("{}".into());
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap();
    response
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(edit: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new("id", "hush-client", "https://app.example/callback", [7; 32]);
        config.base_url = "https://connect.example:8443/deep/api".to_owned();
        edit(&mut config);
        let now = Now { wall: "2026-11-21T10:00:00Z".parse().unwrap(), monotonic: Duration::from_secs(5000) };
        Self { ring: KeyRing::new(&App::new(config).unwrap()).unwrap(), now }
    }

    /// With the keys of `entries` fetched now.
    fn fetched(entries: &[String]) -> Self {
        let world = Self::new();
        let _ = world.deliver_fetching(1, document(entries));
        world
    }

    fn pass(&mut self, seconds: u64) {
        self.now.monotonic += Duration::from_secs(seconds);
        self.now.wall += Duration::from_secs(seconds);
    }

    fn check<'a>(&self, headers: &'a HeaderMap) -> CheckStep<'a> {
        self.ring.check(headers, b"{}", self.now)
    }

    fn delivery(&self, seed: u8) -> HeaderMap {
        let timestamp = self.now.wall.as_second().to_string();
        let signature = key(seed).sign(format!("msg_1.{timestamp}.{{}}").as_bytes());
        let mut headers = HeaderMap::new();
        headers.insert("webhook-id", HeaderValue::from_static("msg_1"));
        headers.insert("webhook-timestamp", timestamp.parse().unwrap());
        headers.insert(
            "webhook-signature",
            format!("v1a,{}", STANDARD.encode(signature.to_bytes())).parse().unwrap(),
        );
        headers
    }

    /// A delivery that is decided with the keys there are, which are not due.
    fn deliver(&self, seed: u8) -> Result<Verified, Rejection> {
        match self.check(&self.delivery(seed)) {
            CheckStep::Done(outcome, None) => outcome,
            CheckStep::Fetch(..) | CheckStep::Done(_, Some(_)) => panic!("it wants to fetch"),
        }
    }

    /// A delivery for which keys are fetched, or behind which they are.
    fn deliver_fetching(&self, seed: u8, answer: Response) -> Result<Verified, Rejection> {
        self.deliver_answered(seed, Ok(answer))
    }

    fn deliver_answered(
        &self,
        seed: u8,
        answer: Result<Response, TransportError>,
    ) -> Result<Verified, Rejection> {
        match self.check(&self.delivery(seed)) {
            CheckStep::Fetch(fetch, checking) => {
                self.start(fetch).1.resume(answer, self.now);
                self.decided(checking)
            }
            CheckStep::Done(outcome, behind) => {
                self.start(behind.expect("newer keys are due")).1.resume(answer, self.now);
                outcome
            }
        }
    }

    fn wishes<'a>(&self, headers: &'a HeaderMap) -> (Fetch, Checking<'a>) {
        match self.check(headers) {
            CheckStep::Fetch(fetch, checking) => (fetch, checking),
            CheckStep::Done(outcome, _) => panic!("it does not want to wait: {outcome:?}"),
        }
    }

    fn decided(&self, checking: Checking<'_>) -> Result<Verified, Rejection> {
        match checking.resume(self.now) {
            CheckStep::Done(outcome, None) => outcome,
            CheckStep::Fetch(..) | CheckStep::Done(_, Some(_)) => panic!("it wants to fetch again"),
        }
    }

    fn start(&self, fetch: Fetch) -> (Request, Fetching) {
        fetch.start(self.now).expect("it is the first")
    }
}

fn reason(outcome: Result<Verified, Rejection>) -> (Reason, u16) {
    let rejection = outcome.unwrap_err();
    (rejection.reason(), rejection.status().as_u16())
}

#[test]
fn the_first_delivery_fetches_from_the_origin_without_the_bearer() {
    let world = World::new();
    let headers = world.delivery(1);
    let (fetch, checking) = world.wishes(&headers);
    let (request, fetching) = world.start(fetch);
    assert_eq!(request.uri(), "https://connect.example:8443/.well-known/webhook-keys");
    assert_eq!(request.method(), http::Method::GET);
    assert!(!request.headers().contains_key(header::AUTHORIZATION));
    assert_eq!(request.headers()[header::CACHE_CONTROL], "no-cache", "a cache may hold older ones");
    let connect_core::Timeout(time) = *request.extensions().get().unwrap();
    assert_eq!(time, Duration::from_secs(10));
    fetching.resume(Ok(document(&[entry(1)])), world.now);
    assert_eq!(*world.decided(checking).unwrap().id, *"msg_1");
    world.deliver(1).unwrap();
}

#[test]
fn what_cannot_be_genuine_fetches_nothing() {
    let world = World::new();
    let mut headers = world.delivery(1);
    headers.insert("webhook-timestamp", HeaderValue::from_static("1"));
    let CheckStep::Done(outcome, None) = world.check(&headers) else { panic!("it fetches") };
    assert_eq!(reason(outcome), (Reason::TimestampOutOfTolerance, 401));
    headers.remove("webhook-id");
    let CheckStep::Done(outcome, None) = world.check(&headers) else { panic!("it fetches") };
    assert_eq!(reason(outcome), (Reason::MissingHeaders, 400));
    let junk = ["x", "v1,AAAA", "v1a,", "v1a,AAAA", "v1a,not base64"];
    for text in junk {
        let mut headers = world.delivery(1);
        headers.insert("webhook-signature", HeaderValue::from_static(text));
        let CheckStep::Done(outcome, None) = world.check(&headers) else { panic!("it fetches for {text}") };
        assert_eq!(reason(outcome), (Reason::NoMatchingSignature, 401), "{text}");
    }
}

#[test]
fn max_age_is_obeyed() {
    let ages = [
        ("public, max-age=120", 120),
        ("MAX-AGE=\"120\"", 120),
        ("s-maxage=5, max-age=120", 120),
        ("max-age=soon", 3600),
        ("max-age=-1", 3600),
        ("public", 3600),
        ("max-age=99999999999999999999999999", 86_400),
        ("max-age=86401", 86_400),
    ];
    for (text, seconds) in ages {
        let mut world = World::new();
        let answer = cached(document(&[entry(1)]), header::CACHE_CONTROL, text);
        world.deliver_fetching(1, answer).unwrap();
        world.pass(seconds - 1);
        world.deliver(1).unwrap();
        world.pass(1);
        world.deliver_fetching(1, document(&[entry(1)])).expect(text);
    }
    // RFC 9111 5.1: what it spent in a cache on the way is gone.
    let mut world = World::new();
    world.deliver_fetching(1, cached(document(&[entry(1)]), header::AGE, "3000")).unwrap();
    world.pass(599);
    world.deliver(1).unwrap();
    world.pass(1);
    world.deliver_fetching(1, document(&[entry(1)])).unwrap();
    let mut answer = cached(document(&[entry(1)]), header::CACHE_CONTROL, "max-age=604800");
    answer = cached(answer, header::AGE, "100000");
    let world = World::new();
    world.deliver_fetching(1, answer).unwrap();
    assert_eq!(world.ring.fetched().unwrap().max_age, 86_400, "what is left of a week is more than a day");
    // Without leave to keep them they are asked for again each minute.
    for text in ["no-store", "no-cache", "max-age=0"] {
        let mut world = World::new();
        world.deliver_fetching(1, cached(document(&[entry(1)]), header::CACHE_CONTROL, text)).unwrap();
        world.pass(59);
        world.deliver(1).unwrap();
        world.pass(1);
        world.deliver_fetching(1, document(&[entry(1)])).unwrap();
    }
}

#[test]
fn one_attempt_a_minute_whatever_comes_of_it() {
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
    assert!(world.deliver(2).unwrap_err().cause().is_none(), "that failure is over");
}

#[test]
fn a_signature_that_fits_no_key_asks_for_newer_ones_once() {
    let mut world = World::fetched(&[entry(1)]);
    assert_eq!(reason(world.deliver(2)), (Reason::NoMatchingSignature, 401), "these are the newest");
    world.pass(1);
    // Newer keys cannot be had yet, so the delivery may be genuine.
    assert_eq!(reason(world.deliver(2)), (Reason::NoMatchingSignature, 503));
    world.pass(60);
    world.deliver_fetching(2, document(&[entry(2), entry(1)])).unwrap();
    world.deliver(2).unwrap();
    world.deliver(1).unwrap();
    world.pass(60);
    let outcome = world.deliver_answered(3, Ok(document(&[entry(2)])));
    assert_eq!(reason(outcome), (Reason::NoMatchingSignature, 401), "the newest keys do not know it either");
    world.pass(60);
    let outcome = world.deliver_answered(3, Ok(status(500)));
    assert_eq!(reason(outcome), (Reason::NoMatchingSignature, 503));
}

#[test]
fn a_fetch_that_fails_leaves_the_keys() {
    let answers = [
        status(500),
        status(404),
        cached(status(302), header::LOCATION, "https://evil.example/keys"),
        Response::new("".into()),
        Response::new("no JSON".into()),
        Response::new("[]".into()),
        Response::new("{}".into()),
        Response::new(r#"{"keys": null}"#.into()),
        Response::new(r#"{"keys": {"a": 1}}"#.into()),
    ];
    let mut world = World::fetched(&[entry(1)]);
    for answer in answers {
        world.pass(3600);
        let shown = format!("{answer:?}");
        world.deliver_fetching(1, answer).expect(&shown);
        assert!(world.ring.fetched().is_some());
    }
    world.pass(3600);
    world.deliver_answered(1, Err(TransportError::broken("cut"))).unwrap();
}

#[test]
fn an_empty_list_withdraws_all_keys_and_one_without_a_usable_key_none() {
    let mut world = World::fetched(&[entry(1)]);
    world.pass(3600);
    world.deliver_fetching(1, document(&[])).unwrap();
    assert_eq!(reason(world.deliver(1)), (Reason::NoPublicKeys, 503));

    let useless = [
        entry(2).replace("whpk_", ""),
        entry(2).replace("ed25519", "ml-dsa-65"),
        entry(2).replace("active", "revoked"),
        "null".to_owned(),
        "{}".to_owned(),
    ];
    for text in useless {
        let mut world = World::fetched(&[entry(1)]);
        world.pass(3600);
        world.deliver_fetching(1, document(&[text.clone()])).unwrap();
        world.pass(1);
        world.deliver(1).expect(&text);
        let rejection = world.deliver(2).unwrap_err();
        assert_eq!(rejection.status().as_u16(), 503);
        assert!(matches!(rejection.cause().unwrap().kind(), ErrorKind::Decode { .. }), "{rejection:?}");
    }
}

#[test]
fn an_odd_entry_hides_no_other() {
    for odd in ["null", "5", "\"text\"", "[]", "{}", r#"{"key": 5}"#, r#"{"key": "whpk_"}"#, r#"{"id": [1]}"#]
    {
        for entries in [[odd.to_owned(), entry(1)], [entry(1), odd.to_owned()]] {
            let world = World::new();
            world.deliver_fetching(1, document(&entries)).expect(odd);
            // And so it is when it was kept.
            let text = serde_json::to_string(&world.ring.fetched().unwrap()).unwrap();
            let restarted = World::new();
            restarted.ring.restore(serde_json::from_str(&text).unwrap(), restarted.now);
            restarted.deliver(1).expect(odd);
        }
    }
}

#[test]
fn status_and_retirement_decide_which_keys_count() {
    let with = |from: &str, to: &str| document(&[entry(1).replace(from, to)]);
    let counts = [
        with("\"active\"", "\"previous\""),
        with("\"active\"", "\"Active\""),
        with(", \"status\": \"active\"", ""),
        with("\"active\"", "null"),
        with("\"ed25519\"", "\"Ed25519\""),
        with("\"ed25519\"", "\"\""),
        with("\"alg\": \"ed25519\", ", ""),
        with("\"active\"", "\"active\", \"retires_at\": \"2026-11-21T10:00:01.000Z\""),
        with(
            "\"active\"",
            "\"active\", \"retires_at\": null, \"activated_at\": \"2027-01-01T00:00:00.000Z\"",
        ),
    ];
    for answer in counts {
        let shown = format!("{answer:?}");
        World::new().deliver_fetching(1, answer).expect(&shown);
    }
    let counts_not = [
        with("\"active\"", "\"revoked\""),
        with("\"active\"", "\"\""),
        with("\"ed25519\"", "\"rsa\""),
        with("\"active\"", "\"active\", \"retires_at\": \"2026-11-21T10:00:00.000Z\""),
        with("\"active\"", "\"previous\", \"retires_at\": \"2026-11-20T10:00:00.000Z\""),
        // What cannot be read may say that the key is not to be trusted.
        with("\"active\"", "5"),
        with("\"active\"", "[\"revoked\"]"),
        with("\"ed25519\"", "[\"rsa\"]"),
        with("\"active\"", "\"previous\", \"retires_at\": \"yesterday\""),
        with("\"active\"", "\"previous\", \"retires_at\": false"),
    ];
    for answer in counts_not {
        let shown = format!("{answer:?}");
        let outcome = World::new().deliver_answered(1, Ok(answer));
        assert_eq!(reason(outcome), (Reason::NoPublicKeys, 503), "{shown}");
    }
    // A key retires while it is held.
    let retiring = entry(1).replace("\"active\"", "\"previous\", \"retires_at\": \"2026-11-21T10:10:00Z\"");
    let mut world = World::fetched(&[retiring.clone(), entry(2)]);
    world.pass(599);
    world.deliver(1).unwrap();
    world.pass(1);
    let outcome = world.deliver_answered(1, Ok(document(&[retiring, entry(2)])));
    assert_eq!(reason(outcome), (Reason::NoMatchingSignature, 401));
    world.deliver(2).unwrap();
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
    // They waited at the gate, and find that it was done.
    assert!(second.start(world.now).is_none());
    assert!(third.start(world.now).is_none());
    for checking in [first_checking, second_checking, third_checking] {
        world.decided(checking).unwrap();
    }
}

#[test]
fn callers_share_a_failure() {
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
fn with_keys_at_hand_nobody_waits_for_newer_ones() {
    let mut world = World::fetched(&[entry(1)]);
    world.pass(3600);
    let genuine = world.delivery(1);
    let CheckStep::Done(Ok(_), Some(fetch)) = world.check(&genuine) else { panic!("the first waits") };
    let CheckStep::Done(Ok(_), Some(late)) = world.check(&genuine) else { panic!("the second waits") };
    let (_, fetching) = world.start(fetch);
    assert!(late.start(world.now).is_none());
    world.deliver(1).unwrap();
    // Where the keys at hand do not do, the fetch under way is waited for.
    let unknown = world.delivery(2);
    let (fetch, checking) = world.wishes(&unknown);
    fetching.resume(Ok(document(&[entry(2)])), world.now);
    assert!(fetch.start(world.now).is_none());
    world.decided(checking).unwrap();
    // A genuine body that is none is decided as well.
    world.pass(3600);
    let mut headers = world.delivery(2);
    let signature = key(2).sign(format!("msg_1.{}.no JSON", world.now.wall.as_second()).as_bytes());
    let signature = format!("v1a,{}", STANDARD.encode(signature.to_bytes()));
    headers.insert("webhook-signature", signature.parse().unwrap());
    let CheckStep::Done(outcome, Some(_)) = world.ring.check(&headers, b"no JSON", world.now) else {
        panic!("it waits")
    };
    assert_eq!(reason(outcome), (Reason::InvalidPayload, 400));
}

#[test]
fn a_fetch_that_is_given_up_lets_the_next_begin_after_two_seconds() {
    let mut world = World::new();
    let headers = world.delivery(1);
    let (first, _) = world.wishes(&headers);
    let (second, checking) = world.wishes(&headers);
    drop(world.start(first));
    assert!(second.start(world.now).is_none(), "not at once");
    let rejection = world.decided(checking).unwrap_err();
    assert_eq!((rejection.reason(), rejection.status().as_u16()), (Reason::NoPublicKeys, 503));
    assert!(rejection.cause().unwrap().to_string().contains("given up"), "{rejection:?}");
    world.pass(1);
    assert_eq!(reason(world.deliver(1)), (Reason::NoPublicKeys, 503));
    world.pass(1);
    world.deliver_fetching(1, document(&[entry(1)])).unwrap();
    // One that never started is no attempt.
    let other = World::new();
    let headers = other.delivery(1);
    drop(other.wishes(&headers));
    other.deliver_fetching(1, document(&[entry(1)])).unwrap();
}

#[test]
fn a_panic_while_fetching_is_the_cause() {
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
fn what_cannot_be_started_says_why() {
    let world = World::new();
    let headers = world.delivery(1);
    let (fetch, checking) = world.wishes(&headers);
    fetch.give_up(Error::configuration("no runtime"));
    let rejection = world.decided(checking).unwrap_err();
    assert!(matches!(rejection.cause().unwrap().kind(), ErrorKind::Configuration));
    world.deliver_fetching(1, document(&[entry(1)])).unwrap();
}

#[test]
fn a_fetch_that_hangs_counts_for_a_minute() {
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
    // What it brings in the end is older than what there is.
    hung.resume(Ok(document(&[entry(1)])), world.now);
    world.deliver(2).unwrap();
    assert_eq!(reason(world.deliver(1)), (Reason::NoMatchingSignature, 401));
}

#[test]
fn a_late_answer_is_better_than_none_and_ends_no_other_fetch() {
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
    assert!(third.start(world.now).is_none(), "the second is still under way");
    fetching.resume(Ok(document(&[entry(2)])), world.now);
    world.decided(waiting).unwrap();
    drop(checking);
    // One that fails late, or is dropped late, is no news either.
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
        assert!(world.deliver(2).unwrap_err().cause().is_none());
        world.pass(59);
        assert_eq!(
            reason(world.deliver(2)),
            (Reason::NoMatchingSignature, 503),
            "no fetch within the minute"
        );
    }
}

#[test]
fn an_answer_from_a_cache_is_not_the_last_word() {
    for (age, status) in [("0", 401), ("1", 503), ("3000", 503), ("soon", 503)] {
        let world = World::new();
        let outcome = world.deliver_fetching(2, cached(document(&[entry(1)]), header::AGE, age));
        assert_eq!(reason(outcome), (Reason::NoMatchingSignature, status), "age {age}");
        world.deliver(1).unwrap();
    }
}

#[test]
fn a_pinned_key_counts_until_a_document_was_fetched() {
    let mut world = World::with(|config| config.webhook_key = Some(public(9)));
    let outcome = world.deliver_answered(9, Err(TransportError::unreachable("no route")));
    outcome.unwrap();
    world.deliver(9).unwrap();
    world.pass(1);
    assert_eq!(reason(world.deliver(1)), (Reason::NoMatchingSignature, 503));
    world.pass(60);
    world.deliver_fetching(9, document(&[entry(9)])).unwrap();
    world.pass(3600);
    world.deliver_fetching(9, document(&[entry(1)])).unwrap();
    assert_eq!(reason(world.deliver(9)), (Reason::NoMatchingSignature, 401), "it retired");
    world.pass(3600);
    assert_eq!(reason(world.deliver_answered(9, Ok(document(&[])))), (Reason::NoPublicKeys, 503));
}

#[test]
fn a_pinned_key_that_is_none_is_a_wrong_configuration() {
    let mut config = Config::new("id", "secret", "https://app.example/callback", [7; 32]);
    config.webhook_key = Some("whpk_short".to_owned());
    let error = KeyRing::new(&App::new(config).unwrap()).map(|_| ()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration));
}

#[test]
fn keys_are_kept_across_a_restart() {
    let mut old = World::fetched(&[entry(1)]);
    old.pass(600);
    let text = serde_json::to_string(&old.ring.fetched().unwrap()).unwrap();
    let kept: FetchedKeys = serde_json::from_str(&text).unwrap();
    assert_eq!(kept, old.ring.fetched().unwrap());

    let mut new = World::new();
    new.pass(600);
    new.ring.restore(kept.clone(), new.now);
    new.deliver(1).unwrap();
    new.pass(2999);
    new.deliver(1).unwrap();
    new.pass(1);
    // Over their time: asked for, and good until there are others.
    new.deliver_answered(1, Err(TransportError::unreachable("no route"))).unwrap();

    // From a clock that was wrong: asked for at once.
    let early = World::new();
    let future = FetchedKeys::clone(&kept);
    let mut behind = early.now;
    behind.wall = "2020-01-01T00:00:00Z".parse().unwrap();
    early.ring.restore(future, behind);
    early.deliver_fetching(1, document(&[entry(1)])).unwrap();

    // Never in place of newer ones.
    let world = World::fetched(&[entry(2)]);
    world.ring.restore(kept, world.now);
    world.deliver(2).unwrap();
}

#[test]
fn keys_are_stale_when_either_clock_says_so() {
    // A machine that slept: its monotonic clock stood still.
    let mut world = World::fetched(&[entry(1)]);
    world.now.wall += Duration::from_secs(3599);
    world.now.monotonic += Duration::from_secs(60);
    world.deliver(1).unwrap();
    world.now.wall += Duration::from_secs(1);
    world.deliver_fetching(1, document(&[entry(2)])).unwrap();
    assert!(world.deliver(1).is_err());
    // A wall clock that was set back.
    let mut world = World::fetched(&[entry(1)]);
    world.now.wall = "2025-11-21T10:00:00Z".parse().unwrap();
    world.deliver(1).unwrap();
    world.now.monotonic += Duration::from_secs(3600);
    world.deliver_fetching(1, document(&[entry(1)])).unwrap();
}

#[test]
fn the_keys_of_tests_need_no_network() {
    let mut world = World::new();
    world.ring.restore(testing::keys(world.now.wall), world.now);
    for _ in 0..24 {
        let request = testing::sign("msg_1", "{}", world.now.wall);
        let step = world.ring.check(request.headers(), request.body(), world.now);
        assert!(matches!(step, CheckStep::Done(Ok(_), None)), "{step:?}");
        world.pass(3600 - 1);
    }
}

#[test]
fn many_who_give_up_make_no_storm() {
    let mut world = World::new();
    let mut sent = 0;
    for _ in 0..1_000 {
        world.now.monotonic += Duration::from_millis(10);
        if let CheckStep::Fetch(fetch, _) = world.check(&world.delivery(1)) {
            sent += u32::from(fetch.start(world.now).is_some());
        }
    }
    assert_eq!(sent, 5, "in ten seconds");
}

#[test]
fn nothing_private_is_shown() {
    let world = World::new();
    let headers = world.delivery(1);
    let step = world.ring.check(&headers, br#"{"title": "a private matter"}"#, world.now);
    let shown = format!("{step:?} {:?}", world.ring);
    assert!(!shown.contains("private") && !shown.contains("hush"), "{shown}");
}
