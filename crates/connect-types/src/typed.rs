//! Reads a response in one pass if every value has its documented type.
//!
//! ```text
//! {"events": [{"title": "Stand-up", "location": 17}, ..]}
//!                       -> title                -- another type: skipped
//!             ---------------------------------- `wire` reads this object again: `location` -> extra
//! ```
//!
//! The result is the same as the result of [`wire`](crate::wire). If this pass fails, `wire` reads the whole
//! response.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use core::marker::PhantomData;

use serde::de::{
    Deserialize, DeserializeOwned, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess,
    Visitor,
};
use serde_json::value::RawValue;

use crate::extra::Extra;
use crate::raw::Raw;
use crate::scan;
use crate::wire::{Fields, Wire, read_fields};

/// The text of the whole response.
#[derive(Clone, Copy)]
pub(crate) struct Source<'de>(&'de str);

/// The result of reading a value.
pub(crate) enum Typed<T> {
    Value(T),
    Null,
    /// The value does not have the expected type, and was skipped.
    Other,
}

/// Reads a response.
///
/// # Errors
/// If the text is not JSON, or not the expected kind of JSON (an object, a list).
pub(crate) fn decode<T: Wire + DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    match T::read_typed(Source(text), &mut deserializer) {
        Ok(Typed::Value(value)) if deserializer.end().is_ok() => Ok(value),
        _ => serde_json::from_str(text),
    }
}

impl<'de> Source<'de> {
    /// Returns the start of the object that has `key` as its first key.
    ///
    /// If `key` is not a slice of the text, returns an error. With the feature `arbitrary_precision`,
    /// serde_json reads a number as an object whose key is not in the text.
    fn start_of_object<E: Error>(self, key: &'de str) -> Result<usize, E> {
        let at = key.as_ptr().addr().checked_sub(self.0.as_ptr().addr());
        let start = at.and_then(|at| self.0.get(..at)?.rfind('{'));
        start.ok_or_else(|| E::custom("the key of an object is not part of the text"))
    }
}

/// Reads the next value of a map or a list.
struct Seed<'de, T>(Source<'de>, PhantomData<T>);

impl<'de, T: Wire> DeserializeSeed<'de> for Seed<'de, T> {
    type Value = Typed<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Typed<T>, D::Error> {
        T::read_typed(self.0, deserializer)
    }
}

/// Reads a value of any type except [`Raw`].
pub(crate) fn any<'de, D: Deserializer<'de>, T: Wire>(
    source: Source<'de>,
    deserializer: D,
) -> Result<Typed<T>, D::Error> {
    deserializer.deserialize_any(TypedVisitor(source, PhantomData))
}

struct TypedVisitor<'de, T>(Source<'de>, PhantomData<T>);

