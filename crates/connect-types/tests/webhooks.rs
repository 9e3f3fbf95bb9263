//! Tests of what the plain API adds. The tests of the core verify deliveries with headers.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use connect_types::webhooks::{Reason, SignedDelivery, TOLERANCE, Verified, testing};
use jiff::Timestamp;

const SENT: i64 = 1_790_000_000;

fn verify_at(now: i64, tolerance: Duration) -> Result<Verified, Reason> {
    let timestamp = SENT.to_string();
    let signatures = testing::signature("msg_1", &timestamp, b"{}");
    SignedDelivery { id: "msg_1", timestamp: &timestamp, signatures: &signatures, body: b"{}" }.verify(
        &[testing::public_key()],
        Timestamp::from_second(now).unwrap(),
        tolerance,
    )
}

#[test]
fn tolerance_is_inclusive_on_both_sides() {
    let hour = Duration::from_secs(3600);
    for (tolerance, seconds) in [(Duration::ZERO, 0), (TOLERANCE, 300), (hour, 3600)] {
        for sign in [-1, 1] {
            assert!(verify_at(SENT + sign * seconds, tolerance).is_ok(), "{tolerance:?}");
            let outside = verify_at(SENT + sign * (seconds + 1), tolerance);
            assert_eq!(outside.unwrap_err(), Reason::TimestampOutOfTolerance, "{tolerance:?}");
        }
    }
    assert!(verify_at(0, Duration::MAX).is_ok());
}

#[test]
fn timestamp_outside_the_calendar_is_refused_with_any_tolerance() {
    for timestamp in [i64::MAX.to_string(), "253402300800".to_owned()] {
        let signatures = testing::signature("msg_1", &timestamp, b"{}");
        let received =
            SignedDelivery { id: "msg_1", timestamp: &timestamp, signatures: &signatures, body: b"{}" };
        let refused = received.verify(&[testing::public_key()], Timestamp::UNIX_EPOCH, Duration::MAX);
        assert_eq!(refused.unwrap_err(), Reason::TimestampOutOfTolerance, "{timestamp}");
    }
}

#[test]
fn empty_or_unprintable_text_is_a_missing_header() {
    let timestamp = SENT.to_string();
    for bad in ["", "msg\n1", "msg\u{e9}", "\u{7f}"] {
        // The signature is valid, so only the check of the header can refuse the delivery.
        let signatures = testing::signature(bad, &timestamp, b"{}");
        let good =
            SignedDelivery { id: "msg_1", timestamp: &timestamp, signatures: &signatures, body: b"{}" };
        let cases = [
            SignedDelivery { id: bad, ..good },
            SignedDelivery { timestamp: bad, ..good },
            SignedDelivery { signatures: bad, ..good },
        ];
        for case in cases {
            let refused =
                case.verify(&[testing::public_key()], Timestamp::from_second(SENT).unwrap(), TOLERANCE);
            assert_eq!(refused.unwrap_err(), Reason::MissingHeaders, "{case:?}");
        }
    }
}

#[test]
fn delivery_can_be_verified_with_other_keys_later() {
    let timestamp = SENT.to_string();
    let signatures = testing::signature("msg_1", &timestamp, b"[]");
    let received =
        SignedDelivery { id: "msg_1", timestamp: &timestamp, signatures: &signatures, body: b"[]" };
    let mut checked = received.check_headers(Timestamp::from_second(SENT).unwrap(), TOLERANCE).unwrap();
    assert!(checked.is_signed());
    assert_eq!(checked.verify([]).unwrap_err(), Reason::NoPublicKeys);
    let other = "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=".parse().unwrap();
    assert_eq!(checked.verify([&other]).unwrap_err(), Reason::NoMatchingSignature);
    assert_eq!(checked.verify([&other, &testing::public_key()]).unwrap_err(), Reason::InvalidPayload);
}

#[test]
fn debug_hides_the_body() {
    let received =
        SignedDelivery { id: "msg_1", timestamp: "1790000000", signatures: "v1a,", body: b"private" };
    let checked = received.check_headers(Timestamp::from_second(SENT).unwrap(), TOLERANCE).unwrap();
    for text in [format!("{received:?}"), format!("{checked:?}")] {
        assert!(text.contains("msg_1") && !text.contains("private") && !text.contains("112, 114"), "{text}");
    }
}
