//! Options that calls share: the `Prefer` header, entity tags and query parameters.

use std::borrow::Cow;

use connect_core::Error;
use http::{HeaderMap, HeaderValue, header};

use super::CUSTOM_PROPERTY;

type Query = Vec<(Cow<'static, str>, String)>;

/// The options of a call.
///
/// Requests for further pages repeat the headers, because Graph does not remember them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Preferences {
    pub(super) time_zone: Option<Box<str>>,
    pub(super) immutable_ids: bool,
    pub(super) text_bodies: bool,
    pub(super) max_page_size: Option<u32>,
    pub(super) property: Option<Box<str>>,
    pub(super) if_match: Option<Box<str>>,
    pub(super) parameters: Vec<(Box<str>, Box<str>)>,
}

impl Preferences {
    pub(super) fn headers(&self) -> Result<HeaderMap, Error> {
        let mut prefer = Vec::new();
        if let Some(zone) = &self.time_zone {
            if zone.is_empty() || zone.contains(['"', '\\']) {
                return Err(Error::validation(
                    "time_zone: is not the name of a time zone (expected an IANA or Windows name)",
                ));
            }
            prefer.push(format!("outlook.timezone=\"{zone}\""));
        }
        if self.immutable_ids {
            prefer.push("IdType=\"ImmutableId\"".to_owned());
        }
        if self.text_bodies {
            prefer.push("outlook.body-content-type=\"text\"".to_owned());
        }
        prefer.extend(self.max_page_size.map(|size| format!("odata.maxpagesize={size}")));
        let mut headers = HeaderMap::new();
        if !prefer.is_empty() {
            headers.insert("prefer", header_value("time_zone", &prefer.join(", "))?);
        }
        if let Some(etag) = &self.if_match {
            headers.insert(header::IF_MATCH, header_value("if_match", etag)?);
        }
        Ok(headers)
    }

    /// Returns the id of the extended property that contains `custom` fields.
    pub(super) fn property(&self) -> &str {
        self.property.as_deref().unwrap_or(CUSTOM_PROPERTY)
    }

    /// Adds the caller's parameters to a query, and `$expand` to request the extended property.
    pub(super) fn with_custom_property(&self, mut query: Query) -> Query {
        // OData escapes a quote by doubling it.
        let id = self.property().replace('\'', "''");
        if !self.parameters.iter().any(|(name, _)| **name == *"$expand") {
            query.push(("$expand".into(), format!("singleValueExtendedProperties($filter=id eq '{id}')")));
        }
        self.with_parameters(query)
    }

    /// Adds the caller's parameters to a query. A parameter replaces an existing parameter with the
    /// same name.
    pub(super) fn with_parameters(&self, mut query: Query) -> Query {
        for (name, value) in &self.parameters {
            query.retain(|(known, _)| **known != **name);
            query.push((name.to_string().into(), value.to_string()));
        }
        query
    }
}

fn header_value(name: &str, text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text).map_err(|error| {
        Error::validation(format!("{name}: contains characters that are not allowed in an HTTP header"))
            .with_source(error)
    })
}

/// Checks a page size against Graph's limits.
pub(super) fn page_size(size: u32) -> Result<u32, Error> {
    if (1..=1000).contains(&size) {
        Ok(size)
    } else {
        Err(Error::validation("page_size: must be from 1 to 1000"))
    }
}

/// Defines the methods of every call that returns events.
macro_rules! preferences {
    ($name:ident) => {
        impl $name {
            /// Requests immutable ids, which do not change when an event moves to another calendar.
            ///
            /// Immutable and default ids are not interchangeable: use immutable ids for all calls, or for
            /// none.
            pub fn immutable_ids(mut self) -> Self {
                self.prefer.immutable_ids = true;
                self
            }

            /// Requests descriptions as plain text; the default is HTML.
            pub fn text_bodies(mut self) -> Self {
                self.prefer.text_bodies = true;
                self
            }

            /// Sets the id of the extended property that contains `custom` fields.
            ///
            /// The default is [`CUSTOM_PROPERTY`](super::CUSTOM_PROPERTY).
            pub fn custom_property(mut self, id: impl Into<Box<str>>) -> Self {
                self.prefer.property = Some(id.into());
                self
            }
        }
    };
}
pub(super) use preferences;

/// Defines the methods of every call that reads events.
macro_rules! read_options {
    ($name:ident) => {
        $crate::outlook::preferences::preferences!($name);

        impl $name {
            /// Requests times in this zone (IANA or Windows name); the default is UTC.
            ///
            /// The zone does not change the instants that are read, except in the hour that the clocks
            /// repeat. In that hour, only times in UTC are unambiguous.
            pub fn time_zone(mut self, zone: impl Into<Box<str>>) -> Self {
                self.prefer.time_zone = Some(zone.into());
                self
            }

            /// Sets a query parameter, overriding the value that another method sets.
            pub fn parameter(mut self, name: impl Into<Box<str>>, value: impl Into<Box<str>>) -> Self {
                self.prefer.parameters.push((name.into(), value.into()));
                self
            }
        }
    };
}
pub(super) use read_options;
