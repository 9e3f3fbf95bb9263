//! Checks and percent-encodes ids for URL paths.

use alloc::string::{String, ToString};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::operation::Invalid;

/// The characters to encode: all except the unreserved characters (RFC 3986 2.3). Calendar ids can
/// contain `#` and `@`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Returns an id as a percent-encoded path segment. `field` is the name of the id in errors.
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
/// [`Invalid`] if the id is blank, `.` or `..`, because the path would then address another endpoint.
pub fn path_segment(field: &'static str, id: &str) -> Result<String, Invalid> {
    match id.trim() {
        "" => Err(Invalid::new(field, "must not be empty")),
        "." | ".." => Err(Invalid::new(field, "must not be `.` or `..`")),
        _ => Ok(utf8_percent_encode(id, ENCODED).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn id_that_would_change_the_path_is_refused() {
        for odd in ["", " ", "\t\n", "\u{a0}", ".", "..", " .. "] {
            let error = path_segment("eventId", odd).unwrap_err();
            assert_eq!(error.field(), "eventId", "{odd:?}");
        }
        assert!(["a", "...", ".a", "%2e", "/"].into_iter().all(|id| path_segment("eventId", id).is_ok()));
    }

    #[test]
    fn reserved_characters_of_an_id_are_encoded() {
        assert_eq!(path_segment("id", "Az09-._~").unwrap(), "Az09-._~");
        assert_eq!(path_segment("id", "a/b?c#d@e%2e é+").unwrap(), "a%2Fb%3Fc%23d%40e%252e%20%C3%A9%2B");
    }
}
