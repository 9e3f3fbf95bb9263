//! From an HTTP answer to a value or an error.

use std::time::Duration;

use connect_types::{Answer, ErrorBody, Safety, Scope};
use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use serde::de::DeserializeOwned;

use crate::{Error, ErrorKind, Response};

/// Reads a successful answer; `success: false` in it is an error.
pub fn decode<A: Answer>(response: &Response, safety: Safety) -> Result<A, Error> {
    let with_context = |error: Error| {
        error
            .with_status(response.status())
            .with_request_id(request_id(response.headers()))
            .with_may_have_happened(safety != Safety::Safe)
    };
    let empty = response.body().iter().all(u8::is_ascii_whitespace);
    if let Some(answer) = A::empty().filter(|_| empty) {
        return Ok(answer);
    }
    let answer: A = from_json(response.body()).map_err(with_context)?;
    match answer.refused() {
        None => Ok(answer),
        Some(message) => Err(Error::validation(message)
            .with_status(response.status())
            .with_request_id(request_id(response.headers()))),
    }
}

/// Reads JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    connect_types::decode(body).map_err(|_| decode_error::<T>(&String::from_utf8_lossy(body)))
}

/// Reads again, this time keeping count of where: only a body that failed pays for it. The cause is told
/// without the text around it, which may be private.
fn decode_error<T: DeserializeOwned>(text: &str) -> Error {
    let reader = &mut serde_json::Deserializer::from_str(text);
    let (path, cause) = match serde_path_to_error::deserialize::<_, T>(reader) {
        Ok(_) => match serde_json::from_str::<T>(text) {
            Ok(_) => return decode_at(".", 0, "the answer could not be read"),
            Err(error) => (".".to_owned(), error), // text after the document
        },
        Err(error) => (error.path().to_string(), error.into_inner()),
    };
    let message = match cause.classify() {
        serde_json::error::Category::Eof => "the answer ends too early",
        serde_json::error::Category::Data => "the answer is JSON of another shape",
        _ => "the answer is not JSON",
    };
    decode_at(&path, offset(text, cause.line(), cause.column()), message)
}

fn decode_at(path: &str, offset: usize, message: &str) -> Error {
    Error::new(ErrorKind::Decode { path: path.into(), offset }).with_message(message)
}

fn offset(text: &str, line: usize, column: usize) -> usize {
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    (before + column).min(text.len())
}

/// The error of an answer that is no success.
pub(crate) fn classify(response: &Response, needed: Option<&Scope>, now: Timestamp) -> Error {
    let status = response.status();
    let body: ErrorBody = from_json(response.body()).unwrap_or_default();
    let error = Error::new(kind(status, &body, response.headers(), needed, now))
        .with_status(status)
        .with_server_code(body.code.as_deref().or(body.error.as_deref()).map(Into::into))
        .with_request_id(request_id(response.headers()));
    match body.text() {
        Some(text) => error.with_message(text),
        None if status.is_redirection() => {
            error.with_message("a redirect, which is not followed: check the base URL")
        }
        None => error,
    }
}

fn kind(
    status: StatusCode,
    body: &ErrorBody,
    headers: &HeaderMap,
    needed: Option<&Scope>,
    now: Timestamp,
) -> ErrorKind {
    match status.as_u16() {
        401 if !is_denial(headers, body) => ErrorKind::Authentication,
        401 | 403 => ErrorKind::Permission {
            needed: needed.cloned(),
            accounts: body
                .accounts
                .iter()
                .map(|account| {
                    let provider = account.provider.as_ref().map(ToString::to_string).unwrap_or_default();
                    (provider, account.account.clone().unwrap_or_default())
                })
                .collect(),
        },
        400 | 422 => ErrorKind::Validation { details: body.details.clone() },
        404 | 410 => ErrorKind::NotFound,
        409 | 412 => ErrorKind::Conflict,
        429 => ErrorKind::RateLimited { retry_after: retry_after(headers, now) },
        500..=599 => ErrorKind::Server,
        _ => ErrorKind::Http,
    }
}

/// Whether a 401 says that the token is good but not allowed this: then a refresh would only cost a rotation.
/// An expired token's 401 may carry a message as well, so it takes one that names the scope, or RFC 6750 3.1's
/// `insufficient_scope`.
fn is_denial(headers: &HeaderMap, body: &ErrorBody) -> bool {
    let challenged = headers
        .get_all(header::WWW_AUTHENTICATE)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.contains("insufficient_scope")));
    let texts = [&body.message, &body.error, &body.error_description, &body.code];
    challenged || texts.into_iter().flatten().any(|text| text.to_ascii_lowercase().contains("scope"))
}

/// `Retry-After` in both its forms (RFC 9110 10.2.3); a date in the past is no wait.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(at.duration_since(now)).unwrap_or_default())
}

fn request_id(headers: &HeaderMap) -> Option<Box<str>> {
    ["x-request-id", "request-id", "x-correlation-id"]
        .into_iter()
        .find_map(|name| headers.get(name)?.to_str().ok())
        .map(Into::into)
}
