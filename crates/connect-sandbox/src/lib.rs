//! A sandbox that imitates Mobiscroll Connect, for tests.
//!
//! [`Sandbox`] is a state machine. [`Sandbox::handle`] handles a request at a given time and returns an
//! [`Answer`]. The sandbox reads no clock, opens no socket and computes random values from a seed, so every
//! run can be repeated exactly.
//!
//! ```
//! use connect_sandbox::{Outcome, Sandbox, Settings};
//!
//! let mut sandbox = Sandbox::new(Settings::default());
//! let request = http::Request::get("/api/health").body(bytes::Bytes::new()).unwrap();
//! let now = jiff::Timestamp::UNIX_EPOCH;
//! let Outcome::Reply(reply) = sandbox.handle(request, now).outcome else { panic!() };
//! assert_eq!(reply.status(), 200);
//! assert_eq!(&reply.body()[..], br#"{"status":"ok"}"#);
//! ```
//!
//! To deliver webhooks, the caller polls [`Sandbox::deliveries`] for the signed requests that are due, and
//! passes the outcome of each request to [`Sandbox::delivered`].
//!
//! With the feature `server` (on by default), `Sandbox::start` serves the sandbox on a free port of the
//! loopback interface. With the feature `tls`, `Builder::tls` makes the server use https.
//!
//! - [`Settings`] has the switches, mostly for behaviour that the documentation of a service leaves open.
//! - [`Fault`] simulates errors, delays and lost responses.
//! - [`Stats`] and [`Sandbox::requests`] report the requests so far.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(test), warn(unused_crate_dependencies))]

mod apptoto;
mod call;
mod clock;
mod connect;
mod control;
mod demo;
mod faults;
mod google;
mod guard;
mod microsoft;
mod oauth_server;
mod pages;
mod push;
mod recorded;
mod reply;
mod route;
mod sandbox;
mod seed;
#[cfg(feature = "server")]
mod server;
mod settings;
mod state;
mod stats;
mod stored;
mod sync_token;
mod world;

pub use apptoto::api::{ApptotoMessage, ApptotoMessageState};
pub use connect::webhooks::{
    Attempt, AttemptOutcome, AttemptToken, Delivery, DeliveryState, ResendError, Subscription, Tried,
    Trigger, TriggerError, Triggered, WebhookKey,
};
pub use faults::{Cut, Fault};
pub use guard::HostError;
pub use microsoft::graph::Validation;
pub use oauth_server::{AuthorizationServer, ClientType, OAuthApp, OAuthCredentials, ProviderToken};
pub use recorded::Recorded;
pub use sandbox::{Answer, Outcome, Sandbox};
pub use seed::SeedError;
#[cfg(feature = "server")]
pub use server::{Builder, Server, StartError};
pub use settings::{SettingError, Settings, Switch, switches};
pub use stats::{DeliveryCounts, Exchanges, FaultCounts, GrantCounts, ProviderCounts, Providers, Stats};
pub use world::apps::{App, AppError, Credentials};
pub use world::invitations::Invitation;

/// The maximum size of a request body in bytes, except in control calls. A larger body gets the response 413.
pub const MAX_BODY: usize = 1024 * 1024;

/// The maximum size of the body of a control call in bytes. A state file can be large.
#[cfg(feature = "server")]
const MAX_CONTROL_BODY: usize = 64 * MAX_BODY;

/// Tests the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
