#![doc = include_str!("../README.md")]

#[cfg(feature = "file")]
mod file;

#[cfg(feature = "file")]
pub use file::FileStore;
