//! How answers are read: each object is kept as text, and its fields are read one by one, so that an odd one fails nothing.

use std::{borrow::Cow, fmt, marker::PhantomData};

use connect_core::{
    Endpoint, Error, ErrorKind, Response,
    types::{Answer, Raw, Safety},
};
use http::Method;
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};
use serde_json::value::RawValue;

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

/// Reads an answer as most endpoints do.
pub(super) fn read<A: Answer>(response: &Response, safety: Safety) -> Result<A, Error> {
    Usual(safety, PhantomData).decode(response)
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
    serde_json::from_str(raw?.get()).ok().map(|Text(text)| text)
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

/// An endpoint for its reading alone.
struct Usual<A>(Safety, PhantomData<A>);

impl<A: Answer> Endpoint for Usual<A> {
    type Answer = A;

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Cow<'_, str> {
        "".into()
    }

    fn safety(&self) -> Safety {
        self.0
    }
}

/// A text that is read through its bytes: half of an escaped surrogate pair is no reason to have none.
struct Text(String);

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = Text;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Text, E> {
        Ok(Text(text.to_owned()))
    }

    fn visit_bytes<E: de::Error>(self, bytes: &[u8]) -> Result<Text, E> {
        Ok(Text(String::from_utf8_lossy(bytes).into_owned()))
    }
}
