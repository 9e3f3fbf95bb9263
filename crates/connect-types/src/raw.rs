//! JSON that is kept as text.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::operation::ResponseBody;
use crate::typed::{self, Source, Typed};
use crate::wire::{JsonText, Wire};

/// A JSON value as text, which preserves key order, number formats and unknown fields.
///
/// ```
/// let raw: connect_types::Raw = r#"{"id": 18446744073709551617}"#.parse()?;
/// assert_eq!(raw.get(), r#"{"id": 18446744073709551617}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raw(Box<str>);

impl Raw {
    /// Serializes a value.
    ///
    /// # Errors
    /// If the value has no JSON form, such as a map whose keys are not strings.
    pub fn from_value(value: &(impl Serialize + ?Sized)) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(|text| Self(text.into_boxed_str()))
    }

    /// Returns the JSON text.
    #[must_use]
    pub fn get(&self) -> &str {
        &self.0
    }

    /// Deserializes the JSON.
    ///
    /// # Errors
    /// If the JSON does not match the type.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// Returns `object` (by default `{}`) with one field set.
    ///
    /// The other fields keep their exact text. All fields are sorted by name.
    ///
    /// # Errors
    /// If `object` is not a JSON object, or the value has no JSON form.
    pub fn with_field(
        object: Option<&Self>,
        name: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Self, serde_json::Error> {
        let mut fields: BTreeMap<String, Self> = object.map_or_else(|| Ok(BTreeMap::new()), Self::decode)?;
        fields.insert(name.to_owned(), Self::from_value(value)?);
        Self::from_value(&fields)
    }

    /// Returns the value of a field, if the JSON is an object and the field has the type `T`.
    #[must_use]
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let mut fields: BTreeMap<String, Self> = self.decode().ok()?;
        fields.remove(name)?.decode().ok()
    }

    /// Returns the text of a JSON string, or `None` if the JSON is not a string.
    ///
    /// Lone surrogates become U+FFFD.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        crate::text::read(&self.0).map(Into::into)
    }

    /// Wraps text that is known to be a JSON value.
    pub(crate) fn checked(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }
}

impl FromStr for Raw {
    type Err = serde_json::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        serde_json::from_str(text)
    }
}

impl TryFrom<String> for Raw {
    type Error = serde_json::Error;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl fmt::Display for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl ResponseBody for Raw {}

impl Wire for Raw {
    fn read(text: &str) -> Option<Self> {
        Some(Self(text.to_owned().into_boxed_str()))
    }

    fn read_typed<'de, D: Deserializer<'de>>(_: Source<'de>, value: D) -> Result<Typed<Self>, D::Error> {
        let raw = typed::raw(value)?;
        Ok(if raw.get() == "null" { Typed::Null } else { Typed::Value(raw) })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        JsonText::deserialize(deserializer).map(JsonText::into_raw)
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}
