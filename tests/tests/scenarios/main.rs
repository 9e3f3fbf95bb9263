//! Runs every scenario with both clients over every transport.
//!
//! All runs execute the same scenarios. A scenario fails if one of its faults never happened. The sandbox,
//! not the client, counts the faults.

// The shared code loops over a stream in the async client and over an iterator in the blocking one.
#![allow(clippy::while_let_on_iterator)]

use connect_tests::world::Place;

/// Imports and helpers that each module below needs under the same names.
macro_rules! shared_items {
    ($client:ident) => {
        use std::time::{Duration, Instant};

        use connect_calendars::EventSeries;
        use connect_sandbox::Fault;
        use connect_tests::{
            stores::Flaky,
            world::{Failure, World},
        };
        use jiff::{SignedDuration, Timestamp};
        use $client::{
            Builder, Client, CreateOutcome, Endpoint, ErrorKind, MemoryStore, RetryPolicy, Sent,
            SessionEnded, SignIn, SignInFault, StoreError, TokenKey, TokenStore, Tokens, User,
            types::{
                CalendarRef, ConnectionStatus, DeleteEvent, Disconnect, Event, EventPage, EventTime,
                ListCalendars, ListEvents, NewEvent, Provider, Recurrence, Revoke, Scope, SubscribeWebhook,
                Weekday,
            },
            webhooks::{Declined, Held, Reason, Upkeep, UpkeepAction},
        };

        fn this_year() -> ListEvents {
            static NOW: std::sync::OnceLock<Timestamp> = std::sync::OnceLock::new();
            let now = *NOW.get_or_init(Timestamp::now); // a page token is only valid for its range
            ListEvents::between(
                now - SignedDuration::from_hours(24 * 60),
                now + SignedDuration::from_hours(24 * 60),
            )
        }

        fn parameter(url: &str, name: &str) -> String {
            let query = url.split_once('?').map_or("", |(_, query)| query);
            let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
            found.expect("the parameter").to_owned()
        }

        fn client_error<T>(outcome: Result<T, $client::Error>) -> $client::Error {
            outcome.err().expect("an error")
        }

        /// Returns a builder with the sandbox's credentials, the world's store and the tested transport.
        fn client(world: &World) -> Builder {
            let app = world.sandbox(|sandbox| sandbox.credentials());
            let mut builder = Client::builder(app.client_id, app.client_secret)
                .redirect_uri(app.redirect_uri)
                .base_url(world.base_url())
                .retry(
                    RetryPolicy::default().with_backoff(Duration::from_millis(1), Duration::from_millis(5)),
                )
                .store(world.store.clone());
            if let Some(root) = &world.root {
                builder = builder.root_certificates(root.clone());
            }
            transport(world, builder)
        }
    };
}

/// Prints a scenario's name, adds the name to `$seen`, and creates a new world for the scenario.
macro_rules! begin {
    ($seen:ident, $name:ident, $place:expr) => {{
        println!("{}", stringify!($name));
        $seen.push(stringify!($name));
        connect_tests::world::World::new($place).expect("a sandbox")
    }};
}

fn every_fault_happened(name: &str, world: &connect_tests::world::World) {
    let faults = world.stats().faults;
    assert_eq!(faults.asked, faults.fired, "faults of {name} never happened");
}

mod with_hyper {
    macro_rules! wait {
        ($call:expr) => {
            $call.await
        };
    }
    macro_rules! in_windows {
        ($pages:expr, $count:expr) => {
            $pages.items_in_windows($count)
        };
    }
    macro_rules! with_hook {
        ($builder:expr, $save:ident) => {
            $builder.async_store(connect_hyper::AsyncTokenHook::new(move |key, tokens| {
                std::future::ready($save(&key, tokens.as_ref()))
            }))
        };
    }
    macro_rules! pause {
        ($time:expr) => {
            sleep($time).await
        };
    }
    macro_rules! func {
        (fn $($rest:tt)*) => { async fn $($rest)* };
    }
    macro_rules! scenarios {
        ($(fn $name:ident($world:ident) $body:block)*) => {
            $(async fn $name($world: &World) -> Result<(), Failure> $body)*

            pub(super) async fn run(place: super::Place, runtime: super::Runtime) -> Vec<&'static str> {
                RUNTIME.set(runtime);
                let mut seen = Vec::new();
                $({
                    let world = begin!(seen, $name, place);
                    Box::pin($name(&world)).await.unwrap_or_else(|error| panic!("{}: {error:?}", stringify!($name)));
                    super::every_fault_happened(stringify!($name), &world);
                })*
                seen
            }
        };
    }
    shared_items!(connect_hyper);

    thread_local! {
        static RUNTIME: std::cell::Cell<super::Runtime> = const { std::cell::Cell::new(super::Runtime::Tokio) };
    }

    async fn sleep(time: Duration) {
        match RUNTIME.get() {
            super::Runtime::Tokio => tokio::time::sleep(time).await,
            super::Runtime::Smol => _ = smol::Timer::after(time).await,
        }
    }

    fn transport(world: &World, builder: Builder) -> Builder {
        if let super::Runtime::Tokio = RUNTIME.get() {
            return builder;
        }
        let send = std::sync::Arc::new(world.in_memory());
        let transport = move |request| {
            let send = send.clone();
            smol::unblock(move || send(request))
        };
        builder.transport(transport).runtime(super::Smol)
    }

    include!("body.rs");
}

