//! The token store that all processes share.

use std::{path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use connect_hyper::TokenStore;
use connect_stores::{FileStore, PostgresStore, RedisStore};

use crate::Failure;

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum StoreKind {
    File,
    Postgres,
    Redis,
}

/// The options that choose the store.
#[derive(Args, Clone)]
pub(crate) struct StoreOptions {
    /// Use this store.
    #[arg(long, value_enum, default_value = "file")]
    pub(crate) store: StoreKind,
    /// Keep the token files of `--store file` in this folder [default: a temporary folder].
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// The URL of the PostgreSQL database.
    #[arg(long, env = "CONNECT_TEST_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
    /// The URL of the Redis server.
    #[arg(long, env = "CONNECT_TEST_REDIS", hide_env_values = true)]
    redis: Option<String>,
}

impl StoreOptions {
    pub(crate) fn name(&self) -> &'static str {
        match self.store {
            StoreKind::File => "files",
            StoreKind::Postgres => "PostgreSQL",
            StoreKind::Redis => "Redis",
        }
    }

    /// Returns the options for a worker process.
    pub(crate) fn arguments(&self) -> Vec<(&'static str, String)> {
        let kind = self.store.to_possible_value().map(|kind| ("--store", kind.get_name().to_owned()));
        let folder = self.folder.as_ref().map(|folder| ("--folder", folder.display().to_string()));
        let postgres = self.postgres.clone().map(|url| ("--postgres", url));
        let redis = self.redis.clone().map(|url| ("--redis", url));
        [kind, folder, postgres, redis].into_iter().flatten().collect()
    }

    /// Sets the store of an async client.
    pub(crate) fn attach(&self, builder: connect_hyper::Builder) -> Result<connect_hyper::Builder, Failure> {
        Ok(match self.store {
            StoreKind::File => builder.store(self.files()?),
            StoreKind::Postgres => builder.async_store(self.postgres()?),
            StoreKind::Redis => builder.async_store(self.redis()?),
        })
    }

    /// Opens the store for the main process: for its blocking client, and for reading the pairs.
    pub(crate) fn open(&self) -> Result<Arc<dyn TokenStore>, Failure> {
        Ok(match self.store {
            StoreKind::File => Arc::new(self.files()?),
            StoreKind::Postgres => {
                let store = self.postgres()?.blocking()?;
                store.migrate()?;
                Arc::new(store)
            }
            StoreKind::Redis => Arc::new(self.redis()?.blocking()?),
        })
    }

    fn files(&self) -> Result<FileStore, Failure> {
        Ok(FileStore::open(self.folder.as_ref().ok_or("--folder is missing")?)?)
    }

    fn postgres(&self) -> Result<PostgresStore, Failure> {
        Ok(PostgresStore::new(self.postgres.as_ref().ok_or("--postgres is missing")?)?)
    }

    fn redis(&self) -> Result<RedisStore, Failure> {
        Ok(RedisStore::new(self.redis.as_ref().ok_or("--redis is missing")?)?)
    }
}
