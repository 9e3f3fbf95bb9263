//! Invalid input from callers and servers must give a clear error. It must not cause a panic or an unlimited
//! number of requests.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use connect_blocking::{
    Client, Error, ErrorKind, Request, Response, SignIn, Tokens, TransportError,
    types::{ListEvents, NewEvent, Provider, Recurrence, UpdateEvent},
};
use connect_tests::world::{Place, World};
use http::header::CONTENT_TYPE;
use jiff::Timestamp;

const REDIRECT: &str = "https://app.example/callback";

/// Creates a client whose transport calls `respond`, and a counter of its requests.
fn client_with(respond: impl Fn(&Request) -> Response + Send + Sync + 'static) -> (Client, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counter = count.clone();
    let transport = move |request: Request| -> Result<Response, TransportError> {
        counter.fetch_add(1, SeqCst);
        Ok(respond(&request))
    };
    let client = Client::builder("id", "secret").redirect_uri(REDIRECT).transport(transport).build().unwrap();
    client.user("ann").import(Tokens::new("access", "refresh")).unwrap();
    (client, count)
}

fn json(body: &str) -> Response {
    http::Response::builder().header(CONTENT_TYPE, "application/json").body(body.to_owned().into()).unwrap()
}

fn list() -> ListEvents {
    ListEvents::between(Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)
}

#[test]
fn repeated_page_token_is_an_error() {
    let (client, count) = client_with(|_| json(r#"{"events":[{"id":"a"}],"nextPageToken":"again"}"#));
    let items: Vec<_> = client.user("ann").events().list(list()).items().collect();
    assert_eq!(count.load(SeqCst), 2);
    let (last, before) = items.split_last().unwrap();
    assert!(before.iter().all(Result::is_ok));
    assert!(matches!(last.as_ref().unwrap_err().kind(), ErrorKind::PageLoop), "{last:?}");
}

#[test]
fn empty_pages_are_skipped() {
    let pages = AtomicUsize::new(0);
    let (client, count) = client_with(move |_| match pages.fetch_add(1, SeqCst) {
        page @ 0..5 => json(&format!(r#"{{"events":[],"nextPageToken":"{page}"}}"#)),
        _ => json(r#"{"events":[{"id":"at last"}],"nextPageToken":""}"#),
    });
    let items: Result<Vec<_>, _> = client.user("ann").events().list(list()).items().collect();
    assert_eq!(items.unwrap()[0].id, "at last");
    assert_eq!(count.load(SeqCst), 6);
}

#[test]
fn line_breaks_are_not_sent_in_headers_or_request_lines() {
    let (client, count) = client_with(|request| {
        let line = format!("{} {:?}", request.uri(), request.headers());
        assert!(!line.contains('\r') && !line.contains('\n'), "{line}");
        assert!(request.body().iter().all(|byte| *byte >= b' '), "{:?}", request.body());
        json(r#"{"success":true,"id":"e","calendarId":"c","provider":"google","events":[]}"#)
    });
    let evil = "a\r\nx-evil: 1\r\n\r\n\0\u{7f}é";
    let user = client.user(evil);
    user.import(Tokens::new("access", "refresh")).unwrap();
    let now = Timestamp::UNIX_EPOCH;
    let new = NewEvent::new((evil, evil), evil, now, now).description(evil).attendee(evil).conference(evil);
    user.events().create(new).unwrap();
    user.events().update(UpdateEvent::new(evil, evil, evil).title(evil)).unwrap();
    user.events()
        .delete(connect_blocking::types::DeleteEvent::new(evil, evil, evil).recurring_event_id(evil))
        .unwrap();
    user.events().list(list().calendar((evil, evil)).page_token(evil)).first().unwrap();
    user.connections().disconnect(connect_blocking::types::Disconnect::new(evil).account(evil)).unwrap();
    assert_eq!(count.load(SeqCst), 5);
    let sign_in =
        client.auth().sign_in(SignIn::new(evil).language(evil).providers([Provider::from(evil)])).unwrap();
    assert!(sign_in.url().bytes().all(|byte| byte.is_ascii_graphic()), "{}", sign_in.url());
}

#[test]
fn access_token_with_a_line_break_is_never_sent() {
    let (client, count) = client_with(|_| json("[]"));
    let user = client.user("bob");
    user.import(Tokens::new("a\r\nx-evil: 1", "refresh")).unwrap();
    let error = user.calendars().list().unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Authentication), "{error:?}");
    assert_eq!(count.load(SeqCst), 0);
}

#[test]
fn invalid_configuration_is_refused() {
    let built = |edit: fn(connect_blocking::Builder) -> connect_blocking::Builder| -> Result<Client, Error> {
        edit(Client::builder("id", "secret").redirect_uri(REDIRECT)).build()
    };
    let wrong: [fn(connect_blocking::Builder) -> connect_blocking::Builder; 8] = [
        |builder| builder.base_url("http://connect.example/api"),
        |builder| builder.base_url("connect.example"),
        |builder| builder.base_url("https://connect.example/api\r\n"),
        |builder| builder.base_url("https://user:pass@connect.example/api"),
        |builder| builder.user_agent("a\r\nb"),
        |builder| builder.proxy("not a proxy"),
        |builder| builder.proxy(""),
        |builder| builder.seed([0; 32]),
    ];
    for (n, edit) in wrong.into_iter().enumerate() {
        let error = built(edit).map(drop).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Configuration), "{n}: {error:?}");
    }
    for (id, secret, redirect) in
        [("", "s", REDIRECT), ("i", "", REDIRECT), ("i", "s", "http://app.example/"), ("i", "s", "")]
    {
        let error = Client::builder(id, secret).redirect_uri(redirect).build().map(drop).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Configuration), "{error:?}");
    }
    built(|builder| builder).unwrap();
}

