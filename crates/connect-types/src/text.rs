//! Reads JSON strings that may contain a lone surrogate (`"\ud83d"`).
//!
//! JavaScript services send lone surrogates when they cut a string inside an emoji. UTF-8 cannot represent
//! lone surrogates. serde_json cannot read a string with lone surrogates as text, but returns its bytes
//! (WTF-8). This module replaces each lone surrogate by U+FFFD.

use alloc::borrow::{Cow, ToOwned};
use alloc::string::String;
use core::borrow::Borrow;
use core::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};

/// Reads a JSON string; `None` for other JSON. Allocates only if the string has escapes.
pub(crate) fn read(text: &str) -> Option<Cow<'_, str>> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    let mut deserializer = serde_json::Deserializer::from_str(text);
    Text::deserialize(&mut deserializer).ok().map(|text| Cow::Owned(text.0.into_owned()))
}

/// A JSON string read as bytes, borrowed if it has no escapes.
pub(crate) struct Text<'de>(pub(crate) Cow<'de, str>);

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(TextVisitor).map(Self)
    }
}

/// A JSON string in which lone surrogates become U+FFFD.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LossyString(pub String);

impl Borrow<str> for LossyString {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for LossyString {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::deserialize(deserializer).map(|text| Self(text.0.into_owned()))
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }

    fn visit_borrowed_bytes<E: Error>(self, bytes: &'de [u8]) -> Result<Self::Value, E> {
        Ok(core::str::from_utf8(bytes).map_or_else(|_| Cow::Owned(repair(bytes)), Cow::Borrowed))
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
        Ok(Cow::Owned(repair(bytes)))
    }
}

/// Converts bytes to UTF-8, with one U+FFFD for each lone surrogate or other invalid sequence.
fn repair(mut bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    loop {
        let error = match core::str::from_utf8(bytes) {
            Ok(rest) => {
                out.push_str(rest);
                return out;
            }
            Err(error) => error,
        };
        let (valid, invalid) = bytes.split_at(error.valid_up_to());
        out.push_str(core::str::from_utf8(valid).unwrap_or_default());
        out.push(char::REPLACEMENT_CHARACTER);
        let skip = match invalid {
            [0xED, 0xA0..=0xBF, 0x80..=0xBF, ..] => 3,
            _ => error.error_len().unwrap_or(invalid.len()),
        };
        bytes = invalid.get(skip..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lone_surrogate_becomes_one_replacement_character() {
        assert_eq!(read(r#""a\ud83d b""#).unwrap(), "a\u{FFFD} b");
        assert_eq!(read(r#""\ud83d\ude00""#).unwrap(), "\u{1F600}");
        assert_eq!(read(r#""\ude00\ud83d""#).unwrap(), "\u{FFFD}\u{FFFD}");
        assert_eq!(read(r#""\ud83d\n""#).unwrap(), "\u{FFFD}\n");
    }

    #[test]
    fn only_strings_are_read_and_borrowed_without_escapes() {
        assert!(matches!(read(r#""plain""#), Some(Cow::Borrowed("plain"))));
        for other in ["5", "null", "true", "[]", "{}", "\"", "\"\\"] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
