#![doc = include_str!("../README.md")]

mod builder;
mod client;
#[cfg(feature = "webhooks")]
mod deliveries;
mod dial;
mod pages;
mod pool;
mod tls;
mod transport;

pub use builder::Builder;
pub use client::{Auth, Calendars, Client, Connections, Events, User, Webhooks};
pub use connect_core::*;
#[cfg(feature = "webhooks")]
pub use deliveries::{Deliveries, Received};
pub use pages::{Items, PageStream, Pages};
pub use transport::HyperTransport;
