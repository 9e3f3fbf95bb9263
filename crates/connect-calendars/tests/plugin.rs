//! Tests the calendar integration plugin over Google and Outlook: nine operations and three callbacks.
//!
//! A transport counts the concurrent requests for a mailbox.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

use connect_calendars::{
    backend::{AsyncCalendarBackend, Backend, CalendarBackend, Google, Outlook},
    plugin::{AsyncCalendarSync, CalendarSync, SyncObserver},
};
use connect_core::{
    TransportError,
    types::{CalendarRef, NewEvent, Provider},
};
use connect_sandbox::{ClientType, Outcome};
use connect_tests::{
    authorization::{SignInSetup, Whose, consent},
    client_of,
};
use jiff::{SignedDuration, Timestamp};

/// Records the callbacks in order.
#[derive(Clone, Default)]
struct RecordedCallbacks(Arc<Mutex<Vec<&'static str>>>);

impl RecordedCallbacks {
    fn all(&self) -> Vec<&'static str> {
        self.0.lock().unwrap().clone()
    }
}

impl SyncObserver for RecordedCallbacks {
    fn on_init(&self) {
        self.0.lock().unwrap().push("init");
    }

    fn on_signed_in(&self) {
        self.0.lock().unwrap().push("signed in");
    }

    fn on_signed_out(&self) {
        self.0.lock().unwrap().push("signed out");
    }
}

fn month() -> (Timestamp, Timestamp) {
    ("2027-02-01T00:00:00Z".parse().unwrap(), "2027-03-01T00:00:00Z".parse().unwrap())
}

fn meeting(calendar: &CalendarRef) -> NewEvent {
    let start = month().0 + SignedDuration::from_hours(9);
    NewEvent::new(calendar, "By the plugin", start, start + SignedDuration::from_hours(1))
}

#[test]
fn operations_work_with_the_blocking_client() {
    let world = SignInSetup::new(Whose::Google, ClientType::Confidential);
    let user = client_of!(connect_blocking::Client, &world).user("ada");
    run_operations(Backend::new(Google::new(), user));
    let world = SignInSetup::new(Whose::Microsoft, ClientType::Confidential);
    let user = client_of!(connect_blocking::Client, &world).user("ada");
    run_operations(Backend::new(Outlook::new(), user));
}

