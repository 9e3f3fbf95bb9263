//! Helpers for the calls: the trait `Endpoint`, paths, query parameters and JSON bodies.

use std::borrow::Cow;

use connect_core::{
    Error, path_segment,
    types::{Body, CalendarRef, Provider, Raw},
};

pub(super) use connect_core::decode_response as read;

/// Implements `Endpoint`. Input: `Type: METHOD "/path" -> ResponseBody`, and methods that replace default
/// methods.
macro_rules! endpoint {
    ($name:ty: $method:ident $path:literal -> $answer:ty { $($rest:item)* }) => {
        impl connect_core::Endpoint for $name {
            type Output = $answer;

            fn method(&self) -> http::Method {
                http::Method::$method
            }

            fn operation(&self) -> &'static str {
                concat!(stringify!($method), " ", $path)
            }

            /// A rate limit of one user does not delay requests of other users.
            fn limits(&self) -> connect_core::Limits {
                connect_core::Limits::of_each_user()
            }

            fn explain(response: &connect_core::Response, error: connect_core::Error) -> connect_core::Error {
                $crate::google::explain::explain(response, error)
            }

            $($rest)*
        }
    };
}
pub(super) use endpoint;

pub(super) fn events_path(calendar: &str) -> Result<String, Error> {
    Ok(format!("/calendars/{}/events", path_segment("calendarId", calendar)?))
}

/// Returns the path `/calendars/{id}/events/{id}`. In error messages, `field` names the event's id.
pub(super) fn event_path(calendar: &str, field: &'static str, event: &str) -> Result<String, Error> {
    Ok(format!("{}/{}", events_path(calendar)?, path_segment(field, event)?))
}

pub(super) fn check_calendar(calendar: &CalendarRef) -> Result<(), Error> {
    if calendar.provider != Provider::Google {
        return Err(Error::validation("provider: the calendar is not a Google calendar"));
    }
    Ok(())
}

/// Query parameters in the order in which they were set.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Parameters(Vec<(Cow<'static, str>, String)>);

impl Parameters {
    /// Sets a parameter, and removes all other parameters with the same name.
    pub(super) fn set(&mut self, name: impl Into<Cow<'static, str>>, value: impl Into<String>) {
        let name = name.into();
        self.remove(&name);
        self.0.push((name, value.into()));
    }

    /// Adds a parameter without removing other parameters with the same name.
    pub(super) fn add(&mut self, name: &'static str, value: impl Into<String>) {
        self.0.push((name.into(), value.into()));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| known != name);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(super) fn query(&self) -> Vec<(Cow<'_, str>, String)> {
        self.0.iter().map(|(name, value)| (Cow::Borrowed(&**name), value.clone())).collect()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (&**name, value.as_str()))
    }
}

pub(super) fn json(value: &impl serde::Serialize) -> Result<Body, Error> {
    let text = Raw::from_value(value).map_err(|error| {
        Error::validation("the request body cannot be written as JSON").with_source(error)
    })?;
    Ok(Body::Json(text.get().to_owned()))
}
