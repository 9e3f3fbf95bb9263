//! JSON text that is carried, not parsed.

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde::ser::{Error as _, Serialize, Serializer};
use serde_json::value::RawValue;

use crate::operation::Answer;
use crate::wire::{Piece, Wire};

/// One JSON value as text: key order, number forms and unknown fields are kept as they came.
///
/// ```
/// let raw: connect_types::Raw = r#"{"id": 18446744073709551617}"#.parse()?;
/// assert_eq!(raw.get(), r#"{"id": 18446744073709551617}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Raw(Box<str>);

impl Raw {
    /// The JSON text of a value.
    ///
    /// # Errors
    /// When the value has no JSON form, such as a map whose keys are not texts.
    pub fn from_value(value: &(impl Serialize + ?Sized)) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(|text| Self(text.into_boxed_str()))
    }

    /// The text, one JSON value.
    #[must_use]
    pub fn get(&self) -> &str {
        &self.0
    }

    /// Parses the text into a type of the caller's choice.
    ///
    /// # Errors
    /// When the text does not have the type's form.
    pub fn decode<'a, T: Deserialize<'a>>(&'a self) -> Result<T, serde_json::Error> {
        serde_json::from_str(&self.0)
    }

    /// A JSON object with one field set: the fields of `object`, or none, and this one. The others keep their values to the
    /// letter; the fields are in the order of their names.
    ///
    /// # Errors
    /// When `object` is not a JSON object, or the value has no JSON form.
    pub fn with_field(
        object: Option<&Self>,
        name: &str,
        value: &(impl Serialize + ?Sized),
    ) -> Result<Self, serde_json::Error> {
        let mut fields: BTreeMap<String, Self> = object.map_or_else(|| Ok(BTreeMap::new()), Self::decode)?;
        fields.insert(name.to_owned(), Self::from_value(value)?);
        Self::from_value(&fields)
    }

    /// The value of one field, if this is an object that has it and it is of that type.
    #[must_use]
    pub fn field<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let mut fields: BTreeMap<String, Self> = self.decode().ok()?;
        fields.remove(name)?.decode().ok()
    }

    /// The text, if this is a JSON string; halves of surrogate pairs in it become U+FFFD.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        crate::text::read(&self.0).map(Into::into)
    }

    /// Text already known to be one JSON value.
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

impl Answer for Raw {}

impl Wire for Raw {
    fn read(text: &str) -> Option<Self> {
        Some(Self(text.to_owned().into_boxed_str()))
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Piece::deserialize(deserializer).map(Piece::into_raw)
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<&RawValue>(&self.0).map_err(S::Error::custom)?.serialize(serializer)
    }
}
