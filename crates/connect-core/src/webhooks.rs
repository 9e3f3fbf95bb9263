//! Verifies webhook deliveries, refuses repeated deliveries, and plans which subscriptions to renew.
//!
//! ```text
//!   headers, body ── verify ──> Verified ── ReplayGuard::claim ──> handle it ──> done, or release
//!        │              ▲
//!        │        the public keys: passed in, or fetched by a KeyRing
//!        └──> Reason: the status to respond with (503: the service should send the delivery again)
//! ```
//!
//! [`verify`] is a pure function and works with any web framework. In the clients,
//! `client.webhooks().receive(&headers, &body)` fetches the keys, verifies the delivery, and refuses a
//! delivery that was already handled. Without a client, drive a [`KeyRing`] (see its example) and claim
//! deliveries with a [`ReplayGuard`].
//!
//! ```
//! use connect_core::webhooks::{Reason, testing, verify};
//!
//! let now = "2026-11-21T10:00:00Z".parse()?;
//! let request = testing::sign("msg_1", r#"{"userId": "ada", "events": [{"id": "e1"}]}"#, now);
//! let verified = verify(request.headers(), request.body(), &[testing::public_key()], now).unwrap();
//! assert_eq!(verified.delivery.events[0].event.id, "e1");
//!
//! let refused = verify(request.headers(), b"{}", &[testing::public_key()], now).unwrap_err();
//! assert_eq!((refused, refused.status()), (Reason::NoMatchingSignature, 401));
//! # Ok::<(), jiff::Error>(())
//! ```
//!
//! See [`ReplayGuard`] for deliveries that arrive twice, [`Order`] for deliveries that arrive out of order,
//! and [`Origin`] for deliveries that report the application's own writes.

mod fetch;
mod fetched;
mod order;
mod origin;
mod reason;
mod replay;
mod replay_memory;
mod ring;
pub mod testing;
mod upkeep;
mod verify;

#[doc(inline)]
pub use connect_types::webhooks::{
    InvalidKey, PublicKey, Reason, SignedDelivery, TOLERANCE, UnverifiedDelivery, Verified,
};
pub use fetch::{Fetch, Fetching, KEYS_TIMEOUT};
pub use fetched::FetchedKeys;
pub use order::Order;
pub use origin::Origin;
pub use reason::{Declined, Rejection};
pub use replay::{AsyncReplayClaim, AsyncReplayGuard, Claimed, ReplayClaim, ReplayGuard, SHORTEST_MEMORY};
pub use replay_memory::ReplayMemory;
pub use ring::{CheckStep, Checking, KeyRing};
pub use upkeep::{Held, Upkeep, UpkeepAction};
pub use verify::{signed_delivery, verify};
