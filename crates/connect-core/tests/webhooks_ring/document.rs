//! The key document: which keys are used, and for how long.

use std::time::Duration;

use connect_core::{
    App, Config, ErrorKind, Response, TransportError,
    webhooks::{CheckStep, FetchedKeys, KeyRing, Reason, testing},
};
use http::header;

use crate::world::{World, cached, document, entry, public, reason, status};

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
    // The time that the response spent in a cache shortens the validity of its keys (RFC 9111 section 5.1).
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
    assert_eq!(world.ring.fetched().unwrap().max_age, 86_400, "the rest of a week is capped at a day");
    // Keys that may not be cached are fetched again after a minute.
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
fn failed_fetch_keeps_the_keys() {
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
fn empty_key_list_removes_keys_but_unusable_list_keeps_them() {
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
        world.deliver_fetching(1, document(std::slice::from_ref(&text))).unwrap();
        world.pass(1);
        world.deliver(1).expect(&text);
        let rejection = world.deliver(2).unwrap_err();
        assert_eq!(rejection.status().as_u16(), 503);
        assert!(matches!(rejection.cause().unwrap().kind(), ErrorKind::Decode { .. }), "{rejection:?}");
    }
}

#[test]
fn byte_order_mark_before_the_document_is_skipped() {
    let mut answer = document(&[entry(1)]);
    let marked = [b"\xef\xbb\xbf", &answer.body()[..]].concat();
    *answer.body_mut() = marked.into();
    World::new().deliver_fetching(1, answer).unwrap();
}

#[test]
fn invalid_entry_does_not_hide_others() {
    for odd in ["null", "5", "\"text\"", "[]", "{}", r#"{"key": 5}"#, r#"{"key": "whpk_"}"#, r#"{"id": [1]}"#]
    {
        for entries in [[odd.to_owned(), entry(1)], [entry(1), odd.to_owned()]] {
            let world = World::new();
            world.deliver_fetching(1, document(&entries)).expect(odd);
            // In stored keys, the invalid entry does not hide the valid entry.
            let text = serde_json::to_string(&world.ring.fetched().unwrap()).unwrap();
            let restarted = World::new();
            restarted.ring.restore(serde_json::from_str(&text).unwrap(), restarted.now);
            restarted.deliver(1).expect(odd);
        }
    }
}

#[test]
fn key_status_and_retirement_are_checked() {
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
        // An `alg`, `status` or `retires_at` that cannot be decoded may mean that the key must not be used.
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
    // A key retires after the ring has fetched it.
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
fn pinned_key_is_used_until_the_first_fetch() {
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
    assert_eq!(
        reason(world.deliver(9)),
        (Reason::NoMatchingSignature, 401),
        "the pinned key is no longer used"
    );
    world.pass(3600);
    assert_eq!(reason(world.deliver_answered(9, Ok(document(&[])))), (Reason::NoPublicKeys, 503));
}

#[test]
fn invalid_pinned_key_is_a_configuration_error() {
    let mut config = Config::new("id", "secret", [7; 32]);
    config.webhook_key = Some("whpk_short".to_owned());
    let error = KeyRing::new(&App::new(config).unwrap()).map(|_| ()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Configuration));
}

#[test]
fn stored_keys_are_used_after_a_restart() {
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
    // Expired keys are fetched again, and used until newer ones arrive.
    new.deliver_answered(1, Err(TransportError::unreachable("no route"))).unwrap();

    // Keys stored with a wrong clock are fetched again immediately.
    let early = World::new();
    let future = FetchedKeys::clone(&kept);
    let mut behind = early.now;
    behind.wall = "2020-01-01T00:00:00Z".parse().unwrap();
    early.ring.restore(future, behind);
    early.deliver_fetching(1, document(&[entry(1)])).unwrap();

    // Stored keys never replace newer ones.
    let world = World::fetched(&[entry(2)]);
    world.ring.restore(kept, world.now);
    world.deliver(2).unwrap();
}

#[test]
fn stored_keys_are_interpreted_like_fetched_ones() {
    let kept = |entries: &[String]| World::fetched(entries).ring.fetched().unwrap();
    let unreachable = || Err(TransportError::unreachable("no route"));
    // An empty document removes all keys, including the pinned key.
    let world = World::with(|config| config.webhook_key = Some(public(9)));
    world.ring.restore(kept(&[]), world.now);
    assert_eq!(world.ring.fetched(), Some(kept(&[])));
    assert_eq!(reason(world.deliver_answered(9, unreachable())), (Reason::NoPublicKeys, 503));
    // A document without a usable key is ignored.
    let text = serde_json::to_string(&kept(&[entry(1)])).unwrap().replace("active", "revoked");
    let world = World::with(|config| config.webhook_key = Some(public(9)));
    world.ring.restore(serde_json::from_str(&text).unwrap(), world.now);
    assert_eq!(world.ring.fetched(), None);
    world.deliver_answered(9, unreachable()).unwrap();
}

#[test]
fn keys_expire_by_either_clock() {
    // The machine slept, so the monotonic clock advanced less than the wall clock.
    let mut world = World::fetched(&[entry(1)]);
    world.now.wall += Duration::from_secs(3599);
    world.now.monotonic += Duration::from_secs(60);
    world.deliver(1).unwrap();
    world.now.wall += Duration::from_secs(1);
    world.deliver_fetching(1, document(&[entry(2)])).unwrap();
    assert!(world.deliver(1).is_err());
    // The wall clock was set back.
    let mut world = World::fetched(&[entry(1)]);
    world.now.wall = "2025-11-21T10:00:00Z".parse().unwrap();
    world.deliver(1).unwrap();
    world.now.monotonic += Duration::from_secs(3600);
    world.deliver_fetching(1, document(&[entry(1)])).unwrap();
}

#[test]
fn test_keys_need_no_network() {
    let mut world = World::new();
    world.ring.restore(testing::keys(world.now.wall), world.now);
    for _ in 0..24 {
        let request = testing::sign("msg_1", "{}", world.now.wall);
        let step = world.ring.check(request.headers(), request.body(), world.now);
        assert!(matches!(step, CheckStep::Done(Ok(_), None)), "{step:?}");
        world.pass(3600 - 1);
    }
}
