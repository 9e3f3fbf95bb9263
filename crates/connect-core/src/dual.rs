//! What both clients have in common, written once.

mod caller;
#[cfg(feature = "webhooks")]
mod deliveries;
mod facade;
mod setup;
mod tls;

pub use caller::{AsyncCaller, Caller};
pub use facade::{Once, Reply};
