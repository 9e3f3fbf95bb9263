// Rustdoc uses the first definition of a link. The definitions in the README are for crates.io.
//! [`google`]: crate::google
//! [`outlook`]: crate::outlook
//! [`backend`]: crate::backend
//! [`sync`]: crate::sync
//! [`busy`]: crate::busy
//! [`eventcalendar`]: crate::eventcalendar
//! [`patterned`]: crate::patterned
//! [`plugin`]: crate::plugin
//! [`push`]: crate::push
//! [`token_endpoint`]: crate::token_endpoint
//! [`EventSeries`]: crate::EventSeries
//! [`microsoft::profile`]: crate::microsoft::profile
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Without a service, the crate does not use all of its dependencies.
#![cfg_attr(all(feature = "google", not(test)), warn(unused_crate_dependencies))]

pub mod availability;
pub mod backend;
pub mod booking;
pub mod busy;
mod event_series;
pub mod eventcalendar;
#[cfg(feature = "google")]
pub mod google;
#[cfg(feature = "ics")]
pub mod ics;
#[cfg(feature = "outlook")]
pub mod outlook;
pub mod patterned;
pub mod plugin;
#[cfg(any(feature = "google", feature = "outlook"))]
pub mod push;
mod reply;
pub mod sync;
#[cfg(feature = "token-endpoint")]
pub mod token_endpoint;
mod zones;

pub use connect_core::oauth::microsoft;
pub use event_series::{EventRecurrence, EventSeries};
pub use reply::{InvitationReply, ReplyStatus};
