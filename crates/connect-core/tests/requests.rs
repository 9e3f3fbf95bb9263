//! The URL, headers and body of requests, and the decoding of responses.
#![allow(clippy::unwrap_used, clippy::panic, unused_must_use)] // steps are dropped on purpose

mod support;

use std::borrow::Cow;

use connect_core::{
    machine::*,
    types::{
        Auth, Base, Body, CheckHealth, Health, ListCalendars, ListEvents, NewEvent, Operation, Provider, Raw,
        Safety, Scope,
    },
    *,
};
use http::{Method, header};
use support::*;

/// An endpoint that implements only the required methods.
struct Colors(Method);

impl Endpoint for Colors {
    type Output = Raw;

    fn method(&self) -> Method {
        self.0.clone()
    }

    fn path(&self) -> Result<Cow<'_, str>, connect_core::Error> {
        Ok("/colors".into())
    }
}

fn header(request: &Request, name: header::HeaderName) -> Option<&str> {
    request.headers().get(name).map(|value| value.to_str().unwrap())
}

#[test]
fn custom_endpoint_gets_the_default_request() {
    let world = World::loaded();
    let (request, _) = send(Call::start(&world.session, &Colors(Method::GET), world.now()));
    assert_eq!(request.uri(), "https://connect.mobiscroll.com/api/colors");
    assert_eq!(request.method(), Method::GET);
    assert_eq!(bearer(&request), "hush-a1");
    assert_eq!(header(&request, header::ACCEPT), Some("application/json"));
    assert!(header(&request, header::USER_AGENT).unwrap().starts_with("connect-rs/"));
    assert_eq!(header(&request, header::CONTENT_TYPE), None);
    assert!(request.body().is_empty());
    let colors = Colors(Method::GET);
    assert_eq!((colors.operation(), colors.scope(), colors.base()), ("", None, Base::Api));
}

/// An endpoint of a service with URLs as page tokens, its own error format, and limits per user.
struct Page(&'static str);

impl Endpoint for Page {
    type Output = Raw;

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Result<Cow<'_, str>, connect_core::Error> {
        Ok("/first".into())
    }

    fn url(&self) -> Option<Cow<'_, str>> {
        Some(self.0.into())
    }

    fn limits(&self) -> Limits {
        Limits::per_user(4)
    }

    fn explain(response: &Response, error: Error) -> Error {
        match response.body().as_ref() {
            b"slow down" => error.with_kind(ErrorKind::RateLimited).with_server_code("tooFast"),
            _ => error,
        }
    }
}

#[test]
fn next_page_url_is_used_unchanged_and_only_on_the_service() {
    let world = World::loaded();
    let url = "https://Connect.mobiscroll.com:443/other/path?$skip=a%2Bb&x=1";
    let (request, _) = send(Call::start(&world.session, &Page(url), world.now()));
    assert_eq!(request.uri().path_and_query().unwrap(), "/other/path?$skip=a%2Bb&x=1");
    assert_eq!(bearer(&request), "hush-a1");
    for elsewhere in [
        "https://connect.mobiscroll.com.evil.example/api",
        "https://evil.example/connect.mobiscroll.com",
        "https://connect.mobiscroll.com@evil.example/",
        "https://x@connect.mobiscroll.com/",
        "http://connect.mobiscroll.com/api",
        "https://connect.mobiscroll.com:8443/api",
        "/api/second",
        "connect.mobiscroll.com",
        "",
        "https://",
        "\u{0}",
    ] {
        let error = response(Call::start(&world.session, &Page(elsewhere), world.now())).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Validation { .. }), "{elsewhere}: {error:?}");
    }
}

#[test]
fn endpoint_can_interpret_its_own_errors() {
    let world = World::loaded();
    let page = Page("https://connect.mobiscroll.com/p");
    let (_, sending) = send(Call::start(&world.session, &page, world.now()));
    let (pause, _) = sleep(sending.resume(Ok(status(403, "slow down")), world.now()));
    assert!(pause > secs(0), "the request is retried as after a 429");
    let (_, sending) = send(Call::start(&world.session, &page, world.now()));
    let error = response(sending.resume(Ok(status(403, "no")), world.now())).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Permission { .. }));
}

