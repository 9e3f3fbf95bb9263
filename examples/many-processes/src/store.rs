//! The store that all processes share.

use std::{path::PathBuf, sync::Arc};

use clap::{Args, ValueEnum};
use connect_hyper::TokenStore;
use connect_stores::{FileStore, PostgresStore, RedisStore};

use crate::Failure;

#[derive(Clone, Copy, PartialEq, ValueEnum)]
pub(crate) enum Kind {
    File,
    Postgres,
    Redis,
}

/// Where the store is.
#[derive(Args, Clone)]
pub(crate) struct Place {
    /// Which store.
    #[arg(long, value_enum, default_value = "file")]
    pub(crate) store: Kind,
    /// The folder of the files. Default: a temporary one.
    #[arg(long)]
    pub(crate) folder: Option<PathBuf>,
    /// The database.
    #[arg(long, env = "CONNECT_TEST_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
    /// The server.
    #[arg(long, env = "CONNECT_TEST_REDIS", hide_env_values = true)]
    redis: Option<String>,
}

impl Place {
    pub(crate) fn name(&self) -> &'static str {
        match self.store {
            Kind::File => "files",
            Kind::Postgres => "PostgreSQL",
            Kind::Redis => "Redis",
        }
    }

    /// The same place, for another process.
    pub(crate) fn arguments(&self) -> Vec<(&'static str, String)> {
        let kind = self.store.to_possible_value().map(|kind| ("--store", kind.get_name().to_owned()));
        let folder = self.folder.as_ref().map(|folder| ("--folder", folder.display().to_string()));
        let postgres = self.postgres.clone().map(|url| ("--postgres", url));
        let redis = self.redis.clone().map(|url| ("--redis", url));
        [kind, folder, postgres, redis].into_iter().flatten().collect()
    }

    /// For the asynchronous client.
    pub(crate) fn keep(&self, builder: connect_hyper::Builder) -> Result<connect_hyper::Builder, Failure> {
        Ok(match self.store {
            Kind::File => builder.store(self.files()?),
            Kind::Postgres => builder.async_store(self.postgres()?),
            Kind::Redis => builder.async_store(self.redis()?),
        })
    }

    /// For the blocking client, and to look into.
    pub(crate) fn open(&self) -> Result<Arc<dyn TokenStore>, Failure> {
        Ok(match self.store {
            Kind::File => Arc::new(self.files()?),
            Kind::Postgres => {
                let store = self.postgres()?.blocking()?;
                store.migrate()?;
                Arc::new(store)
            }
            Kind::Redis => Arc::new(self.redis()?.blocking()?),
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
