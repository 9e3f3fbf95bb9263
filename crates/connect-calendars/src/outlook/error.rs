//! Graph's errors: `{"error": {"code": .., "message": .., "innerError": {"code": .., ..}}}`, codes within codes.

use connect_core::{Error, ErrorKind, Response};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::answer::{filled, object};

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Whole<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Inner<'a> {
    #[serde(borrow)]
    code: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    // The documentation writes one and sends the other.
    #[serde(borrow)]
    inner_error: Option<&'a RawValue>,
    #[serde(borrow)]
    innererror: Option<&'a RawValue>,
}

/// How deep codes are looked for.
const DEPTH: usize = 8;

/// The error with Graph's code and text. The code is the outermost, or the innermost where that one says nothing.
pub(super) fn explain(response: &Response, error: Error) -> Error {
    let body = std::str::from_utf8(response.body()).unwrap_or_default();
    let whole: Whole<'_> = serde_json::from_str(body).unwrap_or_default();
    let outer: Inner<'_> = object(whole.error);
    let codes = codes(&outer);
    let code = match &*codes {
        [outer, .., innermost] if says_nothing(outer) => Some(innermost),
        codes => codes.first(),
    };
    let is = |name: &str| codes.iter().any(|code| code.eq_ignore_ascii_case(name));
    let kind = match response.status().as_u16() {
        // The place of an occurrence is taken by the one next to it.
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
    match filled(outer.message) {
        Some(message) => error.with_message(message),
        None => error,
    }
}

/// Whether everything has to be read again, since the server no longer knows where a feed was.
pub(super) fn is_forgotten(error: &Error) -> bool {
    let codes = ["resyncRequired", "syncStateNotFound", "syncStateInvalid", "fullSyncRequired"];
    let code = error.server_code().unwrap_or_default();
    error.status().is_some_and(|status| status.as_u16() == 410)
        || codes.iter().any(|known| code.eq_ignore_ascii_case(known))
}

/// Whether the server finds that the request can never be carried out. What is refused before it is sent has no status.
pub(super) fn is_refused(error: &Error) -> bool {
    error.status().is_some() && matches!(error.kind(), ErrorKind::Validation { .. })
}

/// The codes, from the outermost to the innermost.
fn codes(outer: &Inner<'_>) -> Vec<String> {
    let mut codes: Vec<_> = filled(outer.code).into_iter().collect();
    let mut within = outer.inner_error.or(outer.innererror);
    for _ in 0..DEPTH {
        let Some(raw) = within else { break };
        let inner: Inner<'_> = object(Some(raw));
        codes.extend(filled(inner.code));
        within = inner.inner_error.or(inner.innererror);
    }
    codes
}

fn says_nothing(code: &str) -> bool {
    ["generalException", "BadRequest", "invalidRequest", "UnknownError"]
        .iter()
        .any(|known| known.eq_ignore_ascii_case(code))
}
