//! How answers are read: one pass over an object, each field taken as a slice of text and then read
//! as its type. What is not of that type is kept as text, so one odd value never fails an answer.
//!
//! ```text
//! {"title": "Stand-up", "start": 5, "new": true}
//!           ----------           -         ----    Piece: a slice, not parsed
//!           Wire::read           Wire::read        Slot::fill: a value, or no
//!           -> title             -> extra  -> extra
//! ```

use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::extra::Extra;
use crate::raw::Raw;
use crate::scan::Scan;
use crate::text::{self, Text};

/// A value that reads itself from the text of one JSON value; `None` when that is not its form.
pub(crate) trait Wire: Sized {
    fn read(text: &str) -> Option<Self>;
}

/// An answer made of named fields.
pub(crate) trait Fields: Default {
    /// Whether it has fields that are read in place.
    const STREAMED: bool = false;

    /// Takes the value of one field.
    fn absorb(&mut self, name: &str, piece: Piece<'_>);

    /// Takes a field that is read in place because it must have its type; false for any other.
    fn stream<'de, A: MapAccess<'de>>(&mut self, _name: &str, _map: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }

    /// The value of a bare text; `None` when only an object will do.
    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    /// Sees to what depends on several fields, in whatever order they came.
    fn settle(&mut self) -> Result<(), &'static str> {
        Ok(())
    }

    /// Writes the fields that are set.
    fn emit<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// A field's place in a struct.
pub(crate) trait Slot {
    /// Reads the text into the place; null empties it. False, and empty, when it is not of the type.
    fn fill(&mut self, text: &str) -> bool;
    fn is_set(&self) -> bool;
    fn emit<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>;
}

/// Reads a field into its place, or keeps its text.
pub(crate) fn put(slot: &mut impl Slot, name: &str, piece: Piece<'_>, extra: &mut Extra) {
    if !slot.fill(piece.text()) {
        extra.insert(name, piece.into_raw());
    } else if !extra.is_empty() {
        extra.remove(name);
    }
}

/// Reads a field in place; null is empty, and an error names the field.
pub(crate) fn strict<'de, A: MapAccess<'de>, T: Deserialize<'de> + Default>(
    name: &str,
    map: &mut A,
) -> Result<T, A::Error> {
    let value =
        map.next_value::<Option<T>>().map_err(|error| A::Error::custom(format_args!("{name}: {error}")))?;
    Ok(value.unwrap_or_default())
}

/// Reads an object, or a bare text where that is allowed.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Fields>(deserializer: D) -> Result<T, D::Error> {
    if T::STREAMED {
        return deserializer.deserialize_map(Object(PhantomData));
    }
    read_fields(Piece::deserialize(deserializer)?.text()).map_err(D::Error::custom)
}

/// Writes an object.
pub(crate) fn serialize<S: Serializer>(value: &impl Fields, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    value.emit(&mut map)?;
    map.end()
}

/// Reads an object's text, or a bare text where that is allowed.
pub(crate) fn read_fields<T: Fields>(text: &str) -> Result<T, &'static str> {
    const ODD: &str = "expected an object";
    if text.starts_with('"') {
        return text::read(text).and_then(|text| T::from_text(&text)).ok_or(ODD);
    }
    let mut value = T::default();
    absorb_object(&mut value, text).ok_or(ODD)?;
    value.settle()?;
    Ok(value)
}

/// Takes all fields of an object's text; `None` when it is no object.
pub(crate) fn absorb_object<T: Fields>(value: &mut T, text: &str) -> Option<()> {
    let mut object = Scan::of(text, b'{')?;
    while let Some(name) = object.next() {
        let piece = Piece::Borrowed(object.next()?);
        value.absorb(&text::read(name)?, piece);
    }
    Some(())
}

/// The serde and wire traits of a struct of fields.
macro_rules! fields {
    ($name:ident) => {
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::wire::deserialize(deserializer)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                crate::wire::serialize(self, serializer)
            }
        }

        impl crate::wire::Wire for $name {
            fn read(text: &str) -> Option<Self> {
                crate::wire::read_fields(text).ok()
            }
        }
    };
}
pub(crate) use fields;

/// The text of one JSON value: a slice of the input where that is possible.
pub(crate) enum Piece<'de> {
    Borrowed(&'de str),
    Owned(Box<str>),
}

impl Piece<'_> {
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Borrowed(text) => text,
            Self::Owned(text) => text,
        }
    }

    pub(crate) fn into_raw(self) -> Raw {
        match self {
            Self::Borrowed(text) => Raw::checked(text),
            Self::Owned(text) => Raw::checked(text),
        }
    }
}

/// The name by which serde_json recognises raw text. `&RawValue` refuses readers and values,
/// `Box<RawValue>` allocates; asked directly, serde_json lends the text where it can. A
/// deserializer that does not know the name ends in `visit_newtype_struct`, which takes the
/// documented way.
const RAW: &str = "$serde_json::private::RawValue";

impl<'de> Deserialize<'de> for Piece<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(RAW, PieceVisitor)
    }
}

struct PieceVisitor;

impl<'de> Visitor<'de> for PieceVisitor {
    type Value = Piece<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        match map.next_key::<IgnoredAny>()? {
            Some(_) => map.next_value_seed(self),
            None => Err(A::Error::custom("no value")),
        }
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        Ok(Piece::Owned(raw.get().into()))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Piece::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Piece::Owned(text.into()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Self::Value, E> {
        Ok(Piece::Owned(text.into()))
    }
}

impl<'de> DeserializeSeed<'de> for PieceVisitor {
    type Value = Piece<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// Reads an object field by field, without its whole text.
struct Object<T>(PhantomData<T>);

impl<'de, T: Fields> Visitor<'de> for Object<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut value = T::default();
        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
            if !value.stream(&name, &mut map)? {
                value.absorb(&name, map.next_value()?);
            }
        }
        value.settle().map_err(A::Error::custom)?;
        Ok(value)
    }
}
