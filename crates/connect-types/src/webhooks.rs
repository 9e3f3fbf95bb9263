//! Verifies webhook deliveries from plain texts, without I/O and without the standard library.
//!
//! ```
//! use connect_types::webhooks::{Reason, SignedDelivery, TOLERANCE, testing};
//!
//! let now = "2026-11-21T10:00:00Z".parse()?;
//! let timestamp = "1795255200";
//! let body = br#"{"userId": "ada", "events": [{"id": "e1"}]}"#;
//! let signatures = testing::signature("msg_1", timestamp, body); // in a receiver: the header
//!
//! let received = SignedDelivery { id: "msg_1", timestamp, signatures: &signatures, body };
//! let verified = received.verify(&[testing::public_key()], now, TOLERANCE).unwrap();
//! assert_eq!(verified.delivery.events[0].event.id, "e1");
//!
//! let changed = SignedDelivery { body: b"{}", ..received };
//! let refused = changed.verify(&[testing::public_key()], now, TOLERANCE).unwrap_err();
//! assert_eq!((refused, refused.status()), (Reason::NoMatchingSignature, 401));
//! # Ok::<(), jiff::Error>(())
//! ```
//!
//! The service may send a delivery twice: remember the ids that were handled, for twice the tolerance.

mod key;
mod reason;
pub mod testing;
mod verify;

pub use key::{InvalidKey, PREFIX, PublicKey};
pub use reason::Reason;
pub use verify::{SignedDelivery, TOLERANCE, UnverifiedDelivery, Verified};
