//! Opens the token stores that are measured.

use std::{fs::File, str::FromStr, sync::Arc};

use connect_core::{MemoryStore, TokenStore, Tokens};
use connect_stores::{FileStore, PostgresStore, RedisStore};
use connect_tests::world::Failure;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum StoreKind {
    Memory,
    File,
    Postgres,
    Redis,
}

impl StoreKind {
    pub(crate) const ALL: [Self; 4] = [Self::Memory, Self::File, Self::Postgres, Self::Redis];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::File => "file",
            Self::Postgres => "postgres",
            Self::Redis => "redis",
        }
    }
}

impl FromStr for StoreKind {
    type Err = Failure;

    fn from_str(name: &str) -> Result<Self, Failure> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| format!("{name} is not a store (expected memory, file, postgres or redis)").into())
    }
}

/// The location of a store: a folder, a URL, or for the memory store a file with initial token pairs.
pub(crate) struct StoreLocation {
    pub(crate) kind: StoreKind,
    pub(crate) location: String,
}

impl StoreLocation {
    pub(crate) fn new(kind: StoreKind, folder: &std::path::Path) -> Result<Self, Failure> {
        let engine = |name| {
            std::env::var(name)
                .map_err(|_| format!("{name} is not set: run this with `bash tests/engines.sh`"))
        };
        let location = match kind {
            StoreKind::Memory => folder.join("pairs.json").display().to_string(),
            StoreKind::File => folder.join("tokens").display().to_string(),
            StoreKind::Postgres => engine("CONNECT_TEST_POSTGRES")?,
            StoreKind::Redis => engine("CONNECT_TEST_REDIS")?,
        };
        Ok(Self { kind, location })
    }

    /// Opens the store for a blocking client, and creates its tables if needed.
    pub(crate) fn open(&self) -> Result<Arc<dyn TokenStore>, Failure> {
        Ok(match self.kind {
            StoreKind::Memory => Arc::new(MemoryStore::new()),
            StoreKind::File => Arc::new(FileStore::open(&self.location)?),
            StoreKind::Postgres => {
                let store = PostgresStore::new(&self.location)?.blocking()?;
                store.migrate()?;
                Arc::new(store)
            }
            StoreKind::Redis => Arc::new(RedisStore::new(&self.location)?.blocking()?),
        })
    }

    /// Sets the store of an async client; the clients of a process share `memory`.
    pub(crate) fn attach(
        &self,
        builder: connect_hyper::Builder,
        memory: &MemoryStore,
    ) -> Result<connect_hyper::Builder, Failure> {
        Ok(match self.kind {
            StoreKind::Memory => builder.store(memory.clone()),
            StoreKind::File => builder.store(FileStore::open(&self.location)?),
            StoreKind::Postgres => builder.async_store(PostgresStore::new(&self.location)?),
            StoreKind::Redis => builder.async_store(RedisStore::new(&self.location)?),
        })
    }

    /// Writes the initial token pairs of the memory store.
    pub(crate) fn write_pairs(&self, pairs: &[(String, Tokens)]) -> Result<(), Failure> {
        Ok(serde_json::to_writer(File::create(&self.location)?, pairs)?)
    }

    /// Reads the initial token pairs of a memory store; returns an empty list for the other stores.
    pub(crate) fn pairs(&self) -> Result<Vec<(String, Tokens)>, Failure> {
        match self.kind {
            StoreKind::Memory => Ok(serde_json::from_str(&std::fs::read_to_string(&self.location)?)?),
            _ => Ok(Vec::new()),
        }
    }
}
