//! Helpers: requests as a web page sends them, and a server that uses the blocking or async client.

pub mod upstream;
pub mod wire;
pub mod world;

use bytes::Bytes;
use connect_calendars::token_endpoint::{TokenEndpoint, Visitor, Work};
use connect_core::{Error, Request, Response, Tokens};
use http::{HeaderMap, Method, StatusCode};
use serde_json::Value;
use tokio::runtime::Runtime;

pub const PAGE: &str = "https://app.example";
pub const STRANGER: &str = "https://evil.example";
pub const FORM: &str = "application/x-www-form-urlencoded";

pub fn endpoint() -> TokenEndpoint {
    TokenEndpoint::new(PAGE).unwrap()
}

pub fn ada() -> Visitor {
    Visitor::new("ada")
}

/// An async or blocking client that carries out the [`Work`] of an accepted request.
pub trait Connect {
    fn work(&self, user: &str, work: &Work) -> Result<Tokens, Error>;
    fn import(&self, user: &str, tokens: Tokens);
}

impl Connect for connect_blocking::Client {
    fn work(&self, user: &str, work: &Work) -> Result<Tokens, Error> {
        match work {
            Work::Exchange(code) => self.user(user).exchange(code),
            Work::Tokens(max_age) => self.user(user).tokens(*max_age),
            Work::Grant(grant) => self.grant(grant),
        }
    }

    fn import(&self, user: &str, tokens: Tokens) {
        self.user(user).import(tokens).unwrap();
    }
}

pub struct Hyper(pub Runtime, pub connect_hyper::Client);

impl Hyper {
    pub fn new(client: connect_hyper::Builder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Self(runtime.unwrap(), client.build().unwrap())
    }
}

impl Connect for Hyper {
    fn work(&self, user: &str, work: &Work) -> Result<Tokens, Error> {
        let Self(runtime, client) = self;
        match work {
            Work::Exchange(code) => runtime.block_on(client.user(user).exchange(code)),
            Work::Tokens(max_age) => runtime.block_on(client.user(user).tokens(*max_age)),
            Work::Grant(grant) => runtime.block_on(client.grant(grant)),
        }
    }

    fn import(&self, user: &str, tokens: Tokens) {
        self.0.block_on(self.1.user(user).import(tokens)).unwrap();
    }
}

pub type Both = [Box<dyn Connect>; 2];

/// Handles a request like a server that uses the client `connect`.
pub fn serve(
    endpoint: &TokenEndpoint,
    connect: &dyn Connect,
    request: &Request,
    visitor: Option<&Visitor>,
) -> Response {
    match endpoint.accept(request, visitor) {
        Err(reply) => reply,
        Ok(asked) => {
            let tokens = connect.work(asked.user(), asked.work());
            asked.reply(tokens)
        }
    }
}

/// The response to a request that must be refused.
pub fn turned_away(endpoint: &TokenEndpoint, request: &Request, visitor: Option<&Visitor>) -> Response {
    endpoint.accept(request, visitor).map(drop).unwrap_err()
}

/// A request with these fields, as the calendar integration sends it.
pub fn ask(path: &str, fields: &[(&str, &str)]) -> Request {
    post(path, form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish())
}

/// A request with this body, as the calendar integration sends it.
pub fn post(path: &str, body: impl Into<Bytes>) -> Request {
    http::Request::post(path)
        .header("origin", PAGE)
        .header("x-requested-with", "XmlHttpRequest")
        .header("content-type", FORM)
        .body(body.into())
        .unwrap()
}

/// Replaces or removes a header.
pub fn with(mut request: Request, name: &'static str, value: Option<&str>) -> Request {
    request.headers_mut().remove(name);
    if let Some(value) = value {
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    request
}

pub fn method(mut request: Request, method: Method) -> Request {
    *request.method_mut() = method;
    request
}

pub fn preflight(path: &str, origin: &str) -> Request {
    http::Request::options(path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "x-requested-with")
        .body(Bytes::new())
        .unwrap()
}

/// The status and the JSON of a response. Checks that the headers forbid caching and sniffing.
pub fn json(reply: &Response) -> (u16, Value) {
    assert_not_cached(reply.headers());
    assert_eq!(reply.headers()["content-type"], "application/json");
    (reply.status().as_u16(), serde_json::from_slice(reply.body()).unwrap())
}

pub fn assert_not_cached(headers: &HeaderMap) {
    for (name, value) in [
        ("cache-control", "no-store"),
        ("pragma", "no-cache"),
        ("x-content-type-options", "nosniff"),
        ("vary", "Origin"),
    ] {
        assert_eq!(headers[name], value, "{name}");
    }
}

/// The status and the code of an error. Checks that the body has only the code and a description.
pub fn refused(reply: &Response) -> (u16, String) {
    let (status, body) = json(reply);
    let body = body.as_object().unwrap();
    assert_eq!(body.keys().collect::<Vec<_>>(), ["error", "error_description"]);
    assert!(StatusCode::from_u16(status).unwrap().as_u16() >= 400);
    (status, body["error"].as_str().unwrap().to_owned())
}

pub fn error(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}

pub fn granted(reply: &Response) -> Value {
    let (status, body) = json(reply);
    assert_eq!(status, 200, "{body}");
    body
}

/// The origin whose pages may read the response.
pub fn readable_by(reply: &Response) -> Option<&str> {
    reply.headers().get("access-control-allow-origin").map(|origin| origin.to_str().unwrap())
}
