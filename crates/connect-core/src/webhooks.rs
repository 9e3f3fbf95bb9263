//! Deliveries of changes: whether one is genuine, whether it was handled already, and which subscriptions are due.
//!
//! ```text
//!   headers, body ── verify ──> Verified ── ReplayGuard::claim ──> handle it ──> done, or release
//!        │              ▲
//!        │        the keys: given, or of a KeyRing, which fetches them
//!        └──> Reason: what to answer, and whether the service should try again
//! ```
//!
//! [`verify`] is pure and fits any framework. The clients do the rest: `client.webhooks().receive(&headers, &body)`
//! fetches the keys, verifies, and lets each delivery through once. Who has neither drives a [`KeyRing`], which shows the
//! whole loop, and a [`ReplayGuard`], which has the rules of a claim.
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
//! assert_eq!((refused, refused.status().as_u16()), (Reason::NoMatchingSignature, 401));
//! # Ok::<(), jiff::Error>(())
//! ```
//!
//! Deliveries may come late, twice and out of order, and may be caused by the application's own writes: see
//! [`ReplayGuard`], [`Order`] and [`Origin`].

mod fetch;
mod fetched;
mod key;
mod order;
mod origin;
mod reason;
mod replay;
mod replay_memory;
mod ring;
pub mod testing;
mod upkeep;
mod verify;

pub use fetch::{Fetch, Fetching, KEYS_TIMEOUT};
pub use fetched::FetchedKeys;
pub use key::{InvalidKey, PublicKey};
pub use order::Order;
pub use origin::Origin;
pub use reason::{Declined, Reason, Rejection};
pub use replay::{AsyncReplayClaim, AsyncReplayGuard, Claimed, ReplayClaim, ReplayGuard, SHORTEST_MEMORY};
pub use replay_memory::ReplayMemory;
pub use ring::{CheckStep, Checking, KeyRing};
pub use upkeep::{Held, Upkeep, UpkeepAction};
pub use verify::{TOLERANCE, Verified, verify};
