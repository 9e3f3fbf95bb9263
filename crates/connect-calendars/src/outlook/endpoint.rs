//! What the calls have in common.

use connect_core::Error;

use super::DEFAULT_CALENDAR;
use connect_core::path::{check_id, segment};

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

/// Refuses the id of a calendar that would lead elsewhere.
pub(super) fn check_calendar(id: &str) -> Result<(), Error> {
    check_id("calendarId", id)
}

/// Refuses ids of an event that would lead elsewhere.
pub(super) fn check_event(calendar: &str, id: &str) -> Result<(), Error> {
    check_calendar(calendar)?;
    check_id("eventId", id)
}

fn is_default(calendar: &str) -> bool {
    calendar == DEFAULT_CALENDAR
}
