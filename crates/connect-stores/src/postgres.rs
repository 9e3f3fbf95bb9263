//! Tokens, and deliveries that were handled, in PostgreSQL.
//!
//! ```text
//!   lock     INSERT .. ON CONFLICT DO UPDATE .. WHERE its time is over, or its holder is gone
//!   prepare  UPDATE the record to what it is, if the lock is still mine
//!   save     INSERT .. SELECT .. FROM the lock WHERE it is still mine FOR UPDATE
//!   release  DELETE .. WHERE it is mine
//! ```
//!
//! A lock is a row with its holder and its end, by the server's clock. Every write names the holder and checks, in the
//! same statement, that the row is still theirs: whoever lost it writes nothing. No connection is kept from the lock to
//! the release, so a few serve any number of users, and no two of them wait for each other.
//!
//! So that nobody waits for the lease of a process that is gone, each store keeps one session with an advisory lock of
//! its own; the server lets go of that when the session ends, and whoever finds it free takes the locks of its holder.
//! A pooler between must not hand one session to several processes: an advisory lock looks free to its own session.

#[cfg(feature = "webhooks")]
mod guard;
mod link;
mod store;

pub use deadpool_postgres;
#[cfg(feature = "webhooks")]
pub use guard::PostgresReplayGuard;
pub use store::PostgresStore;

/// The statements that make the tables, in their order. Each may be run again.
///
/// [`PostgresStore::migrate`] runs them; who has a tool for migrations gives it these.
pub const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_tokens_and_deliveries.sql")];
