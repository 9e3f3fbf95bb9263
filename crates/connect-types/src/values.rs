//! Reads JSON values into the fields of response structs.

use alloc::borrow::{Cow, ToOwned};
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use jiff::Timestamp;
use serde::de::{MapAccess, SeqAccess};
use serde::ser::{Serialize, SerializeMap};

use crate::scan::Scan;
use crate::text;
use crate::time::has_plain_year;
use crate::typed::{self, Source, Typed};
use crate::wire::{Slot, Wire};

impl Wire for String {
    fn read(text: &str) -> Option<Self> {
        text::read(text).map(Cow::into_owned)
    }

    fn of_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

/// Reads a boolean, or a string that contains one.
impl Wire for bool {
    fn read(text: &str) -> Option<Self> {
        text::read(text).unwrap_or(Cow::Borrowed(text)).parse().ok()
    }

    fn of_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

/// Reads a number, or a string that contains one. A number such as `3599.62` or `3.6e3` is rounded down.
impl Wire for u64 {
    fn read(text: &str) -> Option<Self> {
        const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;
        let text = text::read(text).unwrap_or(Cow::Borrowed(text));
        let whole = |number: f64| (0.0..MAX_EXACT_INTEGER).contains(&number).then_some(number as Self);
        text.trim().parse().ok().or_else(|| text.trim().parse().ok().and_then(whole))
    }

    fn of_u64(value: u64) -> Option<Self> {
        Some(value)
    }
}

impl Wire for u32 {
    fn read(text: &str) -> Option<Self> {
        u64::read(text)?.try_into().ok()
    }

    fn of_u64(value: u64) -> Option<Self> {
        value.try_into().ok()
    }
}

impl Wire for Timestamp {
    fn read(text: &str) -> Option<Self> {
        Self::of_text(&text::read(text)?)
    }

    fn of_text(text: &str) -> Option<Self> {
        has_plain_year(text).then(|| text.parse().ok()).flatten()
    }
}

/// Skips null elements. If an element is neither null nor a `T`, the whole list is unreadable.
impl<T: Wire> Wire for Vec<T> {
    fn read(text: &str) -> Option<Self> {
        let mut list = Scan::of(text, b'[')?;
        let mut out = Self::new();
        while let Some(item) = list.next() {
            if item != "null" {
                out.push(T::read(item)?);
            }
        }
        Some(out)
    }

    fn of_list<'de, A: SeqAccess<'de>>(source: Source<'de>, mut list: A) -> Result<Option<Self>, A::Error> {
        let mut out = Self::new();
        while let Some(item) = typed::element(source, &mut list)? {
            match item {
                Typed::Value(item) => {
                    if out.capacity() == 0 {
                        out.reserve_exact(2); // most lists are short, and `push` would reserve 4
                    }
                    out.push(item);
                }
                Typed::Null => {}
                Typed::Other => return typed::skip_list(list).map(|()| None),
            }
        }
        Ok(Some(out))
    }
}

impl<K: for<'a> From<&'a str> + Ord, T: Wire> Wire for BTreeMap<K, T> {
    fn read(text: &str) -> Option<Self> {
        let mut object = Scan::of(text, b'{')?;
        let mut out = Self::new();
        while let Some(name) = object.next() {
            let value = object.next()?;
            if value != "null" {
                out.insert(K::from(&text::read(name)?), T::read(value)?);
            }
        }
        Some(out)
    }

    fn of_map<'de, A: MapAccess<'de>>(source: Source<'de>, mut map: A) -> Result<Option<Self>, A::Error> {
        let mut out = Self::new();
        while let Some(key) = map.next_key::<&'de str>()? {
            match typed::value(source, &mut map)? {
                Typed::Value(value) => drop(out.insert(K::from(key), value)),
                Typed::Null => {}
                Typed::Other => return typed::skip_map(map).map(|()| None),
            }
        }
        Ok(Some(out))
    }
}

impl<T: Wire + Serialize> Slot for Option<T> {
    fn fill(&mut self, text: &str) -> bool {
        *self = if text == "null" { None } else { T::read(text) };
        self.is_some() || text == "null"
    }

    fn fill_typed<'de, A: MapAccess<'de>>(
        &mut self,
        source: Source<'de>,
        map: &mut A,
    ) -> Result<bool, A::Error> {
        match typed::value(source, map)? {
            Typed::Value(value) => *self = Some(value),
            Typed::Null => *self = None,
            Typed::Other => return Ok(false),
        }
        Ok(true)
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn emit<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.as_ref().map_or(Ok(()), |value| map.serialize_entry(name, value))
    }
}

/// Implements `Slot` for types that have an empty value. Null is read as the empty value.
macro_rules! plain_slot {
    ($($generics:tt)*) => {
        $($generics)* {
            fn fill(&mut self, text: &str) -> bool {
                let read = Wire::read(text);
                let readable = read.is_some() || text == "null";
                *self = read.unwrap_or_default();
                readable
            }

            fn fill_typed<'de, A: MapAccess<'de>>(
                &mut self,
                source: Source<'de>,
                map: &mut A,
            ) -> Result<bool, A::Error> {
                match typed::value(source, map)? {
                    Typed::Value(value) => *self = value,
                    Typed::Null => *self = Self::default(),
                    Typed::Other => return Ok(false),
                }
                Ok(true)
            }

            fn is_set(&self) -> bool {
                !self.is_empty()
            }

            fn emit<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
                if self.is_empty() { Ok(()) } else { map.serialize_entry(name, self) }
            }
        }
    };
}
plain_slot!(impl Slot for String);
plain_slot!(impl<T: Wire + Serialize> Slot for Vec<T>);
plain_slot!(impl<K: for<'a> From<&'a str> + Ord + Serialize, T: Wire + Serialize> Slot for BTreeMap<K, T>);
