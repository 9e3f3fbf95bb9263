//! Shared helpers for tests: sandboxes for every transport, stores that fail on demand, certificates.

pub mod authorization;
pub mod certificates;
#[path = "../../examples/custom-transport/src/transport.rs"]
pub mod plain_socket;
pub mod stores;
pub mod wire;
pub mod world;

/// The README, whose examples must compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;

/// The how-to for transports, whose example must compile.
#[cfg(doctest)]
#[doc = include_str!("../../docs/howto/transport.md")]
pub struct TransportHowto;
