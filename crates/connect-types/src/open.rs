//! Macros for open enums, which keep unknown values, and closed enums, which only requests use.

use alloc::boxed::Box;
use core::fmt;

/// A value that an enum does not list.
///
/// Callers cannot create an `Unknown`, so it never contains a known value: `Provider::from("google")` is
/// always `Provider::Google`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Unknown(Box<str>);

impl Unknown {
    /// Returns the text of the value.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(crate) fn new(text: impl Into<Box<str>>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// Implements the traits of an open enum whose last variant is `Other(Unknown)`.
macro_rules! open_enum {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $name {
            /// The known values.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the text of this value in API requests and responses.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(unknown) => unknown.as_str(),
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Other(crate::open::Unknown::new(other)),
                }
            }
        }

        impl From<alloc::string::String> for $name {
            fn from(text: alloc::string::String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl From<&Self> for $name {
            fn from(value: &Self) -> Self {
                value.clone()
            }
        }

        impl core::str::FromStr for $name {
            type Err = core::convert::Infallible;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Ok(Self::from(text))
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                crate::text::Text::deserialize(deserializer).map(|text| Self::from(&*text.0))
            }
        }

        impl crate::wire::Wire for $name {
            fn read(text: &str) -> Option<Self> {
                crate::text::read(text).map(|text| Self::from(&*text))
            }

            fn of_text(text: &str) -> Option<Self> {
                Some(Self::from(text))
            }
        }

        crate::open::enum_text!($name);
    };
}

/// Implements the traits of a closed enum.
///
/// A closed enum has no variant for unknown values, because only requests use closed enums.
macro_rules! closed_enum {
    ($name:ident { $($variant:ident = $text:literal),+ $(,)? }) => {
        impl $name {
            /// Returns the text of this value in API requests.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl core::str::FromStr for $name {
            type Err = crate::Invalid;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match text {
                    $($text => Ok(Self::$variant),)+
                    _ => {
                        let known = [$($text),+].join(", ");
                        let reason = alloc::format!("unknown value {text:?} (expected one of: {known})");
                        Err(crate::Invalid::new(stringify!($name), reason))
                    }
                }
            }
        }

        crate::open::enum_text!($name);
    };
}

/// Implements the traits that write the text of an open or closed enum.
macro_rules! enum_text {
    ($name:ident) => {
        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl crate::send::Param for $name {
            fn param(&self) -> Option<alloc::string::String> {
                Some(self.as_str().into())
            }
        }
    };
}

pub(crate) use {closed_enum, enum_text, open_enum};
