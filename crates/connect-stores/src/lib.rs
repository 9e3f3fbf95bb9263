#![doc = include_str!("../README.md")]

#[cfg(feature = "blocking")]
mod blocking;
#[cfg(feature = "conformance")]
pub mod conformance;
#[cfg(feature = "file")]
mod file;
mod record;

#[cfg(feature = "blocking")]
pub use blocking::Blocking;
#[cfg(feature = "file")]
pub use file::FileStore;
