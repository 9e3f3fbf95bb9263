//! How answers are read, whoever gives them.

use std::{
    borrow::{Borrow, Cow},
    fmt,
    marker::PhantomData,
};

use connect_core::{
    Endpoint, Error, Response,
    types::{Answer, Raw, Safety},
};
use http::Method;
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

/// Reads an answer as most endpoints do.
pub(crate) fn answer<A: Answer>(response: &Response, safety: Safety) -> Result<A, Error> {
    Usual(safety, PhantomData).decode(response)
}

/// The text, if it is one.
pub(crate) fn text(raw: &Raw) -> Option<String> {
    raw.decode().ok().map(|Text(text)| text)
}

/// A text that is read through its bytes: half of an escaped surrogate pair is no reason to have none.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Text(pub(crate) String);

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

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
