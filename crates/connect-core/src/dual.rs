//! Code that the async and the blocking client share: macros, traits and types.

mod caller;
#[cfg(feature = "webhooks")]
mod deliveries;
mod facade;
mod setup;
mod tls;

pub use caller::{AsyncCaller, Caller};
pub use facade::{CreateOutcome, Reply};
