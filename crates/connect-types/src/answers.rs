//! The hand-written part of the response types: types the schema cannot describe, and methods.

mod change;
mod methods;
mod written;

use alloc::string::String;

use serde::de::DeserializeOwned;

pub use change::EventChange;
pub use written::Written;

/// Decodes the body of a response.
///
/// Bytes that are not UTF-8 become U+FFFD. A leading byte order mark is ignored (RFC 8259 8.1).
///
/// # Errors
/// If the body is not JSON, or not the expected kind of JSON (an object, a list).
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match core::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_str(&String::from_utf8_lossy(body)),
    }
}
