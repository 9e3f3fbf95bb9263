//! Runs the receiver on the machine of the tests. `.ci/constrained` compiles it for machines without std.

use std::time::Duration;

use connect_types::{
    jiff::Timestamp,
    webhooks::{Reason, SignedDelivery, TOLERANCE, testing},
};
use no_std_webhooks::Receiver;

const SENT: i64 = 1_790_000_000;

fn receive(receiver: &mut Receiver, id: &str, now: i64) -> Result<Option<String>, Reason> {
    let body = br#"{"userId": "ada", "events": [{"id": "e1", "title": "Choir"}]}"#;
    let timestamp = SENT.to_string();
    let signatures = testing::signature(id, &timestamp, body);
    let delivery = SignedDelivery { id, timestamp: &timestamp, signatures: &signatures, body };
    // `verify` ignores the fraction of the second, and so must the memory of the receiver.
    let now = Timestamp::new(now, 999_999_999).unwrap();
    let delivery = receiver.receive(delivery, now)?;
    Ok(delivery.map(|delivery| delivery.events[0].event.title.to_string()))
}

#[test]
fn delivery_is_returned_once() {
    let key = testing::public_key().to_string();
    let mut receiver = Receiver::new(&[&key], TOLERANCE).unwrap();
    assert_eq!(receive(&mut receiver, "msg_1", SENT).unwrap().as_deref(), Some("Choir"));
    assert_eq!(receive(&mut receiver, "msg_1", SENT + 300).unwrap(), None);
    assert_eq!(receive(&mut receiver, "msg_2", SENT + 300).unwrap().as_deref(), Some("Choir"));
    assert_eq!(receive(&mut receiver, "msg_1", SENT + 301), Err(Reason::TimestampOutOfTolerance));
}

#[test]
fn tolerance_is_that_of_the_receiver() {
    let key = testing::public_key().to_string();
    let mut receiver = Receiver::new(&[&key], Duration::from_secs(3600)).unwrap();
    assert!(receive(&mut receiver, "msg_1", SENT - 3600).unwrap().is_some());
    assert!(receive(&mut receiver, "msg_1", SENT + 3600).unwrap().is_none(), "returned two hours ago");
}

#[test]
fn delivery_signed_with_another_key_is_refused() {
    let other = "whpk_6kpsY+KcUgq+9VB7Ey7F+ZVHdq6+vnuSQh7qaRRG0iw=";
    let mut receiver = Receiver::new(&[other], TOLERANCE).unwrap();
    assert_eq!(receive(&mut receiver, "msg_1", SENT), Err(Reason::NoMatchingSignature));
    assert!(Receiver::new(&["whpk_"], TOLERANCE).is_err());
}
