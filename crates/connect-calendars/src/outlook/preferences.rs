//! How answers are to be: the `Prefer` header of a call, and what else all of them can be asked.

use std::borrow::Cow;

use connect_core::Error;
use http::{HeaderMap, HeaderValue, header};

use super::CUSTOM_PROPERTY;

type Query = Vec<(Cow<'static, str>, String)>;

/// What goes with each request, that of a next page too: Graph forgets it from one to the next.
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
                return Err(Error::validation("time_zone: is no name of a time zone"));
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
            headers.insert("prefer", value("time_zone", &prefer.join(", "))?);
        }
        if let Some(etag) = &self.if_match {
            headers.insert(header::IF_MATCH, value("if_match", etag)?);
        }
        Ok(headers)
    }

    /// The extended property with the application's own fields.
    pub(super) fn property(&self) -> &str {
        self.property.as_deref().unwrap_or(CUSTOM_PROPERTY)
    }

    /// The query that asks for that property, and what was set by hand.
    pub(super) fn expand(&self, mut query: Query) -> Query {
        // A quote in a text of OData is two.
        let id = self.property().replace('\'', "''");
        if !self.parameters.iter().any(|(name, _)| **name == *"$expand") {
            query.push(("$expand".into(), format!("singleValueExtendedProperties($filter=id eq '{id}')")));
        }
        self.set(query)
    }

    /// The query with what was set by hand, in place of what has the same name.
    pub(super) fn set(&self, mut query: Query) -> Query {
        for (name, value) in &self.parameters {
            query.retain(|(known, _)| **known != **name);
            query.push((name.to_string().into(), value.to_string()));
        }
        query
    }
}

fn value(name: &str, text: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(text)
        .map_err(|error| Error::validation(format!("{name}: has no place in a header")).with_source(error))
}

/// The size of a page, within what Graph allows.
pub(super) fn page_size(size: u32) -> Result<u32, Error> {
    if (1..=1000).contains(&size) {
        Ok(size)
    } else {
        Err(Error::validation("page_size: is not within 1 to 1000"))
    }
}

/// The methods of every call that gives events.
macro_rules! preferences {
    ($name:ident) => {
        impl $name {
            /// Asks for stable ids, which an event keeps when it is moved to another calendar. An id of one kind is not one of the
            /// other: use it for all calls of an application, or for none.
            pub fn immutable_ids(mut self) -> Self {
                self.prefer.immutable_ids = true;
                self
            }

            /// Asks for descriptions as plain text; they come as HTML otherwise.
            pub fn text_bodies(mut self) -> Self {
                self.prefer.text_bodies = true;
                self
            }

            /// Names the extended property of the application's own fields, in place of
            /// [`CUSTOM_PROPERTY`](super::CUSTOM_PROPERTY).
            pub fn custom_property(mut self, id: impl Into<Box<str>>) -> Self {
                self.prefer.property = Some(id.into());
                self
            }
        }
    };
}
pub(super) use preferences;

/// The methods of every call that reads.
macro_rules! reading {
    ($name:ident) => {
        $crate::outlook::preferences::preferences!($name);

        impl $name {
            /// Asks for times in this zone, by its IANA or Windows name, in place of UTC. Whichever it is, a time reads as the same
            /// instant; the one exception is the hour that the clocks repeat, where only UTC tells which is which.
            pub fn time_zone(mut self, zone: impl Into<Box<str>>) -> Self {
                self.prefer.time_zone = Some(zone.into());
                self
            }

            /// Sets a parameter of the query that has no method here, or another value of one that has.
            pub fn parameter(mut self, name: impl Into<Box<str>>, value: impl Into<Box<str>>) -> Self {
                self.prefer.parameters.push((name.into(), value.into()));
                self
            }
        }
    };
}
pub(super) use reading;
