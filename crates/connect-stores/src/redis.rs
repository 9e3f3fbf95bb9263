//! Stores tokens and handled webhook deliveries in Redis.
//!
//! ```text
//!   lock     SET <lock> <random> NX PX <lease>, then increment the fencing number
//!   prepare  a script: if <lock> and the fencing number are unchanged, write the number again
//!   save     a script: if <lock> and the fencing number are unchanged, HSET
//!   release  a script: if <lock> is unchanged, DEL
//! ```
//!
//! A lock is a key that expires. A lock is identified by a random text and by a fencing number. The fencing
//! number of a user is incremented each time the user's lock is taken. A script checks the random text and
//! the fencing number, and writes, in one atomic step. A holder that lost its lock therefore writes nothing.
//! Redis cannot tell whether a holder is alive, so the lock of a killed process ends with its lease.

mod connection;
#[cfg(feature = "webhooks")]
mod guard;
mod store;

#[cfg(feature = "webhooks")]
pub use guard::RedisReplayGuard;
pub use redis;
pub use store::RedisStore;
