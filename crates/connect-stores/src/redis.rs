//! Tokens, and deliveries that were handled, in Redis.
//!
//! ```text
//!   lock     SET <lock> <random> NX PX <lease>, then a number that only grows
//!   prepare  a script: if the lock and its number are still mine, write the number again
//!   save     a script: if the lock and its number are still mine, HSET
//!   release  a script: if the lock is still mine, DEL
//! ```
//!
//! A lock is a key that Redis lets expire. Its holder is known by a random text, and by a number that every lock of the
//! user counts up; a script compares both and writes in one step, so whoever lost the lock writes nothing. Redis does not
//! know whether a holder lives: the lock of a process that was killed ends with its lease.

#[cfg(feature = "webhooks")]
mod guard;
mod link;
mod store;

#[cfg(feature = "webhooks")]
pub use guard::RedisReplayGuard;
pub use redis;
pub use store::RedisStore;
