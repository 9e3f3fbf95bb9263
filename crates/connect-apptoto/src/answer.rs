//! How answers are read: the whole object is kept as text, and each field is read from it as its type, or is missing.

use std::collections::BTreeMap;

use connect_core::types::{EventTime, LossyString, Raw};

pub(super) use connect_core::decode_answer as read;

/// A type that reads itself from one JSON value; `None` when that is not its form.
pub(super) trait Field: Sized {
    fn read(raw: Raw) -> Option<Self>;
}

/// A place in an answer: missing where there is no such field, where it is null, and where it is of another type.
pub(super) trait Slot {
    fn of(raw: Option<Raw>) -> Self;
}

impl<T: Field> Slot for Option<T> {
    fn of(raw: Option<Raw>) -> Self {
        raw.and_then(T::read)
    }
}

impl<T: Field> Slot for Vec<T> {
    fn of(raw: Option<Raw>) -> Self {
        let items: Vec<Raw> = raw.and_then(|raw| raw.decode().ok()).unwrap_or_default();
        items.into_iter().filter_map(T::read).collect()
    }
}

/// The fields of an object; of anything else there are none.
pub(super) struct Fields(BTreeMap<LossyString, Raw>);

impl Fields {
    pub(super) fn of(raw: &Raw) -> Self {
        Self(raw.decode().unwrap_or_default())
    }

    pub(super) fn take<T: Slot>(&mut self, name: &str) -> T {
        T::of(self.0.remove(name))
    }
}

/// An answer made of named fields. `$field` is the name on the wire.
macro_rules! answer {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$what])* pub $field: $type,)+
            /// The whole of it as it came, with the fields that are not here and those that are not of their type.
            pub raw: connect_core::types::Raw,
        }

        impl From<connect_core::types::Raw> for $name {
            fn from(raw: connect_core::types::Raw) -> Self {
                let mut fields = $crate::answer::Fields::of(&raw);
                Self { $($field: fields.take(stringify!($field)),)+ raw }
            }
        }

        impl $crate::answer::Field for $name {
            fn read(raw: connect_core::types::Raw) -> Option<Self> {
                (raw.get() != "null").then(|| Self::from(raw))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                connect_core::types::Raw::deserialize(deserializer).map(Self::from)
            }
        }
    };
}
pub(super) use answer;

impl Field for String {
    fn read(raw: Raw) -> Option<Self> {
        raw.text()
    }
}

impl Field for bool {
    fn read(raw: Raw) -> Option<Self> {
        raw.decode().ok()
    }
}

impl Field for EventTime {
    fn read(raw: Raw) -> Option<Self> {
        raw.text().map(|text| Self::from(text.as_str()))
    }
}

impl Field for Raw {
    fn read(raw: Raw) -> Option<Self> {
        (raw.get() != "null").then_some(raw)
    }
}

/// What an empty body means where nothing is to be told.
pub(super) fn null() -> Option<Raw> {
    Raw::from_value(&()).ok()
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro makes public types")]
mod tests {
    use super::*;

    answer!(
        /// For the tests.
        Thing {
            /// A text.
            name: Option<String>,
            /// A truth.
            good: Option<bool>,
            /// Others like it.
            things: Vec<Thing>,
        }
    );

    fn thing(text: &str) -> Thing {
        text.parse::<Raw>().unwrap().into()
    }

    #[test]
    fn what_is_not_of_its_type_is_missing_and_still_there_as_text() {
        for odd in [r#"{"name":5,"good":"yes","things":{}}"#, r#"{"name":null}"#, "[]", "5", "null", "\"a\""]
        {
            let read = thing(odd);
            assert_eq!((read.name, read.good, read.things.len()), (None, None, 0), "{odd}");
            assert_eq!(read.raw.get(), odd);
        }
        let read = thing(r#"{"good":true,"things":[{"name":"a"},7,null],"name":"b"}"#);
        assert_eq!((read.name.as_deref(), read.good), (Some("b"), Some(true)));
        assert_eq!(
            read.things.iter().map(|thing| thing.raw.get()).collect::<Vec<_>>(),
            [r#"{"name":"a"}"#, "7"]
        );
    }

    #[test]
    fn half_a_surrogate_pair_spoils_nothing() {
        let read = thing(r#"{"name":"a\ud83d b","good":true,"\ude00":1}"#);
        assert!(read.name.unwrap().starts_with("a\u{fffd}"));
        assert_eq!(read.good, Some(true));
    }
}
