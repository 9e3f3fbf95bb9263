//! Reads JSON values into the fields of response structs.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use jiff::Timestamp;
use serde::ser::{Serialize, SerializeMap};

use crate::scan::Scan;
use crate::text;
use crate::time::has_plain_year;
use crate::wire::{Slot, Wire};

impl Wire for String {
    fn read(text: &str) -> Option<Self> {
        text::read(text).map(Cow::into_owned)
    }
}

/// A boolean, or a string with one.
impl Wire for bool {
    fn read(text: &str) -> Option<Self> {
        text::read(text).unwrap_or(Cow::Borrowed(text)).parse().ok()
    }
}

/// An integer, a string with one, or a number such as `3599.62` or `3.6e3`, rounded down.
impl Wire for u64 {
    fn read(text: &str) -> Option<Self> {
        const MAX_EXACT_INTEGER: f64 = 9_007_199_254_740_992.0;
        let text = text::read(text).unwrap_or(Cow::Borrowed(text));
        let whole = |number: f64| (0.0..MAX_EXACT_INTEGER).contains(&number).then_some(number as Self);
        text.trim().parse().ok().or_else(|| text.trim().parse().ok().and_then(whole))
    }
}

impl Wire for u32 {
    fn read(text: &str) -> Option<Self> {
        u64::read(text)?.try_into().ok()
    }
}

impl Wire for Timestamp {
    fn read(text: &str) -> Option<Self> {
        let text = text::read(text)?;
        has_plain_year(&text).then(|| text.parse().ok()).flatten()
    }
}

/// Skips null elements. Any other unreadable element makes the whole list unreadable.
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
}

impl<T: Wire + Serialize> Slot for Option<T> {
    fn fill(&mut self, text: &str) -> bool {
        *self = if text == "null" { None } else { T::read(text) };
        self.is_some() || text == "null"
    }

    fn is_set(&self) -> bool {
        self.is_some()
    }

    fn emit<M: SerializeMap>(&self, name: &'static str, map: &mut M) -> Result<(), M::Error> {
        self.as_ref().map_or(Ok(()), |value| map.serialize_entry(name, value))
    }
}

/// Implements fields that are empty by default.
macro_rules! plain_slot {
    ($($generics:tt)*) => {
        $($generics)* {
            fn fill(&mut self, text: &str) -> bool {
                let read = Wire::read(text);
                let readable = read.is_some() || text == "null";
                *self = read.unwrap_or_default();
                readable
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
