//! Lists as `Stream`s, and the read-ahead of both clients.

use std::{
    pin::Pin,
    sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    task::{Context, Poll},
    time::Duration,
};

use connect_hyper::{Client, SignIn, User, types::ListEvents};
use connect_tests::world::{Place, World};
use futures_core::Stream;
use jiff::{SignedDuration, Timestamp};

async fn sign_in(world: &World) -> User {
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let builder = Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(world.base_url());
    let client = builder.build().unwrap();
    let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    client.auth().finish(sign_in, &callback).await.unwrap()
}

fn events() -> ListEvents {
    let (now, month) = (Timestamp::now(), SignedDuration::from_hours(30 * 24));
    ListEvents::between(now - month, now + month).page_size(20)
}

async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx: &mut Context<'_>| -> Poll<Option<S::Item>> {
        Pin::new(&mut *stream).poll_next(cx)
    })
    .await
}

/// Waits for `pages` requests and checks that no further request follows.
async fn settles_at(world: &World, pages: u64) {
    settled(|| world.requests("GET /events"), pages).await;
}

async fn settled(requests: impl Fn() -> u64, expected: u64) {
    while requests() < expected {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(requests(), expected);
}

#[tokio::test]
async fn items_and_pages_are_streams() {
    let world = World::new(Place::Socket).unwrap();
    let user = sign_in(&world).await;
    let list = events();
    let (mut pages, mut items) = (user.events().list(list.clone()).pages(), user.events().list(list).items());
    let (mut in_pages, mut one_by_one) = (0, 0);
    while let Some(page) = next(&mut pages).await {
        in_pages += page.unwrap().events.len();
    }
    while let Some(item) = next(&mut items).await {
        item.unwrap();
        one_by_one += 1;
    }
    assert!(in_pages > 100);
    assert_eq!(in_pages, one_by_one);
}

#[tokio::test]
async fn exactly_one_page_is_read_ahead() {
    let world = World::new(Place::Socket).unwrap();
    let user = sign_in(&world).await;
    let mut items = user.events().list(events()).items();
    settles_at(&world, 0).await; // creating the list sends no request
    items.next().await.unwrap().unwrap();
    settles_at(&world, 2).await;
    for _ in 0..20 {
        items.next().await.unwrap().unwrap();
    }
    settles_at(&world, 3).await;
}

#[tokio::test]
async fn reading_ahead_can_be_turned_off() {
    let world = World::new(Place::Socket).unwrap();
    let user = sign_in(&world).await;
    let mut items = user.events().list(events()).items().without_read_ahead();
    items.next().await.unwrap().unwrap();
    settles_at(&world, 1).await;
    drop(items);
    user.events().list(events()).first().await.unwrap().unwrap();
    assert_eq!(world.requests("GET /events"), 2);
}

#[test]
fn list_without_a_runtime_ends_with_an_error() {
    let client = Client::builder("id", "secret").build().unwrap();
    let mut items = client.user("ann").events().list(events()).items();
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut poll = || Pin::new(&mut items).poll_next(&mut cx);
    assert!(matches!(poll(), Poll::Ready(Some(Err(error))) if error.to_string().contains("runtime")));
    assert!(matches!(poll(), Poll::Ready(None)));
}

fn blocking_user(world: &World) -> connect_blocking::User {
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let builder = connect_blocking::Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(world.base_url());
    let client = builder.build().unwrap();
    let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    client.auth().finish(sign_in, &callback).unwrap()
}

#[tokio::test]
async fn blocking_client_reads_exactly_one_page_ahead_on_request() {
    let world = World::new(Place::Socket).unwrap();
    let user = blocking_user(&world);
    let all: Vec<_> = user.events().list(events()).items().map(|event| event.unwrap().id).collect();
    let requests = world.requests("GET /events");

    let mut items = user.events().list(events()).items().read_ahead().unwrap();
    settles_at(&world, requests + 1).await;
    let mut ids = vec![items.next().unwrap().unwrap().id];
    settles_at(&world, requests + 2).await;
    ids.extend(items.map(|event| event.unwrap().id));
    assert!(ids.len() > 100);
    assert_eq!(ids, all);

    let requests = world.requests("GET /events");
    drop(user.events().list(events()).pages().read_ahead().unwrap().read_ahead().unwrap());
    settles_at(&world, requests + 1).await;
}

#[test]
fn panic_while_reading_ahead_is_an_error_not_the_end_of_the_list() {
    static CALLS: AtomicU32 = AtomicU32::new(0);
    let transport = |_: connect_blocking::Request| {
        assert!(CALLS.fetch_add(1, Relaxed) == 0, "the second request panics");
        Ok(http::Response::new(r#"{"events":[{"id":"a"}],"nextPageToken":"t"}"#.into()))
    };
    let client = connect_blocking::Client::builder("id", "secret").transport(transport).build().unwrap();
    let user = client.user("ann");
    user.import(connect_blocking::Tokens::access_only("token")).unwrap();
    let mut items = user.events().list(events()).items().read_ahead().unwrap();
    assert_eq!(items.next().unwrap().unwrap().id, "a");
    assert!(items.next().unwrap().unwrap_err().to_string().contains("panicked"));
    assert!(items.next().is_none());
}

fn six_weeks() -> ListEvents {
    ListEvents::between("2027-01-01T01:00:00Z", "2027-02-12T01:00:00Z").page_size(1)
}

/// Returns 30 pages with one event each, or an error in the window that starts on the day `failing`.
fn thirty_pages(url: &str, failing: &str) -> http::Response<bytes::Bytes> {
    let query: std::collections::BTreeMap<_, _> =
        form_urlencoded::parse(url.split_once('?').map_or("", |(_, query)| query).as_bytes())
            .into_owned()
            .collect();
    let number: u32 = query.get("nextPageToken").map_or(0, |token| token.parse().unwrap());
    let start = &query["start"];
    if start.starts_with(failing) && number == 3 {
        return http::Response::builder().status(404).body(r#"{"message":"gone"}"#.into()).unwrap();
    }
    let next = if number < 29 { format!(r#","nextPageToken":"{}""#, number + 1) } else { String::new() };
    http::Response::new(format!(r#"{{"events":[{{"id":"{start}-{number}"}}]{next}}}"#).into())
}

fn blocking_pages(failing: &'static str) -> (connect_blocking::User, &'static AtomicU64) {
    let calls: &'static AtomicU64 = Box::leak(Box::default());
    let transport = move |request: connect_blocking::Request| {
        calls.fetch_add(1, Relaxed);
        Ok(thirty_pages(&request.uri().to_string(), failing))
    };
    let builder = connect_blocking::Client::builder("id", "secret");
    let user = builder.transport(transport).build().unwrap().user("ann");
    user.import(connect_blocking::Tokens::access_only("token")).unwrap();
    (user, calls)
}

async fn async_pages(failing: &'static str) -> (User, &'static AtomicU64) {
    let calls: &'static AtomicU64 = Box::leak(Box::default());
    let transport = move |request: connect_hyper::Request| async move {
        calls.fetch_add(1, Relaxed);
        Ok(thirty_pages(&request.uri().to_string(), failing))
    };
    let builder = Client::builder("id", "secret");
    let user = builder.transport(transport).build().unwrap().user("ann");
    user.import(connect_hyper::Tokens::access_only("token")).await.unwrap();
    (user, calls)
}

#[tokio::test]
async fn windows_are_fetched_at_the_same_time_up_to_a_limit() {
    let (user, calls) = async_pages("none").await;
    let calls = || calls.load(Relaxed);
    let mut items = user.events().list(six_weeks()).items_in_windows(4);
    settled(calls, 0).await; // creating the list sends no request
    let mut returned = 0;
    // The later windows have eight pages in memory, and each window reads at least one page ahead.
    while calls() < 3 * 8 + returned + 4 {
        items.next().await.unwrap().unwrap();
        returned += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(returned < 30, "the later windows were not fetched at the same time as the first one");
    tokio::time::sleep(Duration::from_millis(200)).await;
    // The next page is sometimes requested before the page that was read ahead is decoded.
    let sent = calls();
    assert!(sent <= 3 * 8 + returned + 8, "{sent} requests for {returned} events");
    drop(items);
    settled(calls, sent).await;

    let (user, calls) = blocking_pages("none");
    let calls = || calls.load(Relaxed);
    let mut items = user.events().list(six_weeks()).items_in_windows(4).unwrap();
    settled(calls, 4 * 8).await;
    for _ in 0..11 {
        items.next().unwrap().unwrap();
    }
    settled(calls, 4 * 8 + 11).await;
    drop(items);
    settled(calls, 4 * 8 + 11).await;
}

#[tokio::test]
async fn error_in_a_window_follows_the_events_before_it() {
    let (user, _) = async_pages("2027-01-22").await;
    let mut items = user.events().list(six_weeks()).items_in_windows(4);
    for _ in 0..63 {
        items.next().await.unwrap().unwrap();
    }
    assert!(items.next().await.unwrap().unwrap_err().to_string().contains("gone"));
    assert!(items.next().await.is_none());

    let (user, _) = blocking_pages("2027-01-22");
    let mut items = user.events().list(six_weeks()).items_in_windows(4).unwrap();
    assert!(items.by_ref().take(63).all(|item| item.is_ok()));
    assert!(items.next().unwrap().unwrap_err().to_string().contains("gone"));
    assert!(items.next().is_none());
}

#[tokio::test]
async fn windows_without_read_ahead_are_fetched_one_after_the_other() {
    let (user, calls) = async_pages("none").await;
    let mut items = user.events().list(six_weeks()).items_in_windows(4).without_read_ahead();
    for number in 1..=31 {
        items.next().await.unwrap().unwrap();
        assert_eq!(calls.load(Relaxed), number);
    }
    settled(|| calls.load(Relaxed), 31).await;
}
