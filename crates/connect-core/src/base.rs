//! The crate's basic types: errors, secrets, time, random numbers, requests, responses and transports.

/// Implements a `Debug` that shows only the type's name, because the fields are secrets or functions.
macro_rules! opaque {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}
pub(crate) use opaque;

#[cfg(feature = "gzip")]
pub mod content_coding;
mod entropy;
mod error;
mod network;
mod no_proxy;
mod proxy;
mod secret;
mod service;
mod time;
mod transport;

pub(crate) use entropy::Entropy;
pub use entropy::Seed;
pub use error::{Error, ErrorKind, SignInFault};
pub use network::{Crypto, Network, Trust};
pub use proxy::{Proxy, ProxyRule, is_tunnel_open};
pub use secret::Secret;
pub(crate) use service::is_protected;
pub use service::{Service, is_loopback};
pub use time::Now;
pub use transport::{
    AsyncTransport, FreshConnection, Request, Response, Sent, Timeout, Transport, TransportError,
    TransportErrorKind,
};
