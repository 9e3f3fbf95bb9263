//! What the calls have in common.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::DEFAULT_CALENDAR;

/// What stands in a path as it is (RFC 3986 2.3).
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The traits of a call: `Type: METHOD "/path" -> Answer`, and what differs from most endpoints. Its headers are those of
/// its `prefer`.
macro_rules! endpoint {
    ($name:ty: $method:ident $path:literal -> $answer:ty { $($rest:item)* }) => {
        impl connect_core::Endpoint for $name {
            type Answer = $answer;

            fn method(&self) -> http::Method {
                http::Method::$method
            }

            fn operation(&self) -> &'static str {
                concat!(stringify!($method), " ", $path)
            }

            fn headers(&self) -> Result<http::HeaderMap, connect_core::Error> {
                self.prefer.headers()
            }

            /// Of one mailbox (Microsoft Graph, "Outlook service limits").
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

/// The path of a calendar.
pub(super) fn calendar_path(id: &str) -> String {
    if is_default(id) { "/me/calendar".to_owned() } else { format!("/me/calendars/{}", segment(id)) }
}

/// The path of an event.
pub(super) fn event_path(calendar: &str, id: &str) -> String {
    if is_default(calendar) {
        return format!("/me/events/{}", segment(id));
    }
    format!("{}/events/{}", calendar_path(calendar), segment(id))
}

/// The path of the changes to a calendar.
pub(super) fn delta_path(calendar: &str) -> String {
    if is_default(calendar) {
        return "/me/calendarView/delta".to_owned();
    }
    format!("{}/calendarView/delta", calendar_path(calendar))
}

fn is_default(calendar: &str) -> bool {
    calendar.is_empty() || calendar == DEFAULT_CALENDAR
}

fn segment(text: &str) -> String {
    utf8_percent_encode(text, KEPT).to_string()
}
