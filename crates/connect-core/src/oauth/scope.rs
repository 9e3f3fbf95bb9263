//! Checks the syntax of a scope.

use crate::base::Error;

/// Checks that `scope` is a list of scope tokens, separated by single spaces (RFC 6749 section 3.3).
pub(crate) fn check(scope: &str) -> Result<(), Error> {
    let token = |token: &str| {
        !token.is_empty() && token.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    };
    if scope.split(' ').all(token) {
        return Ok(());
    }
    Err(Error::validation(
        "the scope is not valid (expected words of printable ASCII, separated by single spaces, without double quotes and backslashes)",
    ))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn scope_with_quotes_or_extra_spaces_is_refused() {
        for good in
            ["read-write", "events:read contacts:write", "https://www.googleapis.com/auth/calendar", "!~[]"]
        {
            assert!(check(good).is_ok(), "{good}");
        }
        for bad in ["", " ", "a ", "a  b", "a\"b", "a\\b", "é", "a\tb", "a\u{7f}"] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
    }
}
