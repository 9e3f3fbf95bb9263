//! The key ring, driven step by step: which keys are used, for how long, and when they are fetched.
#![cfg(feature = "webhooks")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod document;
mod fetches;
mod world;
