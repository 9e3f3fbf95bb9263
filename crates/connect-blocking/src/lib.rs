#![doc = include_str!("../README.md")]

mod builder;
mod client;
#[cfg(feature = "webhooks")]
mod deliveries;
mod dial;
mod gate;
mod pages;
mod transport;

pub use builder::Builder;
pub use client::{Auth, Calendars, Client, Connections, Events, User, Webhooks};
pub use connect_core::*;
#[cfg(feature = "webhooks")]
pub use deliveries::{Deliveries, Received};
pub use pages::{Items, Pages};
pub use transport::UreqTransport;
