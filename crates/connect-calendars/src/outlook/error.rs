//! Maps the error bodies of Graph to [`ErrorKind`]s.
//!
//! A body is `{"error": {"code": .., "message": .., "innerError": {"code": .., ..}}}`, with nested codes.

use connect_core::{Error, ErrorKind, Response, types};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::response::{non_empty_text, object};

#[derive(Default, Deserialize)]
#[serde(default)]
struct ErrorBody {
    error: Option<Box<RawValue>>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ErrorJson<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    // The documentation calls this field `innerError`, the server calls it `innererror`.
    #[serde(borrow)]
    inner_error: Option<&'a RawValue>,
    #[serde(borrow)]
    innererror: Option<&'a RawValue>,
}

/// The maximum number of nested errors that are searched for codes.
const MAX_NESTED_ERRORS: usize = 8;

/// Adds Graph's code and message to an error.
///
/// The added code is the outermost code, or the innermost code if the outermost code is generic.
pub(super) fn explain(response: &Response, error: Error) -> Error {
    let body: ErrorBody = types::decode(response.body()).unwrap_or_default();
    let outer: ErrorJson<'_> = object(body.error.as_deref());
    let codes = codes(&outer);
    let code = match &*codes {
        [outer, .., innermost] if is_generic(outer) => Some(innermost),
        codes => codes.first(),
    };
    let is = |name: &str| codes.iter().any(|code| code.eq_ignore_ascii_case(name));
    let kind = match response.status().as_u16() {
        // Graph refuses to move an occurrence past an adjacent occurrence of its series.
        400 if is("ErrorOccurrenceCrossingBoundary") => Some(ErrorKind::Conflict),
        509 => Some(ErrorKind::RateLimited),
        _ => None,
    };
    let mut error = match kind {
        Some(kind) => error.with_kind(kind),
        None => error,
    };
    if let Some(code) = code {
        error = error.with_server_code(code.as_str());
    }
    match non_empty_text(outer.message) {
        Some(message) => error.with_message(message),
        None => error,
    }
}

/// Whether Graph no longer accepts the link of a feed, so that a full round is required.
pub(super) fn is_link_expired(error: &Error) -> bool {
    let codes = ["resyncRequired", "syncStateNotFound", "syncStateInvalid", "fullSyncRequired"];
    let code = error.server_code().unwrap_or_default();
    error.status().is_some_and(|status| status.as_u16() == 410)
        || codes.iter().any(|known| code.eq_ignore_ascii_case(known))
}

/// Whether Graph refused the request as invalid. Errors of requests that were not sent have no status.
pub(super) fn is_rejected(error: &Error) -> bool {
    error.status().is_some() && matches!(error.kind(), ErrorKind::Validation { .. })
}

/// Returns the codes, from the outermost to the innermost.
fn codes(outer: &ErrorJson<'_>) -> Vec<String> {
    let mut codes: Vec<_> = non_empty_text(outer.code).into_iter().collect();
    let mut within = outer.inner_error.or(outer.innererror);
    for _ in 0..MAX_NESTED_ERRORS {
        let Some(raw) = within else { break };
        let inner: ErrorJson<'_> = object(Some(raw));
        codes.extend(non_empty_text(inner.code));
        within = inner.inner_error.or(inner.innererror);
    }
    codes
}

fn is_generic(code: &str) -> bool {
    ["generalException", "BadRequest", "invalidRequest", "UnknownError"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(code))
}
