#![doc = include_str!("../README.md")]

pub mod backend;
pub mod busy;
pub mod eventcalendar;
#[cfg(feature = "google")]
pub mod google;
#[cfg(feature = "outlook")]
pub mod outlook;
pub mod plugin;
pub mod sync;
#[cfg(feature = "token-endpoint")]
pub mod token_endpoint;
mod zones;

pub use connect_core::oauth::microsoft;
