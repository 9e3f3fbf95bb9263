//! A request of a web page to the application's token endpoint. The input has a line each for method, target,
//! `Origin`, `X-Requested-With` and `Content-Type`, then the body.
//!
//! Each request must cause at most one request to the authorization server. The request to the authorization
//! server must have the code or refresh token that an independent form parser finds in the page's request,
//! and no other parameters of the page. The response to the page must be JSON that other origins cannot read.

#![no_main]

use connect_calendars::{
    google,
    token_endpoint::{TokenEndpoint, Visitor, Work},
};
use connect_core::{App, Config, Error, Grant, Response, Tokens, oauth::POSTMESSAGE};
use connect_fuzz::{CLIENT, Input, SECRET, USER, at};
use http::{HeaderValue, Method, Request, header};
use libfuzzer_sys::fuzz_target;

const ORIGIN: &str = "https://app.example";

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input::new(bytes);
    let (method, target) = (input.line(), input.line());
    let headers = [header::ORIGIN, "x-requested-with".parse().expect("a name"), header::CONTENT_TYPE]
        .map(|name| (name, input.line()));
    let body = input.rest();
    let Ok(method) = Method::from_bytes(method) else { return };
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_bytes(value)) {
            request = request.header(name, value);
        }
    }
    let Ok(request) = request.body(bytes::Bytes::copy_from_slice(body)) else { return };
    for pass_through in [false, true] {
        let endpoint = TokenEndpoint::new(ORIGIN).expect("an origin");
        let endpoint = if pass_through { endpoint.pass_through() } else { endpoint };
        assert!(endpoint.accept(&request, None).is_err(), "a request without a signed-in user is accepted");
        serve(&endpoint, &request, pass_through);
    }
});

fn serve(endpoint: &TokenEndpoint, request: &Request<bytes::Bytes>, pass_through: bool) {
    let allowed = request.headers().get(header::ORIGIN).is_some_and(|origin| origin == ORIGIN);
    let asked = match endpoint.accept(request, Some(&Visitor::new(USER))) {
        Err(reply) => {
            assert!(!reply.status().is_success() || request.method() == Method::OPTIONS);
            return check(&reply, allowed);
        }
        Ok(asked) => asked,
    };
    assert!(allowed && request.method() == Method::POST && asked.user() == USER);
    let name_of = |grant: &Grant| match grant {
        Grant::OfUser(user, grant) if &**user == USER => match &**grant {
            Grant::AuthorizationCode(_) => "code",
            _ => "refresh_token",
        },
        _ => panic!("the grant may be one of another user"),
    };
    let (name, grant) = match asked.work().clone() {
        Work::Exchange(code) => ("code", Some(Grant::AuthorizationCode(code))),
        Work::Grant(grant) => (name_of(&grant), Some(grant)),
        Work::Tokens(_) => ("", None),
    };
    if let Some(grant) = grant {
        let sent = request_of(&grant);
        let fields: Vec<_> = form_urlencoded::parse(&sent).collect();
        let mut names: Vec<_> = fields.iter().map(|(name, _)| &**name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), fields.len(), "a parameter is sent twice: {names:?}");
        let allowed_names = [
            "client_id",
            "client_secret",
            "code",
            "code_verifier",
            "grant_type",
            "redirect_uri",
            "refresh_token",
        ];
        assert!(names.iter().all(|name| allowed_names.contains(name)), "{names:?}");
        let value = |fields: &[(std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)],
                     wanted: &str|
         -> Vec<String> {
            fields.iter().filter(|(name, _)| name == wanted).map(|(_, value)| value.to_string()).collect()
        };
        let received: Vec<_> = form_urlencoded::parse(request.body()).collect();
        assert_eq!(value(&fields, name), value(&received, name));
        assert_eq!(value(&fields, "client_id"), [CLIENT]);
    }
    let tokens = Tokens::new(format!("access-{SECRET}"), "refresh-only-here");
    let reply = asked.reply_at(Ok(tokens), at().wall);
    assert!(reply.status().is_success());
    let body = String::from_utf8_lossy(reply.body()).into_owned();
    assert_eq!(body.contains("refresh-only-here"), pass_through, "{body}");
    check(&reply, allowed);
    let again = endpoint.accept(request, Some(&Visitor::new(USER))).expect("the same request");
    let refused = again.reply_at(Err(Error::validation("<b>upstream</b>")), at().wall);
    assert!(!refused.status().is_success() && !String::from_utf8_lossy(refused.body()).contains("upstream"));
    check(&refused, allowed);
}

fn request_of(grant: &Grant) -> bytes::Bytes {
    let mut config = Config::new(CLIENT, SECRET, [7; 32]);
    config.redirect_uri = Some(POSTMESSAGE.to_owned());
    config.profile = Some(google::profile());
    let app = App::new(config).expect("a valid configuration");
    grant.request(&app, at()).expect("a request").into_body()
}

fn check(reply: &Response, allowed: bool) {
    let header = |name: header::HeaderName| reply.headers().get(name).and_then(|value| value.to_str().ok());
    assert_eq!(header(header::CACHE_CONTROL), Some("no-store"));
    assert_eq!(header(header::X_CONTENT_TYPE_OPTIONS), Some("nosniff"));
    assert_eq!(header(header::LOCATION), None);
    assert!(!reply.status().is_redirection() && reply.status() != 500);
    assert_eq!(header(header::ACCESS_CONTROL_ALLOW_ORIGIN), allowed.then_some(ORIGIN));
    if reply.body().is_empty() {
        assert_eq!(reply.status(), 204);
    } else {
        assert_eq!(header(header::CONTENT_TYPE), Some("application/json"));
        serde_json::from_slice::<serde_json::Value>(reply.body()).expect("JSON");
    }
}
