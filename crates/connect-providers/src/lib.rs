#![doc = include_str!("../README.md")]

pub mod apptoto;
pub mod backend;
pub mod busy;
pub mod eventcalendar;
pub mod google;
pub mod integration;
pub mod mirror;
pub mod outlook;
pub mod sync;
pub mod token_endpoint;
mod zones;

pub use connect_core::oauth::microsoft;
