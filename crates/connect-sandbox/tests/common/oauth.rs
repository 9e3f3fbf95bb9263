//! A client of the authorization servers of Google, Microsoft and Apptoto.

use super::{App, get, parameter, read};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use serde_json::Value;

pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub const REDIRECT: &str = "http://127.0.0.1:8765/callback";
pub const LOOPBACK: &str = "http://127.0.0.1:49152/callback";

pub type Pairs<'a> = &'a [(&'a str, &'a str)];

/// Returns `base` with the parameters in `changes` added or replaced.
pub fn with<'a>(base: &[(&'a str, &'a str)], changes: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let changed = |name: &str| changes.iter().any(|(other, _)| *other == name);
    base.iter().filter(|(name, _)| !changed(name)).chain(changes).copied().collect()
}

pub fn encoded(pairs: Pairs<'_>) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub fn encoded_owned(pairs: &[(&str, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish()
}

pub fn basic(id: &str, secret: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")))
}

pub fn form(path: &str, body: &str) -> Request<Bytes> {
    let request = Request::post(path).header("content-type", "application/x-www-form-urlencoded");
    request.body(Bytes::from(body.to_owned())).unwrap()
}

impl App {
    pub fn visit(&mut self, path: &str, query: Pairs<'_>) -> Response<Bytes> {
        self.send(get(&format!("{path}?{}", encoded(query))))
    }

    /// Returns the `Location` of the authorization endpoint's response.
    pub fn sent_to(&mut self, path: &str, query: Pairs<'_>) -> String {
        let reply = self.visit(path, query);
        assert_eq!(reply.status(), 302, "{:?}", reply.body());
        assert_eq!(reply.headers()["cache-control"], "no-store");
        reply.headers()["location"].to_str().unwrap().to_owned()
    }

    pub fn new_code(&mut self, path: &str, query: Pairs<'_>) -> String {
        let location = self.sent_to(path, query);
        parameter(&location, "code").unwrap_or_else(|| panic!("{location}"))
    }

    /// Posts a form to a token endpoint, and checks that the response forbids caching.
    pub fn post_form(&mut self, path: &str, fields: Pairs<'_>) -> (u16, Value) {
        let reply = self.send(form(path, &encoded(fields)));
        assert_eq!(reply.headers()["content-type"], "application/json; charset=utf-8");
        assert_eq!(reply.headers()["cache-control"], "no-store");
        assert_eq!(reply.headers()["pragma"], "no-cache");
        let (status, body): (StatusCode, Value) = read(&reply);
        (status.as_u16(), body)
    }

    pub fn granted(&mut self, path: &str, fields: Pairs<'_>) -> Value {
        let (status, body) = self.post_form(path, fields);
        assert_eq!(status, 200, "{body}");
        body
    }

    pub fn refused(&mut self, path: &str, fields: Pairs<'_>) -> (u16, String) {
        let (status, body) = self.post_form(path, fields);
        assert!(body.get("access_token").is_none(), "{body}");
        (status, text(&body, "error"))
    }
}

pub fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("{name} of {body}")).to_owned()
}

pub fn error(status: u16, error: &str) -> (u16, String) {
    (status, error.to_owned())
}
