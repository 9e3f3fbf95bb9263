//! Reads responses. Each response type contains the whole JSON object as text, and typed fields. A typed
//! field is absent if its JSON value has another type.

use std::collections::BTreeMap;

use connect_core::types::{EventTime, LossyString, Raw};

pub(super) use connect_core::decode_response as read;

/// A type that can be read from a JSON value. `read` returns `None` if the value has another type.
pub(super) trait Field: Sized {
    fn read(raw: Raw) -> Option<Self>;
}

/// A field of a response. The field is empty if the JSON value is missing, null or of another type.
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

/// The fields of a JSON object. A JSON value of another type has no fields.
pub(super) struct Fields(BTreeMap<LossyString, Raw>);

impl Fields {
    pub(super) fn of(raw: &Raw) -> Self {
        Self(raw.decode().unwrap_or_default())
    }

    pub(super) fn take<T: Slot>(&mut self, name: &str) -> T {
        T::of(self.0.remove(name))
    }
}

/// Defines a response type whose fields have the names of the JSON fields.
macro_rules! answer {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $field:ident: $type:ty,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$what])* pub $field: $type,)+
            /// The whole object as JSON, including unknown fields and fields of an unexpected type.
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

/// Returns JSON null, the value of an empty response body.
pub(super) fn null() -> Option<Raw> {
    Raw::from_value(&()).ok()
}

#[cfg(test)]
#[allow(unreachable_pub, reason = "the macro makes public types")]
mod tests {
    use super::*;

    answer!(
        /// A type for the tests.
        Thing {
            /// A text.
            name: Option<String>,
            /// A boolean.
            good: Option<bool>,
            /// Nested objects.
            things: Vec<Thing>,
        }
    );

    fn thing(text: &str) -> Thing {
        text.parse::<Raw>().unwrap().into()
    }

    #[test]
    fn field_of_wrong_type_is_absent_but_kept_in_raw() {
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
    fn lone_surrogate_becomes_replacement_character() {
        let read = thing(r#"{"name":"a\ud83d b","good":true,"\ude00":1}"#);
        assert!(read.name.unwrap().starts_with("a\u{fffd}"));
        assert_eq!(read.good, Some(true));
    }
}
