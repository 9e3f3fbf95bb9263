//! A webhook delivery: a line each for id, timestamp and signature, then the body. The target verifies the
//! delivery unchanged, and then a delivery with the same id and body and a valid signature.
//!
//! If a line is `-`, the delivery does not have that header. If a line begins with `+`, the
//! delivery has that header twice.

#![no_main]

use connect_core::webhooks::{Reason, testing, verify};
use connect_fuzz::{Input, at, is_object};
use http::{HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;

const NAMES: [&str; 3] = ["webhook-id", "webhook-timestamp", "webhook-signature"];

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let lines: [&[u8]; 3] = std::array::from_fn(|_| input.line());
    let body = input.rest();
    check_unsigned(lines, body);
    check_signed(lines[0], body);
});

fn check_unsigned(lines: [&[u8]; 3], body: &[u8]) {
    let mut headers = HeaderMap::new();
    for (name, line) in NAMES.into_iter().zip(lines) {
        let (twice, text) = match line {
            b"-" => continue,
            [b'+', text @ ..] => (true, text),
            text => (false, text),
        };
        let Ok(value) = HeaderValue::from_bytes(text) else { continue };
        headers.append(name, value.clone());
        if twice {
            headers.append(name, value);
        }
    }
    let now = at().wall;
    let outcome = verify(&headers, body, &[testing::public_key()], now);
    let texts = NAMES.map(|name| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default());
    let once = NAMES.iter().all(|name| headers.get_all(*name).iter().count() == 1);
    if !once || texts.contains(&"") {
        assert_eq!(outcome, Err(Reason::MissingHeaders));
    } else if !texts[1].bytes().all(|byte| byte.is_ascii_digit()) {
        assert_eq!(outcome, Err(Reason::InvalidTimestamp));
    } else if texts[1].parse::<i64>().is_ok_and(|at| at.abs_diff(now.as_second()) <= 300) {
        // Signing is deterministic, so a valid signature can be recognized.
        let signed = testing::sign(
            texts[0],
            body.to_vec(),
            jiff::Timestamp::from_second(texts[1].parse().expect("digits")).expect("near now"),
        );
        let signature = signed.headers().get(NAMES[2]).and_then(|value| value.to_str().ok()).expect("signed");
        let is_canonical = texts[1] == texts[1].parse::<i64>().expect("digits").to_string();
        let is_signed = is_canonical && texts[2].split(' ').any(|entry| entry == signature);
        match outcome {
            Ok(_) => assert!(is_object(body) && (is_signed || !is_canonical)),
            Err(Reason::InvalidPayload) => assert!(!is_object(body) && (is_signed || !is_canonical)),
            // A valid signature is not found if too many invalid signatures precede it.
            Err(reason) => assert_eq!(reason, Reason::NoMatchingSignature),
        }
    } else {
        assert_eq!(outcome, Err(Reason::TimestampOutOfTolerance));
    }
}

fn check_signed(id: &[u8], body: &[u8]) {
    let id = std::str::from_utf8(id)
        .ok()
        .filter(|id| HeaderValue::from_str(id).is_ok_and(|id| id.to_str().is_ok()));
    let id = id.filter(|id| !id.is_empty()).unwrap_or("msg_1");
    let now = at().wall;
    let request = testing::sign(id, body.to_vec(), now);
    let outcome = verify(request.headers(), request.body(), &[testing::public_key()], now);
    match outcome {
        Ok(verified) => {
            assert!(is_object(body), "a delivery that is not an object is accepted");
            assert_eq!((&*verified.id, verified.timestamp), (id, now));
        }
        Err(reason) => {
            assert_eq!(reason, Reason::InvalidPayload);
            assert!(!is_object(body), "a delivery that is an object is refused");
        }
    }
    let longer = [body, b" "].concat();
    let tampered = verify(request.headers(), &longer, &[testing::public_key()], now);
    assert_eq!(tampered, Err(Reason::NoMatchingSignature));
}