fn run_operations(backend: impl CalendarBackend) {
    let callbacks = RecordedCallbacks::default();
    let sync = CalendarSync::init(backend, callbacks.clone());
    assert!(!sync.is_signed_in().unwrap());
    sync.sign_out().unwrap();
    assert!(sync.sign_in(|_| Err("the window was closed".to_owned())).is_err());
    assert_eq!(callbacks.all(), ["init"], "no user has signed in or out");
    sync.sign_in(|url| Ok(consent(url))).unwrap();
    sync.sign_in(|_| panic!("a signed-in user is not sent to the sign-in page")).unwrap();
    assert!(sync.is_signed_in().unwrap());

    let calendars = sync.get_calendars().unwrap();
    let calendar = CalendarRef::from(&calendars[0]);
    let event = sync.add_event(&meeting(&calendar)).unwrap();
    let changed = sync.update_event(&event.change().unwrap().title("Changed")).unwrap();
    assert_eq!((&changed.id, changed.title.as_str()), (&event.id, "Changed"));
    let (start, end) = month();
    let ids: Vec<&str> = calendars.iter().map(|calendar| calendar.id.as_str()).collect();
    for found in [
        sync.get_events(calendar.id.as_str(), start, end).unwrap(),
        sync.get_events(&calendar, start, end).unwrap(),
        sync.get_events(ids, start, end).unwrap(),
        sync.get_events(&calendars[..], start, end).unwrap(),
    ] {
        assert!(found.failed.is_empty());
        assert_eq!(found.events.iter().filter(|found| found.id == event.id).count(), 1);
    }
    assert!(
        sync.get_events(Vec::<String>::new(), start, end).unwrap().events.is_empty(),
        "an empty list does not read all calendars"
    );
    assert_eq!(sync.delete_event(changed).unwrap().id, event.id);
    let left = sync.get_events(&calendar, start, end).unwrap().events;
    assert!(left.iter().all(|left| left.id != event.id));
    sync.sign_out().unwrap();
    assert!(!sync.is_signed_in().unwrap());
    assert_eq!(callbacks.all(), ["init", "signed in", "signed out"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn operations_work_with_the_hyper_client() {
    let world = SignInSetup::new(Whose::Google, ClientType::Confidential);
    let user = client_of!(connect_hyper::Client, &world).user("ada");
    run_operations_async(Backend::new(Google::new(), user)).await;
    let world = SignInSetup::new(Whose::Microsoft, ClientType::Confidential);
    let user = client_of!(connect_hyper::Client, &world).user("ada");
    run_operations_async(Backend::new(Outlook::new(), user)).await;
}

async fn run_operations_async(backend: impl AsyncCalendarBackend) {
    let callbacks = RecordedCallbacks::default();
    let sync = AsyncCalendarSync::init(backend, callbacks.clone());
    assert!(!sync.is_signed_in().await.unwrap());
    sync.sign_out().await.unwrap();
    sync.sign_in(|url| async move { Ok(consent(&url)) }).await.unwrap();
    sync.sign_in(|_| async { panic!("a signed-in user is not sent to the sign-in page") }).await.unwrap();
    let calendars = sync.get_calendars().await.unwrap();
    let calendar = CalendarRef::from(&calendars[0]);
    let event = sync.add_event(&meeting(&calendar)).await.unwrap();
    sync.update_event(&event.change().unwrap().title("Changed")).await.unwrap();
    let (start, end) = month();
    let found = sync.get_events([&calendar], start, end).await.unwrap();
    assert_eq!(found.events.iter().filter(|found| found.title == "Changed").count(), 1);
    sync.delete_event(event).await.unwrap();
    sync.sign_out().await.unwrap();
    assert_eq!(callbacks.all(), ["init", "signed in", "signed out"]);
}

/// A transport to the sandbox that counts the concurrent requests to Graph.
///
/// Responses are held until four requests have come, and then for as long as a fifth request would need.
#[derive(Clone, Default)]
struct HeldResponses(Arc<Counters>);

#[derive(Default)]
struct Counters {
    running: AtomicUsize,
    most: AtomicUsize,
}

impl HeldResponses {
    async fn hold(&self) {
        let counters = &self.0;
        counters.most.fetch_max(counters.running.fetch_add(1, SeqCst) + 1, SeqCst);
        let begun = Instant::now();
        while counters.most.load(SeqCst) < 4 && begun.elapsed() < Duration::from_secs(60) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }

    fn release(&self) {
        self.0.running.fetch_sub(1, SeqCst);
    }
}

/// Like Graph, the sandbox refuses a fifth concurrent request for a mailbox by default.
#[tokio::test(flavor = "multi_thread")]
async fn mailbox_receives_at_most_four_concurrent_requests() {
    let world = Arc::new(SignInSetup::new(Whose::Microsoft, ClientType::Confidential));
    let (held, app) = (HeldResponses::default(), world.credentials());
    let (counters, setup) = (held.0.clone(), world.clone());
    let user = connect_hyper::Client::builder(app.client_id, app.client_secret.unwrap())
        .redirect_uri(app.redirect_uri)
        .profile(world.profile().unwrap())
        .base_url(world.base_url())
        .transport(move |request: connect_hyper::Request| {
            let (held, setup) = (held.clone(), setup.clone());
            async move {
                let is_graph = request.uri().path().contains("/graph/");
                if is_graph {
                    held.hold().await;
                }
                let answer = setup.server.with(|sandbox| sandbox.handle(request, Timestamp::now()));
                if is_graph {
                    held.release();
                }
                match answer.outcome {
                    Outcome::Reply(response) => Ok(response),
                    Outcome::Cut => Err(TransportError::broken("the connection was cut")),
                }
            }
        })
        .build()
        .unwrap()
        .user("ada");
    let backend = Arc::new(Backend::new(Outlook::new(), user));
    let pending = AsyncCalendarBackend::sign_in(&*backend).unwrap();
    let callback = consent(pending.url());
    AsyncCalendarBackend::finish(&*backend, pending, &callback).await.unwrap();
    let (start, end) = month();
    let readers: Vec<_> = (0..12)
        .map(|_| {
            let backend = backend.clone();
            tokio::spawn(async move { AsyncCalendarBackend::events(&*backend, &[], start, end).await })
        })
        .collect();
    for reader in readers {
        assert!(reader.await.unwrap().unwrap().failed.is_empty());
    }
    assert_eq!(counters.most.load(SeqCst), 4);
    let stats = world.server.stats();
    let refused: u64 = stats.requests.values().filter_map(|by_status| by_status.get("429")).sum();
    assert_eq!(refused, 0);
    assert_eq!(AsyncCalendarBackend::provider(&*backend), Some(Provider::Microsoft));
}
