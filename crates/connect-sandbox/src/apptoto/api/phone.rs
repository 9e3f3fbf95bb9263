//! Normalizes phone numbers. The account's default country is the United States, as in the documentation.

/// Returns `+16505551212` for `650-555-1212`, or `None` if the text is not a phone number.
///
/// A number that does not begin with `+` has to be a number of the United States.
pub(super) fn normalized(number: &str) -> Option<String> {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    match (number.trim().starts_with('+'), digits.len()) {
        (true, 7..=15) => Some(format!("+{digits}")),
        (false, 10) => Some(format!("+1{digits}")),
        (false, 11) if digits.starts_with('1') => Some(format!("+{digits}")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn us_number_gets_its_country_code() {
        for (number, expected) in [
            ("650-555-1212", Some("+16505551212")),
            ("(650) 555 1212", Some("+16505551212")),
            ("1 650 555 1212", Some("+16505551212")),
            ("+1 650 555 1212", Some("+16505551212")),
            ("+66234234234", Some("+66234234234")),
            ("555-1212", None),
            ("26505551212", None),
            ("+123456", None),
            ("+1234567890123456", None),
            ("fred@example.com", None),
            ("", None),
        ] {
            assert_eq!(normalized(number).as_deref(), expected, "{number}");
        }
    }
}
