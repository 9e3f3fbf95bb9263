//! Helpers for the calls: the trait `Endpoint`, and paths.

use connect_core::{Error, path_segment};

use super::DEFAULT_CALENDAR;

/// Implements `Endpoint`. Input: `Type: METHOD "/path" -> ResponseBody`, and methods that replace default
/// methods.
///
/// The field `prefer` of the type determines the headers.
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

            fn headers(&self) -> Result<http::HeaderMap, connect_core::Error> {
                self.prefer.headers()
            }

            /// Graph allows four concurrent requests for each mailbox ("Outlook service limits").
            fn limits(&self) -> connect_core::Limits {
                connect_core::Limits::per_user(4)
            }

            fn explain(response: &connect_core::Response, error: connect_core::Error) -> connect_core::Error {
                $crate::outlook::error::explain(response, error)
            }

            $($rest)*
        }
    };
}
pub(super) use endpoint;

pub(super) fn calendar_path(id: &str) -> Result<String, Error> {
    if is_default(id) {
        return Ok("/me/calendar".to_owned());
    }
    Ok(format!("/me/calendars/{}", path_segment("calendarId", id)?))
}

/// Returns the path of an event. In error messages, `field` names the event's id.
pub(super) fn event_path(calendar: &str, field: &'static str, id: &str) -> Result<String, Error> {
    let calendar = if is_default(calendar) { "/me".to_owned() } else { calendar_path(calendar)? };
    Ok(format!("{calendar}/events/{}", path_segment(field, id)?))
}

pub(super) fn delta_path(calendar: &str) -> Result<String, Error> {
    let calendar = if is_default(calendar) { "/me".to_owned() } else { calendar_path(calendar)? };
    Ok(format!("{calendar}/calendarView/delta"))
}

fn is_default(calendar: &str) -> bool {
    calendar == DEFAULT_CALENDAR
}
