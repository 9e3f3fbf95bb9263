//! What a scope may consist of.

use crate::base::Error;

/// Whether it is scope tokens with a space between each (RFC 6749 3.3).
pub(crate) fn check(scope: &str) -> Result<(), Error> {
    let token = |token: &str| {
        !token.is_empty() && token.bytes().all(|byte| matches!(byte, 0x21 | 0x23..=0x5b | 0x5d..=0x7e))
    };
    if scope.split(' ').all(token) {
        return Ok(());
    }
    Err(Error::validation("a scope is one or more words of printable ASCII without quotes and backslashes"))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn colons_and_slashes_are_fine_and_quotes_are_not() {
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
