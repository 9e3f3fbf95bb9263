//! What the targets share.
//!
//! ```text
//!   bytes ── Input ──> a status, a header, a body ──> the code that reads them ──> properties
//! ```
//!
//! An input is text where that is possible, so that the corpus can be read and written by hand: lines of
//! parameters, then the body. [`World`] is everything around a call: an application, a store, a service that answers
//! as it is told, and a clock that only pauses move on.

mod world;

use std::fmt::Debug;

use connect_core::types::decode;
use serde::{Serialize, de::DeserializeOwned, de::IgnoredAny};

pub use world::{CLIENT, SECRET, USER, World, answer, at, state, tokens};

/// The bytes of one run, taken from the front.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// All of them.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What stands before the next line break.
    pub fn line(&mut self) -> &'a [u8] {
        let end = self.0.iter().position(|byte| *byte == b'\n').unwrap_or(self.0.len());
        let line = &self.0[..end];
        self.0 = self.0.get(end + 1..).unwrap_or_default();
        line
    }

    /// A line that is a status, or that of an error that nobody has a special treatment for.
    pub fn status(&mut self) -> http::StatusCode {
        http::StatusCode::from_bytes(self.line()).unwrap_or(http::StatusCode::IM_A_TEAPOT)
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The rest.
    pub fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// Whether the bytes are a JSON object, as the library reads bytes that are no UTF-8.
pub fn is_object(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    text.trim_start_matches([' ', '\n', '\r', '\t']).starts_with('{')
        && serde_json::from_str::<IgnoredAny>(&text).is_ok()
}

/// What is read is written, and read again is the same; and so is the text from then on.
pub fn round_trip<T: Serialize + DeserializeOwned + PartialEq + Debug>(bytes: &[u8]) -> Option<T> {
    let value: T = decode(bytes).ok()?;
    let text = serde_json::to_string(&value).expect("what was read can be written");
    let again: T = decode(text.as_bytes()).expect("what was written can be read");
    assert_eq!(again, value, "{text}");
    assert_eq!(serde_json::to_string(&again).expect("again"), text);
    Some(value)
}
