#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod builder;
mod caller;
mod client;
#[cfg(feature = "webhooks")]
mod deliveries;
mod dial;
mod sync;
#[rustfmt::skip]
mod generated;
mod head;
mod pages;
mod tls;
mod transport;

pub use builder::Builder;
pub use client::{Auth, Client, User};
#[cfg(feature = "loopback")]
pub use connect_core::loopback;
pub use connect_core::{
    App, AuthorizationCode, CONNECT_BASE_URL, Callback, Caller, CreateOutcome, Crypto, Endpoint, Error,
    ErrorKind, FreshConnection, Grant, Keyed, Limits, MemoryStore, Network, Observer, Paged, PendingSignIn,
    ProxyRule, Refused, Reply, Request, Response, RetryPolicy, Revision, Secret, Seed, Sent, Service,
    SessionEnded, SignIn, SignInFault, StoreError, StoreLock, Timeout, TokenHook, TokenKey, TokenStore,
    Tokens, Transport, TransportError, TransportErrorKind, Trust, Written, content_coding, decode_response,
    is_loopback, jiff, oauth, path_segment, types,
};
#[cfg(feature = "webhooks")]
pub use deliveries::{Claim, Deliveries, Received};
pub use generated::{Calendars, Connections, Events, Webhooks};
pub use pages::{Items, PageIterator, Pages};
pub use transport::UreqTransport;

/// Verifies webhook deliveries, refuses repeated ones, and plans which subscriptions to renew.
///
/// [`Client::webhooks`] receives deliveries: see [`Deliveries`] and [`Received`]. The other items are from
/// `connect_core::webhooks`, whose documentation has more details.
#[cfg(feature = "webhooks")]
pub mod webhooks {
    pub use connect_core::webhooks::*;

    pub use crate::deliveries::{Claim, Deliveries, Received};
}
