//! The hand-written part of the response types: types the schema cannot describe, and methods.

mod change;
mod methods;
mod written;

use alloc::borrow::Cow;
use alloc::string::String;

use serde::de::DeserializeOwned;

use crate::typed;
use crate::wire::Wire;

pub use change::EventChange;
pub use written::Written;

/// Decodes the body of a response. For response types, [`ResponseBody::decode`](crate::ResponseBody::decode)
/// is faster.
///
/// Bytes that are not UTF-8 become U+FFFD. A leading byte order mark is ignored (RFC 8259 8.1).
///
/// # Errors
/// If the body is not JSON, is not the expected kind of JSON (an object, a list), or is a token response
/// without an access token.
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_str(&text(body))
}

/// Decodes the body of a response into a type of this crate.
pub(crate) fn decode_typed<T: Wire + DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    typed::decode(&text(body))
}

fn text(body: &[u8]) -> Cow<'_, str> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    // For valid UTF-8, `from_utf8` is far faster than `from_utf8_lossy`.
    core::str::from_utf8(body).map_or_else(|_| String::from_utf8_lossy(body), Cow::Borrowed)
}
