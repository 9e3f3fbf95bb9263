// Rustdoc uses the first definition of a link. The definitions in the README are for crates.io.
//! [`Runtime`]: crate::Runtime
//!
#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Without its transport, the crate does not use all of its dependencies.
#![cfg_attr(all(feature = "hyper", not(test)), warn(unused_crate_dependencies))]

mod builder;
mod caller;
mod client;
#[cfg(feature = "webhooks")]
mod deliveries;
#[cfg(feature = "hyper")]
mod dial;
#[rustfmt::skip]
mod generated;
#[cfg(feature = "webhooks")]
mod guard;
mod items;
mod pages;
mod pool;
mod runtime;
#[cfg(feature = "hyper")]
mod tls;
#[cfg(feature = "hyper")]
mod transport;

pub use builder::Builder;
pub use client::{Auth, Client, User};
#[cfg(feature = "loopback")]
pub use connect_core::loopback;
pub use connect_core::{
    App, AsyncCaller, AsyncStoreLock, AsyncTokenHook, AsyncTokenStore, AsyncTransport, AuthorizationCode,
    CONNECT_BASE_URL, Callback, CreateOutcome, Crypto, Endpoint, Error, ErrorKind, FreshConnection, Grant,
    Keyed, Limits, MemoryStore, Network, Observer, Paged, PendingSignIn, ProxyRule, Refused, Reply, Request,
    Response, RetryPolicy, Revision, Secret, Seed, Sent, Service, SessionEnded, SignIn, SignInFault,
    StoreError, StoreLock, Timeout, TokenHook, TokenKey, TokenStore, Tokens, TransportError,
    TransportErrorKind, Trust, Written, content_coding, decode_response, is_loopback, jiff, oauth,
    path_segment, types,
};
#[cfg(feature = "webhooks")]
pub use deliveries::{Claim, Deliveries, Received};
pub use generated::{Calendars, Connections, Events, Webhooks};
pub use items::Items;
pub use pages::{PageStream, Pages};
pub use runtime::{BoxFuture, Runtime};
#[cfg(feature = "hyper")]
pub use transport::HyperTransport;

/// Verifies webhook deliveries, refuses repeated ones, and plans which subscriptions to renew.
///
/// [`Client::webhooks`] receives deliveries: see [`Deliveries`] and [`Received`]. The other items are from
/// `connect_core::webhooks`, whose documentation has more details.
#[cfg(feature = "webhooks")]
pub mod webhooks {
    pub use connect_core::webhooks::*;

    pub use crate::deliveries::{Claim, Deliveries, Received};
}