mod blocking {
    macro_rules! wait {
        ($call:expr) => {
            $call
        };
    }
    macro_rules! in_windows {
        ($pages:expr, $count:expr) => {
            $pages.items_in_windows($count)?
        };
    }
    macro_rules! with_hook {
        ($builder:expr, $save:ident) => {
            $builder.store(connect_blocking::TokenHook::new($save))
        };
    }
    macro_rules! pause {
        ($time:expr) => {
            std::thread::sleep($time)
        };
    }
    macro_rules! func {
        (fn $($rest:tt)*) => { fn $($rest)* };
    }
    macro_rules! scenarios {
        ($(fn $name:ident($world:ident) $body:block)*) => {
            $(fn $name($world: &World) -> Result<(), Failure> $body)*

            pub(super) fn run(place: super::Place, transport: super::Transport) -> Vec<&'static str> {
                TRANSPORT.set(transport);
                let mut seen = Vec::new();
                $({
                    let world = begin!(seen, $name, place);
                    $name(&world).unwrap_or_else(|error| panic!("{}: {error:?}", stringify!($name)));
                    super::every_fault_happened(stringify!($name), &world);
                })*
                seen
            }
        };
    }
    shared_items!(connect_blocking);

    thread_local! {
        static TRANSPORT: std::cell::Cell<super::Transport> = const { std::cell::Cell::new(super::Transport::Ureq) };
    }

    fn transport(world: &World, builder: Builder) -> Builder {
        match TRANSPORT.get() {
            super::Transport::Ureq => builder,
            super::Transport::InMemory => builder.transport(world.in_memory()),
            super::Transport::PlainSocket => builder.transport(connect_tests::plain_socket::send),
        }
    }

    include!("body.rs");
}

/// The runtime of the async client.
#[derive(Clone, Copy)]
enum Runtime {
    Tokio,
    Smol,
}

struct Smol;

impl connect_hyper::Runtime for Smol {
    fn spawn(&self, task: connect_hyper::BoxFuture) {
        smol::spawn(task).detach();
    }

    fn sleep(&self, time: std::time::Duration) -> connect_hyper::BoxFuture {
        Box::pin(async move { _ = smol::Timer::after(time).await })
    }
}

/// The transport of the blocking client.
#[derive(Clone, Copy)]
enum Transport {
    Ureq,
    InMemory,
    PlainSocket,
}

/// Returns the names of all scenarios in order.
fn expected() -> Vec<&'static str> {
    let body = include_str!("body.rs");
    let (_, list) = body.split_once("scenarios! {").expect("the list");
    list.lines().filter_map(|line| line.strip_prefix("    fn ")?.split('(').next()).collect()
}

#[tokio::test]
async fn scenarios_pass_over_hyper() {
    assert_eq!(with_hyper::run(Place::Socket, Runtime::Tokio).await, expected());
}

#[tokio::test]
async fn scenarios_pass_over_hyper_with_tls() {
    assert_eq!(with_hyper::run(Place::Tls, Runtime::Tokio).await, expected());
}

#[test]
fn scenarios_pass_on_smol() {
    assert_eq!(smol::block_on(with_hyper::run(Place::Memory, Runtime::Smol)), expected());
}

#[test]
fn scenarios_pass_over_ureq() {
    assert_eq!(blocking::run(Place::Socket, Transport::Ureq), expected());
}

#[test]
fn scenarios_pass_over_ureq_with_tls() {
    assert_eq!(blocking::run(Place::Tls, Transport::Ureq), expected());
}

#[test]
fn scenarios_pass_in_memory() {
    assert_eq!(blocking::run(Place::Memory, Transport::InMemory), expected());
}

#[test]
fn scenarios_pass_over_a_plain_socket() {
    assert_eq!(blocking::run(Place::Socket, Transport::PlainSocket), expected());
}
