//! When the keys are fetched, for how long they are good, and which of them count: the ring driven by hand.
#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use connect_core::{
    App, Config, ErrorKind, Now, Request, Response, TransportError,
    webhooks::{CheckStep, Checking, Fetch, FetchedKeys, Fetching, KeyRing, Reason, Rejection, Verified},
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

    /// A delivery that is decided with the keys there are.
    fn deliver(&self, seed: u8) -> Result<Verified, Rejection> {
        match self.check(&self.delivery(seed)) {
            CheckStep::Done(outcome) => outcome,
            CheckStep::Fetch(..) => panic!("it wants to fetch"),
        }
    }

    /// A delivery for which keys are fetched; decided then.
    fn deliver_fetching(&self, seed: u8, answer: Response) -> Result<Verified, Rejection> {
        self.deliver_answered(seed, Ok(answer))
    }

    fn deliver_answered(
        &self,
        seed: u8,
        answer: Result<Response, TransportError>,
    ) -> Result<Verified, Rejection> {
        let headers = self.delivery(seed);
        let (fetch, checking) = self.wishes(&headers);
        let (_, fetching) = fetch.start(self.now).expect("nobody fetched meanwhile");
        fetching.resume(answer, self.now);
        self.decided(checking)
    }

    fn wishes<'a>(&self, headers: &'a HeaderMap) -> (Fetch, Checking<'a>) {
        match self.check(headers) {
            CheckStep::Fetch(fetch, checking) => (fetch, checking),
            CheckStep::Done(outcome) => panic!("it does not want to fetch: {outcome:?}"),
        }
    }

    fn decided(&self, checking: Checking<'_>) -> Result<Verified, Rejection> {
        match checking.resume(self.now) {
            CheckStep::Done(outcome) => outcome,
            CheckStep::Fetch(..) => panic!("it wants to fetch again"),
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
    let CheckStep::Done(outcome) = world.check(&headers) else { panic!("it fetches") };
    assert_eq!(reason(outcome), (Reason::TimestampOutOfTolerance, 401));
    headers.remove("webhook-id");
    let CheckStep::Done(outcome) = world.check(&headers) else { panic!("it fetches") };
    assert_eq!(reason(outcome), (Reason::MissingHeaders, 400));
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
fn a_document_without_a_usable_key_withdraws_them_all() {
    for entries in
        [vec![], vec![entry(2).replace("whpk_", "")], vec![entry(2).replace("ed25519", "ml-dsa-65")]]
    {
        let mut world = World::fetched(&[entry(1)]);
        world.pass(3600);
        assert_eq!(reason(world.deliver_answered(1, Ok(document(&entries)))), (Reason::NoPublicKeys, 503));
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
    let headers = world.delivery(1);
    let (fetch, _) = world.wishes(&headers);
    let (_, fetching) = world.start(fetch);
    world.deliver(1).unwrap();
    // Where the keys at hand do not do, the fetch under way is waited for.
    let unknown = world.delivery(2);
    let (fetch, checking) = world.wishes(&unknown);
    fetching.resume(Ok(document(&[entry(2)])), world.now);
    assert!(fetch.start(world.now).is_none());
    world.decided(checking).unwrap();
}

#[test]
fn a_caller_that_goes_away_keeps_nobody_from_fetching() {
    let world = World::new();
    let headers = world.delivery(1);
    let (first, _) = world.wishes(&headers);
    let (second, checking) = world.wishes(&headers);
    drop(world.start(first));
    let (_, fetching) = world.start(second);
    fetching.resume(Ok(document(&[entry(1)])), world.now);
    world.decided(checking).unwrap();
    // One that never started is no attempt either.
    let other = World::new();
    let headers = other.delivery(1);
    drop(other.wishes(&headers));
    other.deliver_fetching(1, document(&[entry(1)])).unwrap();
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
    let outcome = world.deliver_answered(9, Ok(document(&[entry(1)])));
    assert_eq!(reason(outcome), (Reason::NoMatchingSignature, 401), "it retired");
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
fn a_wall_clock_that_jumps_does_not_fetch() {
    let mut world = World::fetched(&[entry(1)]);
    world.now.wall = "2027-11-21T10:00:00Z".parse().unwrap();
    world.deliver(1).unwrap();
    world.now.wall = "2025-11-21T10:00:00Z".parse().unwrap();
    world.deliver(1).unwrap();
}
