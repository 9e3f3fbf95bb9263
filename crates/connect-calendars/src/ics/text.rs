//! Escapes text values and parameter values (RFC 5545 3.3.11, 3.2 and RFC 6868).

/// Escapes a text value. Control characters other than line breaks and tabs are removed, because a file must
/// not contain them.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' if letters.peek() == Some(&'\n') => {}
            '\n' | '\r' => escaped.push_str("\\n"),
            '\\' | ';' | ',' => escaped.extend(['\\', letter]),
            _ if is_control(letter) => {}
            _ => escaped.push(letter),
        }
    }
    escaped
}

/// Reads an escaped text value. An unknown escape is kept unchanged.
pub(super) fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            if !is_control(letter) {
                plain.push(letter);
            }
            continue;
        }
        match letters.next() {
            Some('n' | 'N') => plain.push('\n'),
            // Some programs escape colons and quotes as well.
            Some(other @ ('\\' | ';' | ',' | ':' | '"')) => plain.push(other),
            Some(other) => plain.extend(['\\', other]),
            None => plain.push('\\'),
        }
    }
    plain
}

/// Returns a parameter value in quotes, with the escapes of RFC 6868.
pub(super) fn quoted(value: &str) -> String {
    let mut text = String::from("\"");
    for letter in value.chars() {
        match letter {
            '"' => text.push_str("^'"),
            '^' => text.push_str("^^"),
            '\n' => text.push_str("^n"),
            _ if is_control(letter) => {}
            _ => text.push(letter),
        }
    }
    text.push('"');
    text
}

fn is_control(letter: char) -> bool {
    letter.is_ascii_control() && letter != '\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_survives_escaping() {
        for text in ["", "a, b; c\\n \"d\"", "one\ntwo\n", "\\", "\\\\;", "日本\t✓", ":"] {
            assert_eq!(unescape(&escape(text)), text);
        }
        assert_eq!(escape("a\r\nb\rc\u{7}\0"), "a\\nb\\nc");
        assert_eq!(unescape("a\\:b \\x \\"), "a:b \\x \\");
        assert_eq!(quoted("a\"b^\nc"), "\"a^'b^^^nc\"");
    }
}
