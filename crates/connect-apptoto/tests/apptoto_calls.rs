//! Tests of Apptoto calls: retries, paging, and the error for a missing scope.
#![allow(clippy::unwrap_used, clippy::panic, reason = "helpers of tests, outside of a test fn")]

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};

use connect_apptoto::{
    ApiKey, BookNow, CreateContacts, CreateEvents, DeleteEvent, GetContact, GetEvent, GetImport,
    ListAddressBooks, ListEvents, MessageType, NewContact, NewEvent, RawCall, SendMessage, StartImport,
    UpsertContact, UpsertContacts, UpsertEvent, UpsertEvents,
};
use connect_blocking::{Error, ErrorKind, Pages, Request, Response, TransportError, User};
use connect_core::{Endpoint, Paged, Pager};
use jiff::Timestamp;
use support::{Wire, answer, user};

/// Sends a call and returns the result and the number of requests.
fn tried(
    call: impl FnOnce(&User) -> Result<(), Error>,
    answer: impl Fn(&Request) -> Result<Response, TransportError> + Send + Sync + 'static,
) -> (Result<(), Error>, usize) {
    let wire = Wire::default();
    let client = wire.client(answer);
    let outcome = call(&user(&client));
    (outcome, wire.sent().len())
}

type Try = Box<dyn Fn(&User) -> Result<(), Error>>;
type Calls = Vec<(&'static str, Try)>;

fn send(call: impl Endpoint + Sync + 'static) -> Try {
    Box::new(move |user| user.send(&call).map(drop))
}

/// The calls that are never retried, each with the scope it needs.
fn once_only() -> Calls {
    let now = Timestamp::UNIX_EPOCH;
    vec![
        ("events:write", send(CreateEvents::new([NewEvent::new(1, "A", now, now)]))),
        ("contacts:write", send(CreateContacts::new([NewContact::new(1, "A")]))),
        ("contacts:write", send(UpsertContacts::new([UpsertContact::by_id(1).add_phone("6")]))),
        ("contacts:write", send(UpsertContacts::new([UpsertContact::by_id(1).field("add_email", "e")]))),
        ("bookings:write", send(BookNow::new(1, now))),
        ("messaging:send", send(SendMessage::new(MessageType::Sms, "+1", "Hi"))),
        ("imports:write", send(StartImport::based_on(1, "a"))),
    ]
}

/// The calls that may be retried.
fn repeatable() -> Calls {
    vec![
        ("events:read", send(ListEvents::new())),
        ("events:read", send(GetEvent::by_id(1))),
        ("events:write", send(UpsertEvents::new([UpsertEvent::by_id(1)]))),
        ("events:write", send(DeleteEvent::by_id(1))),
        ("contacts:read", send(GetContact::by_id(1))),
        ("contacts:write", send(UpsertContacts::new([UpsertContact::by_id(1).name("A")]))),
        ("address_books:read", send(ListAddressBooks::new())),
        ("imports:read", send(GetImport::new(1))),
    ]
}

#[test]
fn missing_scope_is_named_without_a_refresh() {
    for (scope, call) in once_only().into_iter().chain(repeatable()) {
        let (outcome, requests) = tried(call, |request| {
            assert_eq!(request.uri().host(), Some("api.apptoto.com"));
            assert!(!request.uri().path().contains("oauth"), "a refresh does not add the scope");
            Ok(answer(403, r#"{"error": "insufficient_scope"}"#))
        });
        let error = outcome.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Permission { .. }), "{error:?}");
        assert_eq!(error.server_code(), Some("insufficient_scope"));
        let text = error.to_string();
        assert!(text.contains(&format!("needs the scope {scope}")), "{text}");
        assert_eq!(requests, 1, "{scope}");
    }
}

#[test]
fn unsafe_call_is_not_retried_after_ambiguous_failure() {
    for (scope, call) in once_only() {
        for status in [500, 502, 503, 504] {
            let (outcome, requests) = tried(&call, move |_| Ok(answer(status, "")));
            let error = outcome.unwrap_err();
            assert!(error.may_have_happened(), "{scope} {status}: {error:?}");
            assert_eq!(requests, 1, "{scope} {status}");
        }
        let (outcome, requests) = tried(&call, |_| Err(TransportError::broken("the response was lost")));
        assert!(outcome.unwrap_err().may_have_happened());
        assert_eq!(requests, 1, "{scope}");
    }
}

#[test]
fn unsafe_call_is_not_retried_even_if_never_processed() {
    for (scope, call) in once_only() {
        let (outcome, requests) = tried(&call, |_| Err(TransportError::unreachable("connection refused")));
        assert!(!outcome.unwrap_err().may_have_happened());
        assert_eq!(requests, 1, "{scope}");
        let (_, requests) = tried(&call, |_| {
            let mut response = answer(429, "");
            response.headers_mut().insert("retry-after", "0".parse().unwrap());
            Ok(response)
        });
        assert_eq!(requests, 1, "{scope}");
    }
}

#[test]
fn idempotent_call_is_retried() {
    for (scope, call) in repeatable() {
        let (_, requests) = tried(&call, |_| Ok(answer(503, "")));
        assert_eq!(requests, 3, "{scope}");
    }
    let post = send(RawCall::new(http::Method::POST, "/lists").json(1));
    assert_eq!(tried(post, |_| Ok(answer(503, ""))).1, 1);
    let put = send(RawCall::new(http::Method::PUT, "/lists").json(1));
    assert_eq!(tried(put, |_| Ok(answer(503, ""))).1, 3);
}

#[test]
fn retried_delete_of_deleted_event_succeeds() {
    let tries = AtomicUsize::new(0);
    let (outcome, requests) =
        tried(send(DeleteEvent::by_id(1)), move |_| match tries.fetch_add(1, Ordering::Relaxed) {
            0 => Err(TransportError::broken("the response was lost")),
            _ => Ok(answer(404, "")),
        });
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(requests, 2);
}

/// Responds with two pages of two events each, and an empty third page.
fn pages(request: &Request) -> Result<Response, TransportError> {
    let page = match request.uri().query() {
        Some("page_size=2") => 1,
        Some("page_size=2&page=2") => 2,
        Some("page_size=2&page=3") => 3,
        other => panic!("{other:?}"),
    };
    let events = if page < 3 { format!(r#"{{"id": {page}1}}, {{"id": {page}2}}"#) } else { String::new() };
    Ok(answer(200, &format!(r#"{{"events": [{events}]}}"#)))
}

fn all<E: Paged + Sync>(pages: Pages<E>) -> Vec<E::Item> {
    pages.items().collect::<Result<_, _>>().unwrap()
}

#[test]
fn paging_ends_at_the_empty_page() {
    let wire = Wire::default();
    let client = wire.client(pages);
    let user = user(&client);
    let events = all(user.pages(ListEvents::new().page_size(2)));
    let ids: Vec<_> = events.into_iter().filter_map(|event| event.id).map(|id| id.to_string()).collect();
    assert_eq!(ids, ["11", "12", "21", "22"]);
    assert_eq!(wire.sent().len(), 3);

    let key = ApiKey::new("ada@example.com", "key").unwrap();
    let events = all(client.pages(key.over(&ListEvents::new().page_size(2))));
    assert_eq!(events.len(), 4);
    assert!(wire.sent().last().unwrap().contains("authorization: Basic "));
}

#[test]
fn paging_resumes_from_a_page_token() {
    let client = Wire::default().client(pages);
    let mut pager = Pager::new(ListEvents::new().page_size(2));
    let first = user(&client).send(&pager.request().unwrap()).unwrap();
    pager.advance(&first).unwrap();
    let later = ListEvents::new().page_size(2).at(pager.token().unwrap());
    assert_eq!(all(user(&client).pages(later)).len(), 2);
    let error = user(&client).send(&ListEvents::new().at("soon")).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Validation { .. }) && error.attempts() == 0, "{error:?}");
}
