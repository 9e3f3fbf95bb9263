//! What the schema cannot say about answers: shapes of their own, and what they mean as a whole.

mod change;
mod meaning;
mod written;

use alloc::string::String;

use serde::de::DeserializeOwned;

pub use change::EventChange;
pub use written::Written;

/// Decodes an answer's body: UTF-8 is checked once over the whole, and a body that is not UTF-8 is
/// read with U+FFFD where it is not. A byte order mark in front is passed over (RFC 8259 8.1).
///
/// # Errors
/// When the body is not JSON, or not of the kind the answer is (an object, a list).
pub fn decode<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    match core::str::from_utf8(body) {
        Ok(text) => serde_json::from_str(text),
        Err(_) => serde_json::from_str(&String::from_utf8_lossy(body)),
    }
}
