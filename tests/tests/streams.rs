//! Lists as `Stream`s, and their read-ahead.

use std::{
    pin::Pin,
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
