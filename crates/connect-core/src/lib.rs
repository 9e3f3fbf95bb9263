// Rustdoc uses the first definition of a link. The definitions in the README are for crates.io.
//! [`machine::Call`]: crate::machine::Call
//! [`machine::RefreshStep`]: crate::machine::RefreshStep
//! [`TokenStore`]: crate::TokenStore
//!
#![doc = include_str!("../README.md")]
// The state machines are boxed, so that a step moves only a pointer.
#![allow(clippy::boxed_local)]
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod app;
mod base;
mod call;
mod dual;
mod endpoint;
#[cfg(feature = "loopback")]
pub mod loopback;
pub mod oauth;
mod session;
mod sign_in;
mod tokens;
#[cfg(feature = "webhooks")]
pub mod webhooks;

pub use app::{App, CONNECT_BASE_URL, Config, Observer, RetryPolicy, SessionEnded};
#[cfg(feature = "gzip")]
pub use base::content_coding;
pub use base::{
    AsyncTransport, Crypto, Error, ErrorKind, FreshConnection, Network, Proxy, ProxyRule, Request, Response,
    Secret, Seed, Sent, Service, SignInFault, Timeout, Transport, TransportError, TransportErrorKind, Trust,
    is_loopback, is_tunnel_open,
};
pub use connect_types as types;
pub use connect_types::jiff;
pub use dual::{AsyncCaller, Caller, CreateOutcome, Reply};
pub use endpoint::{Endpoint, EventWindows, Keyed, Limits, Paged, Pager, decode_response, path_segment};
pub use sign_in::{AuthorizationCode, Callback, Grant, PendingSignIn, SignIn};
pub use tokens::{
    AsyncStoreLock, AsyncTokenHook, AsyncTokenStore, MemoryStore, Refused, Revision, StoreError, StoreLock,
    TokenHook, TokenKey, TokenStore, Tokens, Written,
};

pub mod machine {
    //! The state machines behind both clients, for programs that carry out the steps themselves.
    //!
    //! A [`Call`] returns one [`Step`] at a time. A task that changes a user's tokens returns one
    //! [`RefreshStep`] at a time. A [`Registry`] has a [`Session`] for each user.

    pub use crate::{
        base::Now,
        call::{Attempts, Call, Refreshing, Sending, Sleeping, Step},
        endpoint::ConcurrencyLimit,
        session::{
            Deleting, Exchanging, Loading, Locked, Locking, MAX_TASKS_AT_ONCE, Member, Preparing,
            RefreshSleeping, RefreshStep, Registry, Releasing, Saving, Session, TokenTask,
        },
    };
}
