//! The key ring, driven by hand: which keys are used and for how long, and when they are fetched.
#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod document;
mod fetches;
mod world;
