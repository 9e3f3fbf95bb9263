//! The definition of switches, and the types of their values.

use std::ops::Deref;

/// A switch of the sandbox.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Switch {
    /// The name for `--set` and `POST /sandbox/set`.
    pub name: &'static str,
    /// The accepted values, as text for help and errors.
    pub values: &'static str,
    /// The default value.
    pub default: &'static str,
    /// What the switch sets, and what is documented about the real service.
    pub about: &'static str,
}

/// The value of a switch.
pub(crate) trait Value: Sized + Default {
    /// Reads a value; `None` for an invalid value.
    fn read(text: &str) -> Option<Self>;
    fn text(&self) -> String;
}

/// Expands to a struct with a field for each switch. A row has the name, field, type, default, accepted
/// values and description of a switch. If the accepted values are in braces, the row also defines an enum of
/// the values, and the first value is the default.
macro_rules! switches {
    ($(#[$doc:meta])* $Group:ident {$(
        $name:literal $field:ident: $Type:ident $(<$($limit:tt),+>)? $({ $($Variant:ident = $text:literal),+ })?
            $(= $default:literal of $values:literal)?,
            $about:literal;
    )+}) => {
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub(crate) struct $Group {
            $(#[doc = $about] pub(crate) $field: $Type $(<$($limit),+>)?,)+
        }

        impl $Group {
            pub(super) const SWITCHES: &'static [$crate::settings::Switch] = &[$($crate::settings::Switch {
                name: $name,
                values: switches!(@values $($($text)+)? $($values)?),
                default: switches!(@default $($($text)+)? $($default)?),
                about: $about,
            }),+];

            /// Sets a switch. Returns false for an invalid value, and `None` for a name that is not in this
            /// group.
            pub(super) fn set(&mut self, name: &str, text: &str) -> Option<bool> {
                use $crate::settings::Value;
                match name {
                    $($name => Some(Value::read(text).map(|value| self.$field = value).is_some()),)+
                    _ => None,
                }
            }

            pub(super) fn text(&self, name: &str) -> Option<String> {
                use $crate::settings::Value;
                match name {
                    $($name => Some(self.$field.text()),)+
                    _ => None,
                }
            }
        }

        impl Default for $Group {
            fn default() -> Self {
                use $crate::settings::Value;
                Self { $($field: Value::read(switches!(@default $($($text)+)? $($default)?)).unwrap_or_default()),+ }
            }
        }

        $($(
            #[doc = concat!("The values of `", $name, "`.")]
            #[derive(Clone, Copy, Debug, PartialEq, Eq)]
            pub(crate) enum $Type { $($Variant),+ }

            impl $Type {
                const ALL: &'static [(Self, &'static str)] = &[$((Self::$Variant, $text)),+];

                pub(crate) fn as_str(self) -> &'static str {
                    match self {
                        $(Self::$Variant => $text,)+
                    }
                }
            }

            impl Default for $Type {
                fn default() -> Self {
                    Self::ALL[0].0
                }
            }

            impl $crate::settings::Value for $Type {
                fn read(text: &str) -> Option<Self> {
                    Self::ALL.iter().find(|(_, known)| *known == text).map(|(value, _)| *value)
                }

                fn text(&self) -> String {
                    self.as_str().to_owned()
                }
            }
        )?)+
    };
    (@default $default:literal $($rest:literal)*) => { $default };
    (@values $first:literal $($rest:literal)*) => { concat!($first $(, "|", $rest)*) };
}

pub(super) use switches;

impl Value for bool {
    fn read(text: &str) -> Option<Self> {
        match text {
            "on" => Some(true),
            "off" => Some(false),
            _ => None,
        }
    }

    fn text(&self) -> String {
        if *self { "on" } else { "off" }.to_owned()
    }
}

/// A number from `LEAST` to `MOST`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Within<const LEAST: u64, const MOST: u64>(pub(crate) u64);

impl<const LEAST: u64, const MOST: u64> Value for Within<LEAST, MOST> {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok().filter(|number| (LEAST..=MOST).contains(number)).map(Self)
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

/// A number, or no limit.
pub(crate) type Limit = Option<u64>;

impl Value for Limit {
    fn read(text: &str) -> Option<Self> {
        if text == "none" { Some(None) } else { text.parse().ok().map(Some) }
    }

    fn text(&self) -> String {
        self.map_or_else(|| "none".to_owned(), |number| number.to_string())
    }
}

macro_rules! texts {
    ($($(#[$doc:meta])* $Type:ident: $takes:expr;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, Default)]
        pub(crate) struct $Type(String);

        impl Value for $Type {
            fn read(text: &str) -> Option<Self> {
                let takes: fn(&str) -> bool = $takes;
                takes(text).then(|| Self(text.to_owned()))
            }

            fn text(&self) -> String {
                self.0.clone()
            }
        }

        impl Deref for $Type {
            type Target = str;

            fn deref(&self) -> &str {
                &self.0
            }
        }
    )+};
}

texts! {
    /// A non-empty text.
    Text: |text| !text.is_empty();
    /// Any text.
    OptionalText: |_| true;
    /// A URI.
    Uri: is_uri;
    /// A GUID: 32 hexadecimal digits in groups of 8, 4, 4, 4 and 12.
    Guid: crate::microsoft::oauth::is_id;
    /// A URI, or an empty text.
    OptionalUri: |text| text.is_empty() || is_uri(text);
}

/// Whether the text has a scheme and only printable ASCII characters, which are safe in a header.
pub(crate) fn is_uri(text: &str) -> bool {
    let scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    text.split_once("://").is_some_and(|(before, after)| scheme(before) && !after.is_empty())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}
