//! Iterates over the values of JSON text that serde_json has already validated.
//!
//! In valid JSON, quotes and brackets are enough to find the end of a value. For invalid text, the
//! values are meaningless, but the iteration ends.

/// An iterator over the values of a list, or the alternating names and values of an object.
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    /// Returns an iterator over a list or an object; `None` if the text does not begin with `bracket`.
    pub(crate) fn of(text: &'a str, bracket: u8) -> Option<Self> {
        (text.as_bytes().first() == Some(&bracket)).then_some(Self { text, at: 1 })
    }

    /// Returns the text of the next name or value.
    pub(crate) fn next(&mut self) -> Option<&'a str> {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t' | b',' | b':') = bytes.get(self.at) {
            self.at += 1;
        }
        let start = self.at;
        if let b'}' | b']' = bytes.get(start)? {
            return None;
        }
        self.at = end_of_value(bytes, start);
        self.text.get(start..self.at)
    }
}

/// Returns the end of the value that begins at `at`.
pub(crate) fn end_of_value(bytes: &[u8], at: usize) -> usize {
    match bytes.get(at) {
        Some(b'"') => string_end(bytes, at),
        Some(b'{' | b'[') => nested_end(bytes, at),
        _ => plain_end(bytes, at),
    }
}

/// Returns the end of the string whose opening quote is at `at`.
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

/// Returns the end of the list or object whose opening bracket is at `at`.
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

/// Returns the end of the number, `true`, `false` or `null` that begins at `at`.
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
    fn scan_returns_each_value_of_valid_json() {
        assert_eq!(
            all(r#"{ "a" : 1 ,"b":[ 1, "]" ],"c" : {"d":"\\\"}"} }"#),
            [r#""a""#, "1", r#""b""#, r#"[ 1, "]" ]"#, r#""c""#, r#"{"d":"\\\"}"}"#]
        );
        assert_eq!(all("[-1.5e3,true\n,null,\"\",[]]"), ["-1.5e3", "true", "null", "\"\"", "[]"]);
        assert!(all("[]").is_empty() && all("{ }").is_empty());
        assert!(Scan::of("5", b'[').is_none() && Scan::of("", b'[').is_none());
    }

    #[test]
    fn scan_of_invalid_json_ends() {
        for text in ["[", "[\"", "[\"\\", "[{", "[{\"", "[1", "{\"a", "[}", "[\"\\\u{e9}\u{e9}"] {
            assert!(all(text).len() <= 2, "{text}");
        }
    }
}
