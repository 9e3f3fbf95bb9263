//! Stores tokens and handled webhook deliveries in PostgreSQL.
//!
//! ```text
//!   lock     INSERT .. ON CONFLICT DO UPDATE .. WHERE the lease has expired or the holder has exited
//!   prepare  UPDATE the record with the same value, if this holder still has the lock
//!   save     INSERT .. SELECT .. FROM the lock row WHERE this holder still has it FOR UPDATE
//!   release  DELETE the lock row WHERE this holder has it
//! ```
//!
//! A lock is a row with the holder and the expiry time. The server's clock decides when a lock expires. Every
//! write checks in the same statement that the holder still has the row, so a holder that lost its lock
//! writes nothing. A lock occupies no connection, so a few connections serve any number of users.
//!
//! Each store has one PostgreSQL session (a connection) that holds an advisory lock. When the session ends,
//! the server frees the advisory lock. Other processes can then take over the locks of the store, even if the
//! leases have not ended. A connection pooler must not let several processes use one session, because
//! PostgreSQL grants an advisory lock again to the session that has it.

mod connections;
#[cfg(feature = "webhooks")]
mod guard;
mod store;

pub use deadpool_postgres;
#[cfg(feature = "webhooks")]
pub use guard::PostgresReplayGuard;
pub use store::PostgresStore;

/// The SQL scripts that create the tables, in order. Each script can be run repeatedly.
///
/// [`PostgresStore::migrate`] runs the scripts. You can run the scripts with your own migration
/// tool instead.
pub const MIGRATIONS: &[&str] = &[include_str!("../migrations/0001_tokens_and_deliveries.sql")];
