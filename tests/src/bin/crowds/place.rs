//! The stores, and where each of them is.

use std::{fs::File, str::FromStr, sync::Arc};

use connect_core::{MemoryStore, TokenStore, Tokens};
use connect_stores::{FileStore, PostgresStore, RedisStore};
use connect_tests::world::Failure;

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Memory,
    File,
    Postgres,
    Redis,
}

impl Kind {
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

impl FromStr for Kind {
    type Err = Failure;

    fn from_str(name: &str) -> Result<Self, Failure> {
        let kind = Self::ALL.into_iter().find(|kind| kind.name() == name);
        kind.ok_or_else(|| format!("{name} is not a store: expected memory, file, postgres or redis").into())
    }
}

/// A store that this process and its children find: a folder, a URL, or for a store in memory a file with the token
/// pairs that it starts with.
pub(crate) struct Place {
    pub(crate) kind: Kind,
    pub(crate) location: String,
}

impl Place {
    pub(crate) fn new(kind: Kind, folder: &std::path::Path) -> Result<Self, Failure> {
        let engine = |name| {
            std::env::var(name).map_err(|_| format!("{name} is not set: run under `bash tests/engines.sh`"))
        };
        let location = match kind {
            Kind::Memory => folder.join("pairs.json").display().to_string(),
            Kind::File => folder.join("tokens").display().to_string(),
            Kind::Postgres => engine("CONNECT_TEST_POSTGRES")?,
            Kind::Redis => engine("CONNECT_TEST_REDIS")?,
        };
        Ok(Self { kind, location })
    }

    /// Opens the store for a blocking client, and prepares it where it has to be.
    pub(crate) fn open(&self) -> Result<Arc<dyn TokenStore>, Failure> {
        Ok(match self.kind {
            Kind::Memory => Arc::new(MemoryStore::new()),
            Kind::File => Arc::new(FileStore::open(&self.location)?),
            Kind::Postgres => {
                let store = PostgresStore::new(&self.location)?.blocking()?;
                store.migrate()?;
                Arc::new(store)
            }
            Kind::Redis => Arc::new(RedisStore::new(&self.location)?.blocking()?),
        })
    }

    /// Gives the store to an async client; `memory` is the one that the clients of a process share.
    pub(crate) fn attach(
        &self,
        builder: connect_hyper::Builder,
        memory: &MemoryStore,
    ) -> Result<connect_hyper::Builder, Failure> {
        Ok(match self.kind {
            Kind::Memory => builder.store(memory.clone()),
            Kind::File => builder.store(FileStore::open(&self.location)?),
            Kind::Postgres => builder.async_store(PostgresStore::new(&self.location)?),
            Kind::Redis => builder.async_store(RedisStore::new(&self.location)?),
        })
    }

    /// Writes the pairs that a store in memory starts with.
    pub(crate) fn write_pairs(&self, pairs: &[(String, Tokens)]) -> Result<(), Failure> {
        Ok(serde_json::to_writer(File::create(&self.location)?, pairs)?)
    }

    /// The pairs that a store in memory starts with; the other stores have theirs.
    pub(crate) fn pairs(&self) -> Result<Vec<(String, Tokens)>, Failure> {
        match self.kind {
            Kind::Memory => Ok(serde_json::from_str(&std::fs::read_to_string(&self.location)?)?),
            _ => Ok(Vec::new()),
        }
    }
}
