//! The code that all fuzz targets share.
//!
//! ```text
//!   bytes ── Input ──> a status, a header, a body ──> the code that reads them ──> properties
//! ```
//!
//! Most inputs are text, so that the corpus can be read and written by hand. An input has lines with
//! parameters, then a body. [`World`] is the environment of a call: an application, a store, a scripted
//! service, and a clock that advances only while the call pauses.

mod world;

use std::fmt::Debug;

use connect_core::types::decode;
use serde::{Serialize, de::DeserializeOwned, de::IgnoredAny};

pub use world::{CLIENT, SECRET, USER, World, at, response, state, tokens};

/// The bytes of one run, consumed from the front.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Creates an input from all bytes of a run.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Consumes a line, and returns it without its line break.
    pub fn line(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == b'\n').unwrap_or(self.0.len());
        let line = &self.0[..end];
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        line
    }

    /// Consumes a line with a status code. Returns 418 for an invalid status code, because the project does
    /// not handle 418 specially.
    pub fn status(&mut self) -> http::StatusCode {
        http::StatusCode::from_bytes(self.line()).unwrap_or(http::StatusCode::IM_A_TEAPOT)
    }

    /// Returns whether all bytes are consumed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the remaining bytes.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Returns whether the bytes are a JSON object. Replaces bytes that are not UTF-8, as the decoder does.
pub fn is_object(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.trim_start_matches([' ', '\n', '\r', '\t']).starts_with('{')
        && serde_json::from_str::<IgnoredAny>(&text).is_ok()
}

/// Decodes a value. Checks that encoding and decoding the value again returns the same value and text.
pub fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let value: T = decode(bytes).ok()?;
    let text = serde_json::to_string(&value).expect("a decoded value can be encoded");
    let again: T = decode(text.as_bytes()).expect("an encoded value can be decoded");
    assert_eq!(again, value, "{text}");
    assert_eq!(serde_json::to_string(&again).expect("a decoded value can be encoded"), text);
    Some(value)
}
