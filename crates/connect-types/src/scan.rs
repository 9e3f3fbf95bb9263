//! Steps over JSON text that serde_json has checked already.
//!
//! A checked text needs no second parser: finding where a value ends is a matter of quotes and
//! brackets. On text that was not checked the steps are meaningless, but end.

/// The values of a list one by one, or the names and values of an object in turn.
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    /// The inside of a text that begins with that bracket; `None` when it begins otherwise.
    pub(crate) fn of(text: &'a str, bracket: u8) -> Option<Self> {
        (text.as_bytes().first() == Some(&bracket)).then_some(Self { text, at: 1 })
    }

    /// The text of the next name or value.
    pub(crate) fn next(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | b':') = bytes.get(self.at) {
            self.at += 1;
        }
        let start = self.at;
        self.at = match bytes.get(start)? {
            b'"' => string_end(bytes, start),
            b'{' | b'[' => nested_end(bytes, start),
            b'}' | b']' => return None,
            _ => plain_end(bytes, start),
        };
        self.text.get(start..self.at)
    }
}

/// The end of the string whose opening quote is at `at`.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    while let Some(found) = bytes.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if bytes.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    bytes.len()
}

/// The end of the list or object whose opening bracket is at `at`.
fn nested_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at = string_end(bytes, at);
                continue;
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth <= 1 => return at + 1,
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    bytes.len()
}

/// The end of the number or word that begins at `at`.
fn plain_end(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let end = rest.iter().position(|byte| matches!(byte, b',' | b'}' | b']' | b' ' | b'\n' | b'\r' | b'\t'));
    end.map_or(bytes.len(), |length| at + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn all(text: &str) -> Vec<&str> {
        let mut scan = Scan::of(text, text.as_bytes()[0]).unwrap();
        core::iter::from_fn(|| scan.next()).collect()
    }

    #[test]
    fn values_end_where_they_end() {
        assert_eq!(
            all(r#"{ "a" : 1 ,"b":[ 1, "]" ],"c" : {"d":"\\\"}"} }"#),
            [r#""a""#, "1", r#""b""#, r#"[ 1, "]" ]"#, r#""c""#, r#"{"d":"\\\"}"}"#]
        );
        assert_eq!(all("[-1.5e3,true\n,null,\"\",[]]"), ["-1.5e3", "true", "null", "\"\"", "[]"]);
        assert!(all("[]").is_empty() && all("{ }").is_empty());
        assert!(Scan::of("5", b'[').is_none() && Scan::of("", b'[').is_none());
    }

    #[test]
    fn text_that_was_not_checked_ends_as_well() {
        for text in ["[", "[\"", "[\"\\", "[{", "[{\"", "[1", "{\"a", "[}", "[\"\\\u{e9}\u{e9}"] {
            assert!(all(text).len() <= 2, "{text}");
        }
    }
}
