//! Tests the calendar integration plugin over Google and Outlook: nine operations and three callbacks.
//!
//! The sandbox counts the concurrent requests for each mailbox.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

use std::sync::{Arc, Mutex};

use connect_calendars::{
    backend::{AsyncCalendarBackend, Backend, CalendarBackend, Google, Outlook},
    plugin::{AsyncCalendarSync, CalendarSync, SyncObserver},
};
use connect_core::types::{CalendarRef, NewEvent, Provider};
use connect_sandbox::ClientType;
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

/// Like Graph, the sandbox refuses a fifth concurrent request for a mailbox by default.
#[tokio::test(flavor = "multi_thread")]
async fn mailbox_receives_at_most_four_concurrent_requests() {
    let world = SignInSetup::new(Whose::Microsoft, ClientType::Confidential);
    let user = client_of!(connect_hyper::Client, &world).user("ada");
    let backend = Arc::new(Backend::new(Outlook::new(), user));
    let pending = AsyncCalendarBackend::sign_in(&*backend).unwrap();
    let callback = consent(pending.url());
    AsyncCalendarBackend::finish(&*backend, pending, &callback).await.unwrap();
    let slow = connect_sandbox::Fault::on("*").delay(std::time::Duration::from_millis(20)).times(1_000);
    world.server.with(|sandbox| sandbox.add_fault(slow));
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
    let stats = world.server.stats();
    let most: Vec<_> = stats.most_at_once.values().copied().collect();
    assert_eq!(most, [4], "expected at most four concurrent requests: {:?}", stats.most_at_once);
    let refused: u64 = stats.requests.values().filter_map(|by_status| by_status.get("429")).sum();
    assert_eq!(refused, 0);
    assert_eq!(AsyncCalendarBackend::provider(&*backend), Some(Provider::Microsoft));
}
