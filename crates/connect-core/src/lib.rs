#![doc = include_str!("../README.md")]
// The machines are boxed from their first step on; unboxing them where they end would only copy them.
#![allow(clippy::boxed_local)]

mod answer;
mod app;
mod call;
mod caller;
#[cfg(feature = "gzip")]
pub mod content_coding;
mod endpoint;
mod entropy;
mod error;
mod exchange;
mod facade;
mod leader;
mod limits;
mod lock_wait;
mod memory;
mod network;
mod no_proxy;
pub mod oauth;
mod observer;
mod pager;
mod pending;
mod proxy;
mod registry;
mod retry;
mod secret;
mod service;
mod session;
mod setup;
mod sign_in;
mod sign_out;
mod steps;
mod store;
mod task;
mod time;
mod tls;
mod token_endpoint;
mod tokens;
mod trace;
mod transport;
#[cfg(feature = "webhooks")]
pub mod webhooks;
mod wire;

pub use app::{App, CONNECT_BASE_URL, Config};
pub use call::{Attempts, Call, Refreshing, Sending, Sleeping, Step};
pub use caller::{AsyncCaller, Caller};
pub use connect_types as types;
pub use connect_types::jiff;
pub use endpoint::Endpoint;
pub use entropy::Seed;
pub use error::{Error, ErrorKind, SignInFault};
pub use facade::{Once, Reply};
pub use limits::{AtOnce, Limits};
pub use memory::{MemoryStore, TokenHook};
pub use network::{Crypto, Network, Trust};
pub use observer::{Observer, SessionEnded};
pub use pager::{Paged, Pager};
pub use proxy::{Proxy, ProxyRule, is_tunnel_open};
pub use registry::{Member, Registry};
pub use retry::RetryPolicy;
pub use secret::Secret;
pub use service::{Service, is_loopback};
pub use session::Session;
pub use sign_in::{Callback, PendingSignIn, SignIn};
pub use steps::{
    Deleting, Exchanging, Loading, Locked, Locking, MAX_TASKS_AT_ONCE, Preparing, RefreshStep, Releasing,
    Resting, Saving,
};
pub use store::{AsyncStoreLock, AsyncTokenStore, StoreError, StoreLock, TokenKey, TokenStore, Written};
pub use task::TokenTask;
pub use time::Now;
pub use tokens::{Refused, Revision, Tokens};
pub use transport::{
    AsyncTransport, FreshConnection, Request, Response, Sent, Timeout, Transport, TransportError,
    TransportErrorKind,
};
