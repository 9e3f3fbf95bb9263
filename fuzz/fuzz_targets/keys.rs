//! The document of the keys, with the status it came with: a delivery is believed only for a key that stands in it and
//! is not withdrawn, and a ring that is given what another fetched says the same.

#![no_main]

use connect_core::{machine::Now, types::KeyStatus, webhooks::{CheckStep, FetchedKeys, KeyRing, Reason, testing}};
use connect_fuzz::{Input, World, answer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let status = input.status();
    let body = input.rest();
    let world = World::new();
    let ring = KeyRing::new(&world.app).expect("no pinned key");
    let delivery = testing::sign("msg_1", "{}", world.now.wall);
    let CheckStep::Fetch(fetch, checking) = ring.check(delivery.headers(), delivery.body(), world.now) else {
        panic!("without keys they are fetched");
    };
    let (_, fetching) = fetch.start(world.now).expect("the first fetch");
    fetching.resume(Ok(answer(status, body)), world.now);
    let outcome = done(checking.resume(world.now));

    let Some(kept) = ring.fetched() else {
        let rejection = outcome.expect_err("without keys nothing is believed");
        assert_eq!(rejection, (Reason::NoPublicKeys, 503), "the service should try again");
        return;
    };
    assert!(status.is_success(), "an error lists no keys");
    let ours = testing::public_key().to_string();
    let stands = kept.document.keys.iter().any(|key| {
        let good =
            matches!(key.status, None | Some(KeyStatus::Active | KeyStatus::Previous | KeyStatus::Other(_)));
        good && key.key.as_deref() == Some(&ours) && key.retires_at.is_none_or(|end| world.now.wall < end)
    });
    assert!(outcome.is_err() || stands, "believed for a key that is not in use");
    restored(kept, outcome.is_ok(), world.now);
});

/// What is kept across a restart decides as what was fetched did.
fn restored(kept: FetchedKeys, believed: bool, now: Now) {
    let text = serde_json::to_string(&kept).expect("keys are written");
    let again: FetchedKeys = serde_json::from_str(&text).expect("and read");
    assert_eq!(again, kept);
    let world = World::new();
    let ring = KeyRing::new(&world.app).expect("no pinned key");
    ring.restore(again, now);
    let delivery = testing::sign("msg_1", "{}", now.wall);
    let outcome = ring.check(delivery.headers(), delivery.body(), now);
    let believes = matches!(outcome, CheckStep::Done(Ok(_), _));
    assert_eq!(believes, believed, "{text}");
}

fn done(step: CheckStep<'_>) -> Result<(), (Reason, u16)> {
    let CheckStep::Done(outcome, _) = step else { panic!("a delivery waits for the keys once") };
    outcome.map(drop).map_err(|rejection| (rejection.reason(), rejection.status().as_u16()))
}
