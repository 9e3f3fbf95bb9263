//! Lists as `Stream`s, and the read-ahead of both clients.

use std::{
    pin::Pin,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
    task::{Context, Poll},
    time::Duration,
};

use connect_hyper::{Client, SignIn, User, types::ListEvents};
use connect_tests::world::{Place, World};
use futures_core::Stream;
use jiff::{SignedDuration, Timestamp};

async fn sign_in(world: &World) -> User {
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let builder =
        Client::builder(app.client_id, app.client_secret, app.redirect_uri).base_url(world.base_url());
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
    while world.requests("GET /events") < pages {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(world.requests("GET /events"), pages);
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
    let client = Client::builder("id", "secret", "https://app.example/callback").build().unwrap();
    let mut items = client.user("ann").events().list(events()).items();
    let mut cx = Context::from_waker(std::task::Waker::noop());
    let mut poll = || Pin::new(&mut items).poll_next(&mut cx);
    assert!(matches!(poll(), Poll::Ready(Some(Err(error))) if error.to_string().contains("runtime")));
    assert!(matches!(poll(), Poll::Ready(None)));
}

fn blocking_user(world: &World) -> connect_blocking::User {
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let builder = connect_blocking::Client::builder(app.client_id, app.client_secret, app.redirect_uri)
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
    let client = connect_blocking::Client::builder("id", "secret", "https://app.example/callback")
        .transport(transport)
        .build()
        .unwrap();
    let user = client.user("ann");
    user.import(connect_blocking::Tokens::access_only("token")).unwrap();
    let mut items = user.events().list(events()).items().read_ahead().unwrap();
    assert_eq!(items.next().unwrap().unwrap().id, "a");
    assert!(items.next().unwrap().unwrap_err().to_string().contains("panicked"));
    assert!(items.next().is_none());
}
