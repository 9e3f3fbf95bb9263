//! How answers are read: each object is kept as text, and its fields are read one by one, so that an odd one fails nothing.

use connect_core::{
    Error, ErrorKind, Response,
    types::{Answer, LossyString, Raw, Safety},
};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) use connect_core::decode_answer as read;

/// A page of anything. One without its list is none.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) value: Vec<Raw>,
    #[serde(rename = "@odata.nextLink", default)]
    next_link: Option<Raw>,
    #[serde(rename = "@odata.deltaLink", default)]
    delta_link: Option<Raw>,
}

impl Answer for Page {}

impl Page {
    pub(super) fn next_link(&self) -> Option<String> {
        link(self.next_link.as_ref())
    }

    pub(super) fn delta_link(&self) -> Option<String> {
        link(self.delta_link.as_ref())
    }
}

fn link(raw: Option<&Raw>) -> Option<String> {
    raw?.decode().ok().filter(|link: &String| !link.is_empty())
}

/// Reads an answer that is one object.
pub(super) fn read_object(response: &Response, safety: Safety) -> Result<Raw, Error> {
    let raw: Raw = read(response, safety)?;
    if raw.get().starts_with('{') {
        return Ok(raw);
    }
    let kind = ErrorKind::Decode { path: ".".into(), offset: 0 };
    Err(Error::new(kind).with_message("the answer is JSON of another shape"))
}

/// The text, if it is one.
pub(super) fn text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok().map(|LossyString(text)| text)
}

/// The text, if it is one that says something.
pub(super) fn filled(raw: Option<&RawValue>) -> Option<String> {
    text(raw).filter(|text| !text.is_empty())
}

/// An object, with nothing in it where it is none.
pub(super) fn object<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// A list, empty where it is none.
pub(super) fn list(raw: Option<&RawValue>) -> Vec<&RawValue> {
    object(raw)
}