#[test]
fn per_user_rate_limit_does_not_delay_other_users() {
    let world = World::loaded();
    let other = Session::new(world.session.app().clone(), "other");
    let limited = with_header(status(429, ""), "retry-after", "7");
    let page = Page("https://connect.mobiscroll.com/p");
    let (request, sending) = send(Call::start(&world.session, &page, world.now()));
    assert_eq!(request.extensions().get::<ConcurrencyLimit>().unwrap().0.get(), 4);
    sleep(sending.resume(Ok(limited), world.now()));
    let (pause, _) = sleep(Call::start(&world.session, &page, world.now()));
    assert_eq!(pause, secs(7));
    assert!(
        matches!(Call::start(&other, &page, world.now()), Step::Refresh(..)),
        "the other user does not wait"
    );
    let (_, sending) = send(Call::start(&world.session, &Colors(Method::GET), world.now()));
    sleep(sending.resume(Ok(with_header(status(429, ""), "retry-after", "9")), world.now()));
    let (pause, _) = sleep(Call::start(&other, &Colors(Method::GET), world.now()));
    assert_eq!(pause, secs(9), "without per-user limits, all users wait");
}

#[test]
fn method_decides_whether_a_request_is_retried() {
    for (method, safety) in [
        (Method::GET, Safety::Safe),
        (Method::HEAD, Safety::Safe),
        (Method::OPTIONS, Safety::Safe),
        (Method::PUT, Safety::Idempotent),
        (Method::DELETE, Safety::Idempotent),
        (Method::POST, Safety::Once),
        (Method::PATCH, Safety::Once),
    ] {
        assert_eq!(Colors(method.clone()).safety(), safety, "{method}");
    }
}

#[test]
fn query_is_percent_encoded() {
    let world = World::loaded();
    let list = ListEvents::between(world.wall, world.wall).calendar((Provider::Google, "a&b=c d"));
    let (request, _) = send(Call::start(&world.session, &list, world.now()));
    assert_eq!(request.uri().path(), "/api/events");
    let query = Operation::query(&list).unwrap();
    assert!(query.iter().any(|(_, value)| value.contains("a&b=c d")), "{query:?}");
    let encoded = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
    assert_eq!(request.uri().query(), Some(&*encoded));
}

#[test]
fn body_has_a_content_type() {
    let world = World::loaded();
    let new = NewEvent::new((Provider::Google, "c"), "Stand-up", world.wall, world.wall);
    let (request, _) = send(Call::start(&world.session, &new, world.now()));
    assert_eq!(request.method(), Method::POST);
    assert_eq!(header(&request, header::CONTENT_TYPE), Some("application/json"));
    assert!(std::str::from_utf8(request.body()).unwrap().contains(r#""title":"Stand-up""#));

    let (leader, _call) = token_task(world.answered(status(401, "")));
    let step = load(lock(leader.start(world.now()), world.now()), Ok(Some(world.pair(1))), world.now());
    let RefreshStep::Send(request, _) = step else { panic!("no exchange") };
    assert_eq!(request.uri(), "https://connect.mobiscroll.com/api/oauth/token");
    assert_eq!(header(&request, header::CONTENT_TYPE), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(&request, header::AUTHORIZATION), Some("Basic aWQ6aHVzaC1jbGllbnQ="));
}

#[test]
fn request_without_user_carries_no_credentials() {
    let world = World::loaded();
    for step in [
        Call::anonymous(world.session.app(), &CheckHealth::new(), world.now()),
        Call::start(&world.session, &CheckHealth::new(), world.now()),
    ] {
        assert_eq!(header(&send(step).0, header::AUTHORIZATION), None);
    }
}

#[test]
fn endpoint_names_its_operation() {
    let list = ListCalendars::new();
    assert_eq!(Endpoint::operation(&list), "GET /calendars");
    assert_eq!((Endpoint::safety(&list), Endpoint::scope(&list)), (Safety::Safe, Some(Scope::Read)));
    assert_eq!((Endpoint::auth(&list), Endpoint::base(&list)), (Auth::Bearer, Base::Api));
    assert!(matches!(Endpoint::body(&list).unwrap(), Body::None));
}

#[test]
fn reply_has_status_headers_and_attempts() {
    let mut answer = with_header(status(200, r#"{"status":"ok"}"#), "x-request-id", "r-1");
    answer.extensions_mut().insert(Attempts(3));
    let reply: Reply<Health> = Reply::read(&CheckHealth::new(), answer).unwrap();
    assert_eq!((reply.status.as_u16(), reply.attempts), (200, 3));
    assert_eq!(reply.headers["x-request-id"], "r-1");
    let error = Reply::read(&CheckHealth::new(), with_header(status(200, "<html>"), "x-request-id", "r-2"));
    let error = error.unwrap_err();
    assert_eq!((error.attempts(), error.request_id()), (1, Some("r-2")));
}
