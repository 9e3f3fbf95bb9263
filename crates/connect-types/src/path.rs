//! Ids in paths: checked and encoded here alone.

use alloc::string::{String, ToString};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::operation::Invalid;

/// What stands in a path as it is (RFC 3986 2.3): ids of calendars have `#` and `@` in them.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns an id as one segment of a path, percent-encoded. `field` is its name in an error.
///
/// ```
/// use connect_types::path_segment;
///
/// assert_eq!(path_segment("calendarId", "a/b@c")?, "a%2Fb%40c");
/// assert!(path_segment("calendarId", "..").is_err());
/// # Ok::<(), connect_types::Invalid>(())
/// ```
///
/// # Errors
/// When the id would lead elsewhere: without it the path is that of the list, with dots alone that of another call.
pub fn path_segment(field: &'static str, id: &str) -> Result<String, Invalid> {
    match id.trim() {
        "" => Err(Invalid::new(field, "is empty")),
        "." | ".." => Err(Invalid::new(field, "must not be made of dots alone")),
        _ => Ok(utf8_percent_encode(id, KEPT).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_that_leads_elsewhere_is_refused_by_the_name_of_its_field() {
        for odd in ["", " ", "\t\n", "\u{a0}", ".", "..", " .. "] {
            let error = path_segment("eventId", odd).unwrap_err();
            assert_eq!(error.field(), "eventId", "{odd:?}");
        }
        assert!(["a", "...", ".a", "%2e", "/"].into_iter().all(|id| path_segment("eventId", id).is_ok()));
    }

    #[test]
    fn a_segment_stays_one() {
        assert_eq!(path_segment("id", "Az09-._~").unwrap(), "Az09-._~");
        assert_eq!(path_segment("id", "a/b?c#d@e%2e é+").unwrap(), "a%2Fb%3Fc%23d%40e%252e%20%C3%A9%2B");
    }
}
