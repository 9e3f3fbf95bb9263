#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Without a feature, the crate uses none of its dependencies.
#![cfg_attr(all(feature = "file", not(test)), warn(unused_crate_dependencies))]

#[cfg(feature = "blocking")]
mod blocking;
#[cfg(all(feature = "webhooks", any(feature = "postgres", feature = "redis")))]
mod claim;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "file")]
mod file;
#[cfg(any(feature = "postgres", feature = "redis"))]
mod lock;
#[cfg(feature = "postgres")]
pub mod postgres;
#[cfg(any(feature = "file", feature = "postgres", feature = "redis"))]
mod record;
#[cfg(feature = "redis")]
pub mod redis;
#[cfg(all(feature = "seal", any(feature = "file", feature = "postgres", feature = "redis")))]
mod seal;

#[cfg(feature = "blocking")]
pub use blocking::Blocking;
#[cfg(feature = "file")]
pub use file::FileStore;
#[cfg(all(feature = "postgres", feature = "webhooks"))]
pub use postgres::PostgresReplayGuard;
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
#[cfg(all(feature = "seal", any(feature = "file", feature = "postgres", feature = "redis")))]
pub use seal::Seal;

#[cfg(all(feature = "redis", feature = "webhooks"))]
pub use self::redis::RedisReplayGuard;
#[cfg(feature = "redis")]
pub use self::redis::RedisStore;
