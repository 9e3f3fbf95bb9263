//! A token store in a table of the application, in SQLite: see README.md.

use std::{
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use connect_blocking::{StoreError, StoreLock, TokenKey, TokenStore, Tokens, Written};
use rusqlite::{Connection, OptionalExtension as _, Params, params};

/// One row for each user and service. The lock of a row is a number that each holder increments.
const TABLE: &str = "CREATE TABLE IF NOT EXISTS calendar_tokens (
    user TEXT NOT NULL, service TEXT NOT NULL, tokens TEXT,
    lock_number INTEGER NOT NULL DEFAULT 0, locked_until REAL NOT NULL DEFAULT 0,
    PRIMARY KEY (user, service)) STRICT";
const LOAD: &str = "SELECT tokens FROM calendar_tokens WHERE user = ?1 AND service = ?2";
const LOCK: &str = "INSERT INTO calendar_tokens (user, service, lock_number, locked_until)
    VALUES (?1, ?2, 1, unixepoch('subsec') + ?3)
    ON CONFLICT DO UPDATE SET lock_number = lock_number + 1, locked_until = excluded.locked_until
    WHERE locked_until <= unixepoch('subsec') RETURNING lock_number";
/// Every write changes a row only while its holder has the lock.
const SAVE: &str = "UPDATE calendar_tokens SET tokens = ?4
    WHERE user = ?1 AND service = ?2 AND lock_number = ?3 AND locked_until > unixepoch('subsec')";
const PREPARE: &str = "UPDATE calendar_tokens SET tokens = tokens
    WHERE user = ?1 AND service = ?2 AND lock_number = ?3 AND locked_until > unixepoch('subsec')";
const RELEASE: &str = "UPDATE calendar_tokens SET locked_until = 0
    WHERE user = ?1 AND service = ?2 AND lock_number = ?3";

/// The table with the tokens. Several processes of one machine can open the same file.
#[derive(Clone)]
pub struct TokenTable(Arc<Mutex<Connection>>);

impl TokenTable {
    /// Opens the database of the application, and creates the table if it is missing.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path).map_err(failed)?;
        connection.busy_timeout(Duration::from_secs(5)).map_err(failed)?;
        // A save is on the disk when it returns.
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        connection.execute(TABLE, []).map_err(failed)?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn read(&self, row: &Row) -> Result<Option<Tokens>, StoreError> {
        let text = self.connection().query_row(LOAD, params![row.user, row.service], |row| row.get(0));
        let text: Option<String> = text.optional().map_err(failed)?.flatten();
        text.map(|text| serde_json::from_str(&text))
            .transpose()
            .map_err(|_| StoreError::new("the tokens are not JSON"))
    }
}

/// The key of a row.
#[derive(Clone)]
struct Row {
    user: String,
    service: String,
}

impl Row {
    fn of(key: &TokenKey) -> Self {
        Self { user: key.user.to_string(), service: format!("{} {}", key.issuer, key.client_id) }
    }
}

impl TokenStore for TokenTable {
    fn load(&self, key: &TokenKey) -> Result<Option<Tokens>, StoreError> {
        self.read(&Row::of(key))
    }

    fn try_lock(&self, key: &TokenKey, lease: Duration) -> Result<Option<Box<dyn StoreLock>>, StoreError> {
        let row = Row::of(key);
        let values = params![row.user, row.service, lease.as_secs_f64()];
        let number = self.connection().query_row(LOCK, values, |row| row.get::<_, i64>(0));
        let number = number.optional().map_err(failed)?;
        Ok(number.map(|number| Box::new(Lock { table: self.clone(), row, number }) as _))
    }
}

struct Lock {
    table: TokenTable,
    row: Row,
    number: i64,
}

impl Lock {
    fn write(&self, statement: &str, values: impl Params) -> Result<Written, StoreError> {
        match self.table.connection().execute(statement, values).map_err(failed)? {
            1 => Ok(Written::Durable),
            _ => Err(StoreError::lost_lease()), // the lease is over, and nothing was written
        }
    }

    fn free(&self) -> Result<(), StoreError> {
        let values = params![self.row.user, self.row.service, self.number];
        self.table.connection().execute(RELEASE, values).map(drop).map_err(failed)
    }
}

impl StoreLock for Lock {
    fn load(&mut self) -> Result<Option<Tokens>, StoreError> {
        self.table.read(&self.row)
    }

    /// Writes the same value, so that a full disk or a read-only file is noticed before the exchange.
    fn prepare(&mut self) -> Result<(), StoreError> {
        self.write(PREPARE, params![self.row.user, self.row.service, self.number]).map(drop)
    }

    fn save(&mut self, tokens: &Tokens) -> Result<Written, StoreError> {
        let text = serde_json::to_string(tokens)
            .map_err(|_| StoreError::new("the tokens cannot be written as JSON"))?;
        self.write(SAVE, params![self.row.user, self.row.service, self.number, text])
    }

    fn delete(&mut self) -> Result<Written, StoreError> {
        self.write(SAVE, params![self.row.user, self.row.service, self.number, None::<String>])
    }

    fn release(self: Box<Self>) -> Result<(), StoreError> {
        self.free()
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.free(); // otherwise the lease ends by itself
    }
}

fn failed(error: rusqlite::Error) -> StoreError {
    StoreError::new("the database failed").with_source(error)
}
