//! Fetches the document with the webhook keys. Input: a line with the status of the response, then its body.
//!
//! A delivery must be accepted only with a key that the document lists as valid. A key ring restored from a
//! document must accept the same deliveries as the key ring that fetched the document.

#![no_main]

use connect_core::{
    machine::Now,
    types::KeyStatus,
    webhooks::{CheckStep, FetchedKeys, KeyRing, Reason, testing},
};
use connect_fuzz::{Input, World, response};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let status = input.status();
    let body = input.rest();
    let world = World::new();
    let ring = KeyRing::new(&world.app).expect("no pinned key");
    let delivery = testing::sign("msg_1", "{}", world.now.wall);
    let CheckStep::Fetch(fetch, checking) = ring.check(delivery.headers(), delivery.body(), world.now) else {
        panic!("a check without keys does not fetch the keys");
    };
    let (_, fetching) = fetch.start(world.now).expect("the first fetch");
    fetching.resume(Ok(response(status, body)), world.now);
    let outcome = done(checking.resume(world.now));

    let Some(kept) = ring.fetched() else {
        let rejection = outcome.expect_err("a delivery without keys is refused");
        assert_eq!(rejection, (Reason::NoPublicKeys, 503), "the service must retry the delivery");
        return;
    };
    assert!(status.is_success(), "keys of an error response are used");
    let ours = testing::public_key().to_string();
    let is_listed = kept.document.keys.iter().any(|key| {
        let is_valid =
            matches!(key.status, None | Some(KeyStatus::Active | KeyStatus::Previous | KeyStatus::Other(_)));
        is_valid && key.key.as_deref() == Some(&ours) && key.retires_at.is_none_or(|end| world.now.wall < end)
    });
    assert!(outcome.is_err() || is_listed, "a delivery is accepted with a key that is not listed as valid");
    check_restored(kept, outcome.is_ok(), world.now);
});

/// Checks that a key ring restored from stored keys accepts a delivery exactly if `accepted` is true.
fn check_restored(kept: FetchedKeys, accepted: bool, now: Now) {
    let text = serde_json::to_string(&kept).expect("keys can be encoded");
    let again: FetchedKeys = serde_json::from_str(&text).expect("encoded keys can be decoded");
    assert_eq!(again, kept);
    let world = World::new();
    let ring = KeyRing::new(&world.app).expect("no pinned key");
    ring.restore(again, now);
    let delivery = testing::sign("msg_1", "{}", now.wall);
    let outcome = ring.check(delivery.headers(), delivery.body(), now);
    let accepts = matches!(outcome, CheckStep::Done(Ok(_), _));
    assert_eq!(accepts, accepted, "{text}");
}

fn done(step: CheckStep<'_>) -> Result<(), (Reason, u16)> {
    let CheckStep::Done(outcome, _) = step else { panic!("a check waits for the keys twice") };
    outcome.map(drop).map_err(|rejection| (rejection.reason(), rejection.status().as_u16()))
}
