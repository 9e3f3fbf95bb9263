//! One switch: what it is called, and what it takes.

/// One switch of the sandbox.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Switch {
    /// The name used by `--set` and `POST /sandbox/set`.
    pub name: &'static str,
    /// The values it takes, for people.
    pub values: &'static str,
    /// The value it starts with.
    pub default: &'static str,
    /// Why it exists: what the real service does or is not known to do.
    pub about: &'static str,
    pub(super) kind: Kind,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Kind {
    /// The first one is the default.
    OneOf(&'static [&'static str]),
    Number {
        least: u64,
        most: u64,
    },
    NumberOrNone,
    Text,
    OptionalText,
    Uri,
    OptionalUri,
}

impl Switch {
    pub(super) fn takes(&self, value: &str) -> bool {
        match self.kind {
            Kind::OneOf(values) => values.contains(&value),
            Kind::Number { least, most } => {
                value.parse().is_ok_and(|number| (least..=most).contains(&number))
            }
            Kind::NumberOrNone => value == "none" || value.parse::<u64>().is_ok(),
            Kind::Text => !value.is_empty(),
            Kind::OptionalText => true,
            Kind::Uri => is_uri(value),
            Kind::OptionalUri => value.is_empty() || is_uri(value),
        }
    }
}

/// A scheme, and nothing that could end a header line.
pub(crate) fn is_uri(text: &str) -> bool {
    let scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    text.split_once("://").is_some_and(|(before, after)| scheme(before) && !after.is_empty())
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}
