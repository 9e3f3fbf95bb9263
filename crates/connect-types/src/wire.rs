//! Reads response structs from JSON objects.
//!
//! One pass over the object finds the text of each value, and reads the text as the type of the value's
//! field. A value of another type is kept as text in `extra`, so it does not make the whole response an
//! error.
//!
//! ```text
//! {"title": "Stand-up", "start": 5, "new": true}
//!           ----------           -         ----    JsonText: a slice, not parsed
//!           Wire::read           Wire::read        Slot::fill: a value or a failure
//!           -> title             -> extra  -> extra
//! ```

use alloc::boxed::Box;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::extra::Extra;
use crate::raw::Raw;
use crate::scan::Scan;
use crate::text::{self, Text};
use crate::typed::{self, Source, Typed};

/// A type that can be read from the text of a JSON value. `read` returns `None` for a value of another type.
pub(crate) trait Wire: Sized {
    fn read(text: &str) -> Option<Self>;

    // The methods below read a value in one pass, one method per kind of JSON value. The default methods are
    // for kinds that the type does not accept, and for rare kinds that only `read` accepts.

    fn read_typed<'de, D: Deserializer<'de>>(source: Source<'de>, value: D) -> Result<Typed<Self>, D::Error> {
        typed::any(source, value)
    }

    fn of_text(_text: &str) -> Option<Self> {
        None
    }

    fn of_bool(_value: bool) -> Option<Self> {
        None
    }

    fn of_u64(_value: u64) -> Option<Self> {
        None
    }

    fn of_list<'de, A: SeqAccess<'de>>(_source: Source<'de>, list: A) -> Result<Option<Self>, A::Error> {
        typed::skip_list(list).map(|()| None)
    }

    fn of_map<'de, A: MapAccess<'de>>(_source: Source<'de>, map: A) -> Result<Option<Self>, A::Error> {
        typed::skip_map(map).map(|()| None)
    }
}

/// A response struct with named fields.
pub(crate) trait Fields: Default {
    /// Whether the struct has strict fields, which [`read_in_place`](Self::read_in_place) deserializes.
    const READS_IN_PLACE: bool = false;

    /// Sets a field from its JSON.
    fn take_field(&mut self, name: &str, json: JsonText<'_>);

    /// Deserializes a strict field, whose value must have the field's type. Returns false for other fields.
    fn read_in_place<'de, A: MapAccess<'de>>(&mut self, _name: &str, _map: &mut A) -> Result<bool, A::Error> {
        Ok(false)
    }

    /// Reads the value of a field in one pass. Skips a value of another type, and returns false.
    fn read_field<'de, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        source: Source<'de>,
        map: &mut A,
    ) -> Result<bool, A::Error>;

    /// Creates the struct from a JSON string; `None` if the struct can only be read from an object.
    fn from_text(_text: &str) -> Option<Self> {
        None
    }

    /// Checks and normalizes the values. Called after all fields are set.
    fn finish(&mut self) -> Result<(), &'static str> {
        Ok(())
    }

    /// Serializes the fields that are set.
    fn emit<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error>;
}

/// The type of a struct's field.
pub(crate) trait Slot {
    /// Sets the field from JSON text. Null empties the field. For text of another type, empties the field and
    /// returns false.
    fn fill(&mut self, text: &str) -> bool;
    /// Sets the field in one pass. For a value of another type, leaves the field unchanged and
    /// returns false.
    fn fill_typed<'de, A: MapAccess<'de>>(
        &mut self,
        source: Source<'de>,
        map: &mut A,
    ) -> Result<bool, A::Error>;
    fn is_set(&self) -> bool;
    fn emit<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error>;
}

/// Sets a field. If the JSON does not have the field's type, adds the JSON to `extra`.
pub(crate) fn read_into(slot: &mut impl Slot, name: &str, json: JsonText<'_>, extra: &mut Extra) {
    if !slot.fill(json.text()) {
        extra.insert(name, json.into_raw());
    } else if !extra.is_empty() {
        extra.remove(name);
    }
}

/// Deserializes a strict field. Null becomes the default value. An error names the field.
pub(crate) fn strict<'de, A: MapAccess<'de>, T: Deserialize<'de> + Default>(
    name: &str,
    map: &mut A,
) -> Result<T, A::Error> {
    let value =
        map.next_value::<Option<T>>().map_err(|error| A::Error::custom(format_args!("{name}: {error}")))?;
    Ok(value.unwrap_or_default())
}

/// Deserializes a struct from an object, or from a string if the struct allows it.
pub(crate) fn deserialize<'de, D: Deserializer<'de>, T: Fields>(deserializer: D) -> Result<T, D::Error> {
    if T::READS_IN_PLACE {
        return deserializer.deserialize_map(FieldsVisitor(PhantomData));
    }
    read_fields(JsonText::deserialize(deserializer)?.text()).map_err(D::Error::custom)
}

pub(crate) fn serialize<S: Serializer>(value: &impl Fields, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(None)?;
    value.emit(&mut map)?;
    map.end()
}

/// Reads a struct from the JSON text of an object, or of a string if the struct allows it.
pub(crate) fn read_fields<T: Fields>(text: &str) -> Result<T, &'static str> {
    const EXPECTED: &str = "expected an object";
    if text.starts_with('"') {
        return text::read(text).and_then(|text| T::from_text(&text)).ok_or(EXPECTED);
    }
    let mut value = T::default();
    take_fields(&mut value, text).ok_or(EXPECTED)?;
    value.finish()?;
    Ok(value)
}

/// Sets all fields from the JSON text of an object; `None` for other JSON.
pub(crate) fn take_fields<T: Fields>(value: &mut T, text: &str) -> Option<()> {
    let mut object = Scan::of(text, b'{')?;
    while let Some(name) = object.next() {
        let json = JsonText::Borrowed(object.next()?);
        value.take_field(&text::read(name)?, json);
    }
    Some(())
}

/// Implements `Deserialize`, `Serialize` and `Wire` for a struct that implements `Fields`.
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

            fn of_text(text: &str) -> Option<Self> {
                <Self as crate::wire::Fields>::from_text(text)
            }

            fn of_map<'de, A: serde::de::MapAccess<'de>>(
                source: crate::typed::Source<'de>,
                map: A,
            ) -> Result<Option<Self>, A::Error> {
                crate::typed::object(source, map)
            }
        }
    };
}
pub(crate) use fields;

/// The text of a JSON value: a slice of the input if possible.
pub(crate) enum JsonText<'de> {
    Borrowed(&'de str),
    Owned(Box<str>),
}

impl JsonText<'_> {
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

impl<'de> Deserialize<'de> for JsonText<'_> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Box::<RawValue>::deserialize(deserializer).map(|raw| Self::Owned(raw.into()))
    }
}

/// Reads an object field by field, without buffering its whole text.
struct FieldsVisitor<T>(PhantomData<T>);

impl<'de, T: Fields> Visitor<'de> for FieldsVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        let mut value = T::default();
        while let Some(Text(name)) = map.next_key::<Text<'de>>()? {
            if !value.read_in_place(&name, &mut map)? {
                value.take_field(&name, map.next_value()?);
            }
        }
        value.finish().map_err(A::Error::custom)?;
        Ok(value)
    }
}
