//! A sandbox that behaves like Mobiscroll Connect.
//!
//! [`Sandbox`] is the whole service as a state machine: a request and the time go in, an [`Answer`] comes out. It reads
//! no clock, opens no socket and takes its randomness from a seed, so a run can be repeated exactly.
//!
//! ```
//! use connect_sandbox::{Outcome, Sandbox, Settings};
//!
//! let mut sandbox = Sandbox::new(Settings::default());
//! let request = http::Request::get("/api/health").body(bytes::Bytes::new()).unwrap();
//! let Outcome::Reply(reply) = sandbox.handle(request, jiff::Timestamp::UNIX_EPOCH).outcome else { panic!() };
//! assert_eq!(reply.status(), 200);
//! assert_eq!(&reply.body()[..], br#"{"status":"ok"}"#);
//! ```
//!
//! What it has to say to applications is polled: [`Sandbox::deliveries`] gives the signed requests that are due, and
//! [`Sandbox::delivered`] takes what came of each.
//!
//! With the feature `server` (on by default) `Sandbox::start` serves it on a free port of the loopback interface; with
//! `tls` also over https. What the service's documentation leaves open is a switch of [`Settings`]; what goes wrong in the
//! real world is a [`Fault`]; what happened is in [`Stats`] and [`Sandbox::requests`].

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
mod recorded;
mod reply;
mod route;
mod sandbox;
mod seed;
#[cfg(feature = "server")]
mod server;
mod settings;
mod stats;
mod sync_token;
mod world;

pub use apptoto::api::{ApptotoMessage, ApptotoMessageState};
pub use connect::webhooks::{
    Attempt, AttemptOutcome, AttemptToken, Delivery, DeliveryState, ResendError, Subscription, Tried,
    Trigger, TriggerError, Triggered, WebhookKey,
};
pub use faults::{Cut, Fault};
pub use guard::HostError;
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

/// The largest request body the service reads; a larger one is answered with 413.
pub const MAX_BODY: usize = 1024 * 1024;

/// The README's examples, which have to compile.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;
