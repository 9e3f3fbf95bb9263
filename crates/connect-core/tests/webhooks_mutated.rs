//! Checks that 100 000 deliveries with flipped bits in headers or body are refused.
#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{cell::Cell, collections::BTreeMap};

use connect_core::webhooks::{Reason, testing, verify};
use http::{HeaderMap, HeaderValue};
use jiff::Timestamp;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

const HEADERS: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

#[test]
fn no_mutated_delivery_verifies() {
    let (verified, unsendable) = (Cell::new(0), Cell::new(0));
    let reasons = Cell::new(BTreeMap::<&str, u32>::new());
    let config = Config { cases: 10_000, failure_persistence: None, ..Config::default() };
    // Most flips are in the signature or the body. A delivery with a flip in its id or timestamp is often
    // refused before its signature is checked.
    let part = prop_oneof![1 => 0..2_usize, 4 => 2..4_usize];
    let flips = prop::collection::vec((part, any::<prop::sample::Index>(), 0..8_u32), 1..4);
    let delivery = ("[!-~]{1,40}", "[ -~\u{e9}\u{2615}]{0,200}", 0..4_000_000_000_i64);

    TestRunner::new(config)
        .run(&(delivery, prop::collection::vec(flips, 11)), |((id, title, second), mutations)| {
            let now = Timestamp::from_second(second).unwrap();
            let text = serde_json::to_string(&title).unwrap();
            let body = format!(r#"{{"userId":"ann","events":[{{"id":"e1","title":{text}}}]}}"#);
            let request = testing::sign(&id, body, now);
            let genuine = verify(request.headers(), request.body(), &[testing::public_key()], now);
            let genuine = genuine.map(|verified| verified.delivery.events[0].event.title.clone());
            prop_assert_eq!(genuine, Ok(title));
            let mut before: Vec<Vec<u8>> =
                HEADERS.iter().map(|name| request.headers()[*name].as_bytes().to_vec()).collect();
            before.push(request.body().to_vec());

            for flips in mutations {
                let mut parts = before.clone();
                for (part, place, bit) in flips {
                    let part = &mut parts[part];
                    let at = place.index(part.len());
                    part[at] ^= 1 << bit;
                }
                if parts == before {
                    continue; // two flips of the same bit cancel each other
                }
                let mut headers = HeaderMap::new();
                for (name, value) in HEADERS.into_iter().zip(&parts) {
                    match HeaderValue::from_bytes(value) {
                        Ok(value) => drop(headers.insert(name, value)),
                        Err(_) => unsendable.set(unsendable.get() + 1),
                    }
                }
                match verify(&headers, &parts[3], &[testing::public_key()], now) {
                    Ok(_) => verified.set(verified.get() + 1),
                    Err(Reason::InvalidPayload) => prop_assert!(false, "the signature was accepted"),
                    Err(reason) => {
                        let mut seen = reasons.take();
                        *seen.entry(reason.code()).or_default() += 1;
                        reasons.set(seen);
                    }
                }
                prop_assert_eq!(verified.get(), 0);
            }
            Ok(())
        })
        .unwrap();

    let reasons = reasons.take();
    println!("{reasons:?}, headers that cannot be sent: {}", unsendable.get());
    // Most deliveries must have reached the check of the signature.
    assert!(reasons["no_matching_signature"] > 50_000, "{reasons:?}");
    assert!(reasons.values().sum::<u32>() > 100_000, "{reasons:?}");
}
