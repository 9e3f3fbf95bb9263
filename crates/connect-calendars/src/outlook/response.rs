//! Reads responses leniently: a field of an unexpected type does not make the whole response an error.

use connect_core::{
    Error, ErrorKind, Response,
    types::{LossyString, Raw, ResponseBody, Safety},
};
use serde::Deserialize;
use serde_json::value::RawValue;

pub(super) use connect_core::decode_response as read;

/// A page of any list; a response without `value` is an error.
#[derive(Debug, Deserialize)]
pub(super) struct ODataPage {
    pub(super) value: Vec<Raw>,
    #[serde(rename = "@odata.nextLink", default)]
    next_link: Option<Raw>,
    #[serde(rename = "@odata.deltaLink", default)]
    delta_link: Option<Raw>,
}

impl ResponseBody for ODataPage {}

impl ODataPage {
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

/// Reads a response that is one JSON object.
pub(super) fn read_object(response: &Response, safety: Safety) -> Result<Raw, Error> {
    let raw: Raw = read(response, safety)?;
    if raw.get().starts_with('{') {
        return Ok(raw);
    }
    let kind = ErrorKind::Decode { path: ".".into(), offset: 0 };
    Err(Error::new(kind).with_message("the response is not a JSON object"))
}

/// Returns a text; `None` if the value is not a text.
pub(super) fn text(raw: Option<&RawValue>) -> Option<String> {
    serde_json::from_str(raw?.get()).ok().map(|LossyString(text)| text)
}

/// Returns a text; `None` if the value is not a text, or is empty.
pub(super) fn non_empty_text(raw: Option<&RawValue>) -> Option<String> {
    text(raw).filter(|text| !text.is_empty())
}

/// Decodes an object; empty if the value is not an object.
pub(super) fn object<'a, T: Deserialize<'a> + Default>(raw: Option<&'a RawValue>) -> T {
    raw.and_then(|raw| serde_json::from_str(raw.get()).ok()).unwrap_or_default()
}

/// Decodes a list; empty if the value is not a list.
pub(super) fn list(raw: Option<&RawValue>) -> Vec<&RawValue> {
    object(raw)
}