impl<'de, T: Wire> Visitor<'de> for TypedVisitor<'de, T> {
    type Value = Typed<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Typed<T>, E> {
        Ok(T::of_bool(value).into())
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Typed<T>, E> {
        Ok(T::of_u64(value).into())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<Typed<T>, E> {
        Ok(Typed::Other)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<Typed<T>, E> {
        Ok(Typed::Other)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Typed<T>, E> {
        Ok(T::of_text(text).into())
    }

    fn visit_unit<E: Error>(self) -> Result<Typed<T>, E> {
        Ok(Typed::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Typed<T>, A::Error> {
        T::of_list(self.0, list).map(Typed::from)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Typed<T>, A::Error> {
        T::of_map(self.0, map).map(Typed::from)
    }
}

impl<T> From<Option<T>> for Typed<T> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Other, Self::Value)
    }
}

/// Reads the value of a field.
pub(crate) fn value<'de, A: MapAccess<'de>, T: Wire>(
    source: Source<'de>,
    map: &mut A,
) -> Result<Typed<T>, A::Error> {
    map.next_value_seed(Seed(source, PhantomData))
}

/// Reads the next element of a list; `None` at its end.
pub(crate) fn element<'de, A: SeqAccess<'de>, T: Wire>(
    source: Source<'de>,
    list: &mut A,
) -> Result<Option<Typed<T>>, A::Error> {
    list.next_element_seed(Seed(source, PhantomData))
}

pub(crate) fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

pub(crate) fn skip_map<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads a JSON value as text.
pub(crate) fn raw<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
    Box::<RawValue>::deserialize(deserializer).map(|raw| Raw::checked(Box::<str>::from(raw)))
}

pub(crate) fn unknown<'de, A: MapAccess<'de>>(
    extra: &mut Extra,
    name: &str,
    map: &mut A,
) -> Result<bool, A::Error> {
    extra.insert(name, Raw::checked(Box::<str>::from(map.next_value::<Box<RawValue>>()?)));
    Ok(true)
}

/// Reads a list. Any other value, and an element that is not a `T`, is an error.
pub(crate) fn strict_list<'de, A: MapAccess<'de>, T: Wire>(
    list: &mut Vec<T>,
    source: Source<'de>,
    map: &mut A,
) -> Result<bool, A::Error> {
    struct StrictList<'de, T>(Source<'de>, PhantomData<T>);

    impl<'de, T: Wire> DeserializeSeed<'de> for StrictList<'de, T> {
        type Value = Vec<T>;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
            deserializer.deserialize_seq(self)
        }
    }

    impl<'de, T: Wire> Visitor<'de> for StrictList<'de, T> {
        type Value = Vec<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut values = Vec::new();
            while let Some(value) = element(self.0, &mut list)? {
                match value {
                    Typed::Value(value) => values.push(value),
                    Typed::Null | Typed::Other => {
                        return Err(A::Error::custom(
                            "an element of the list does not have the expected type",
                        ));
                    }
                }
            }
            Ok(values)
        }
    }

    *list = map.next_value_seed(StrictList(source, PhantomData))?;
    Ok(true)
}

/// Reads an object into a struct; `None` if the object cannot be read as this struct.
pub(crate) fn object<'de, A: MapAccess<'de>, T: Fields>(
    source: Source<'de>,
    mut map: A,
) -> Result<Option<T>, A::Error> {
    let mut value = T::default();
    let (start, fits) = fields(&mut value, source, &mut map)?;
    if fits {
        return Ok(value.finish().is_ok().then_some(value));
    }
    if T::READS_IN_PLACE {
        return Err(A::Error::custom("a field of the object does not have its documented type"));
    }
    let end = scan::end_of_value(source.0.as_bytes(), start);
    Ok(source.0.get(start..end).and_then(|text| read_fields(text).ok()))
}

/// Reads the fields of an object into `value`.
///
/// Returns the start of the object, and whether every field has its documented type.
fn fields<'de, A: MapAccess<'de>, T: Fields>(
    value: &mut T,
    source: Source<'de>,
    map: &mut A,
) -> Result<(usize, bool), A::Error> {
    let Some(first) = map.next_key::<&'de str>()? else { return Ok((0, true)) };
    let start = source.start_of_object(first)?;
    let mut fits = value.read_field(first, source, map)?;
    while let Some(key) = map.next_key::<&'de str>()? {
        fits &= value.read_field(key, source, map)?;
    }
    Ok((start, fits))
}

/// Reads a field that contains an object into `value`. Null leaves `value` unchanged.
///
/// Returns whether every field of the object has its documented type.
pub(crate) fn merge<'de, A: MapAccess<'de>, T: Fields>(
    value: &mut T,
    source: Source<'de>,
    map: &mut A,
) -> Result<bool, A::Error> {
    struct Merge<'a, 'de, T>(&'a mut T, Source<'de>);

    impl<'de, T: Fields> DeserializeSeed<'de> for Merge<'_, 'de, T> {
        type Value = bool;

        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
            deserializer.deserialize_any(self)
        }
    }

    impl<'de, T: Fields> Visitor<'de> for Merge<'_, 'de, T> {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }

        fn visit_unit<E: Error>(self) -> Result<bool, E> {
            Ok(true)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
            fields(self.0, self.1, &mut map).map(|(_, fits)| fits)
        }
    }

    map.next_value_seed(Merge(value, source))
}
