//! Creates responses: JSON, HTML, empty bodies, redirects and errors.

use crate::settings::ErrorStyle;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION};
use http::{Response, StatusCode};
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

pub(crate) type Reply = Response<Bytes>;

/// The error messages for each invalid field of a request.
pub(crate) type Details = BTreeMap<String, Vec<String>>;

#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    body: Option<Value>,
    /// Whether the switch `error_style` sets the form of the body.
    plain: bool,
    header: Option<Box<(HeaderName, HeaderValue)>>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, body: Value) -> Self {
        Self { status, body: Some(body), plain: false, header: None }
    }

    pub(crate) fn empty(status: StatusCode) -> Self {
        Self { status, body: None, plain: false, header: None }
    }

    /// Creates an error `{error, message}`, where `error` is the reason phrase of the status.
    pub(crate) fn plain(status: StatusCode, message: &str) -> Self {
        Self { plain: true, ..Self::documented(status, message) }
    }

    /// Creates an error `{error, message}` that `error_style` does not change.
    pub(crate) fn documented(status: StatusCode, message: &str) -> Self {
        let error = status.canonical_reason().unwrap_or("Error");
        Self::new(status, json!({ "error": error, "message": message }))
    }

    pub(crate) fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.header = Some(Box::new((name, value)));
        self
    }

    pub(crate) fn styled(mut self, style: ErrorStyle) -> Self {
        let message = self.body.as_ref().and_then(|body| body.get("message")).cloned();
        if let (true, ErrorStyle::Error, Some(message)) = (self.plain, style, message) {
            self.body = Some(json!({ "error": message }));
        }
        self
    }

    pub(crate) fn bad_request(message: &str) -> Self {
        Self::plain(StatusCode::BAD_REQUEST, message)
    }

    pub(crate) fn not_found(message: &str) -> Self {
        Self::plain(StatusCode::NOT_FOUND, message)
    }

    /// Creates an error `{message, details}` for invalid fields.
    pub(crate) fn invalid(details: Details) -> Self {
        Self::new(StatusCode::BAD_REQUEST, json!({ "message": "Validation failed", "details": details }))
    }

    pub(crate) fn invalid_field(field: &str, text: &str) -> Self {
        Self::invalid(Details::from([(field.to_owned(), vec![text.to_owned()])]))
    }

    /// Creates an OAuth error `{error, error_description}`.
    pub(crate) fn oauth(status: StatusCode, error: &str, description: &str) -> Self {
        Self::new(status, json!({ "error": error, "error_description": description }))
    }
}

impl From<Problem> for Reply {
    fn from(problem: Problem) -> Self {
        let mut reply = match problem.body {
            Some(body) => json_reply(problem.status, &body),
            None => empty(problem.status),
        };
        reply.headers_mut().extend(problem.header.map(|header| *header));
        reply
    }
}

pub(crate) fn ok(body: &Value) -> Reply {
    json_reply(StatusCode::OK, body)
}

pub(crate) fn json_reply(status: StatusCode, body: &Value) -> Reply {
    text(status, JSON, to_json(body))
}

/// Creates a response with `head` as JSON, in which `items` replaces the value of the member `name`.
pub(crate) fn with_items(head: &Value, name: &str, items: &str) -> Reply {
    let mut body = String::with_capacity(items.len() + 1024);
    for (member, value) in head.as_object().into_iter().flatten() {
        body.push(if body.is_empty() { '{' } else { ',' });
        body.push_str(&to_json(member));
        body.push(':');
        if member == name { body.push_str(items) } else { body.push_str(&to_json(value)) }
    }
    body.push('}');
    text(StatusCode::OK, JSON, body)
}

/// Writes the items of a page as JSON. Each item is created and dropped before the next item,
/// because a list of all items would need much more memory.
pub(crate) fn items(items: impl Iterator<Item = Value>) -> String {
    let mut list = String::from("[");
    for item in items {
        if list.len() > 1 {
            list.push(',');
        }
        list.push_str(&to_json(&item));
    }
    list.push(']');
    list
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

const JSON: &str = "application/json; charset=utf-8";

pub(crate) fn html(body: String) -> Reply {
    text(StatusCode::OK, "text/html; charset=utf-8", body)
}

pub(crate) fn text(status: StatusCode, content_type: &'static str, body: String) -> Reply {
    let mut reply = Response::new(Bytes::from(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

pub(crate) fn empty(status: StatusCode) -> Reply {
    let mut reply = Response::new(Bytes::new());
    *reply.status_mut() = status;
    reply
}

/// Creates a 302 to `location`.
pub(crate) fn redirect(location: &str) -> Result<Reply, Problem> {
    let location = HeaderValue::from_str(location).map_err(|_| {
        Problem::plain(StatusCode::INTERNAL_SERVER_ERROR, "The redirect URI is not a valid header value")
    })?;
    let mut reply = empty(StatusCode::FOUND);
    reply.headers_mut().insert(LOCATION, location);
    Ok(no_store(reply))
}

/// Forbids caching of a response that contains a secret, such as a code or a token.
pub(crate) fn no_store(mut reply: Reply) -> Reply {
    reply.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    reply
}