#[test]
fn rule_keeps_the_later_of_count_and_until() {
    let until: Timestamp = "2026-12-31T23:59:59Z".parse().unwrap();
    let rule = Recurrence::weekly().count(5).until(until);
    assert_eq!(rule.rrule().unwrap(), "RRULE:FREQ=WEEKLY;UNTIL=20261231T235959Z");
    assert!("FREQ=WEEKLY;COUNT=5;UNTIL=20261231T235959Z".parse::<Recurrence>().is_err());
    let (client, count) = client_with(|_| json("{}"));
    let now = Timestamp::UNIX_EPOCH;
    let new = NewEvent::new(("google", "c"), "x", now, now).recurrence(Recurrence::daily().count(0));
    let error = client.user("ann").events().create(new).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{error:?}");
    assert_eq!(count.load(SeqCst), 0);
}

#[test]
fn every_status_is_a_result_or_a_typed_error() {
    for status in (200..=599).map(|code| http::StatusCode::from_u16(code).unwrap()) {
        for body in
            ["", "null", "[]", "{}", "\"x\"", "<html>", r#"{"error":5,"message":{"a":1},"details":"x"}"#]
        {
            let (client, count) = client_with(move |request| {
                let mut response = json(if request.uri().path().ends_with("token") { "{}" } else { body });
                *response.status_mut() = status;
                response.headers_mut().insert("retry-after", "0".parse().unwrap());
                response
            });
            let outcome = client.user("ann").calendars().list();
            if let Err(error) = outcome {
                assert!(!error.code().is_empty() && error.status().is_some(), "{status} {body}: {error:?}");
                assert_eq!(error.status(), Some(status), "{error:?}");
            }
            assert!(count.load(SeqCst) <= 3, "{status} {body}: {} requests", count.load(SeqCst));
        }
    }
}

#[test]
fn panic_in_the_transport_leaves_no_waiter() {
    let world = World::new(Place::Memory).unwrap();
    let app = world.sandbox(|sandbox| sandbox.credentials());
    let (inner, panics) = (world.in_memory(), Arc::new(AtomicUsize::new(0)));
    let left = panics.clone();
    let transport = move |request: Request| {
        let exchange = request.uri().path().ends_with("/oauth/token");
        if exchange && left.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_ok() {
            panic!("on purpose");
        }
        inner(request)
    };
    let builder = Client::builder(app.client_id, app.client_secret)
        .redirect_uri(app.redirect_uri)
        .base_url(world.base_url());
    let client = builder.transport(transport).store(world.store.clone()).build().unwrap();
    let sign_in = client.auth().sign_in(SignIn::new("ann")).unwrap();
    let callback = world.consent(sign_in.url()).unwrap();
    client.auth().finish(sign_in, &callback).unwrap();
    world.expire();
    panics.store(1, SeqCst);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let calls: Vec<_> = (0..8).map(|_| scope.spawn(|| client.user("ann").calendars().list())).collect();
        calls.into_iter().map(|call| call.join()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_err()).count(), 1, "only the leader fails");
    client.user("ann").calendars().list().unwrap();
}
