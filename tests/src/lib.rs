//! What the tests of the workspace share: sandboxes behind every transport, stores that fail on demand,
//! certificates.

pub mod authorization;
pub mod certificates;
#[path = "../../examples/custom-transport/src/transport.rs"]
pub mod plain_socket;
pub mod stores;
pub mod wire;
pub mod world;

/// The README's examples, which have to compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
