//! Text of others on a terminal: made harmless, measured, and cut.
//!
//! A title can hold an escape sequence that redraws the screen, or a bidirectional override that shows a text
//! other than it is. Neither gets through.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// The text in one line, without control characters.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { visible(c) }).collect()
}

/// The same, keeping the lines of a longer text.
pub(crate) fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// JSON with the same meaning that drives no terminal: what is left of the controls, and what reorders a line.
pub(crate) fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        // Outside of texts JSON has none of these. Of the controls only line breaks are left, between its parts.
        if c != '\n' && drives_terminal(c) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// The beginning of a text that may be of any length.
pub(crate) fn limit(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The beginning of it in one line, without control characters.
pub(crate) fn brief(text: &str) -> String {
    clean(&limit(text, LONGEST))
}

/// What anybody reads of a message, in characters.
pub(crate) const LONGEST: usize = 2_000;

fn visible(c: char) -> char {
    if drives_terminal(c) { char::REPLACEMENT_CHARACTER } else { c }
}

/// A control character, or one that ends or reorders a line.
fn drives_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How many columns the text takes.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// The text in at most so many columns, with an ellipsis where it was cut.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = 0;
    for c in text.chars() {
        used += c.width().unwrap_or_default();
        if used >= columns {
            break;
        }
        kept.push(c);
    }
    // What joins characters has nothing left to join.
    let kept = kept.trim_end_matches(['\u{200d}', '\u{fe0f}', ' ']);
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_drives_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\r\nc\u{9b}d\u{202e}e"), "a\u{fffd}[2Jb  c\u{fffd}d\u{fffd}e");
        assert_eq!(clean_lines("a\r\nb\tc"), "a\nb c");
        for c in (0..=0x3000).filter_map(char::from_u32).filter(|c| !c.is_whitespace() && *c >= ' ') {
            let is_escaped = escape_json(&c.to_string()).starts_with("\\u");
            assert_eq!(clean(&c.to_string()) == "\u{fffd}", is_escaped, "{c:?}");
        }
        assert_eq!(clean("a\u{200e}b\u{200f}c\u{61c}d\u{2066}"), "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}");
    }

    #[test]
    fn escaped_json_means_the_same_and_drives_nothing() {
        let text = "\\\u{7f}\u{80}\u{85}\u{9b}\u{9f}\u{a0}\u{61c}\u{200e}\u{200f}\u{2028}\u{202a}\u{202e}\u{2066}\u{2069}é\u{1f600}";
        let json = escape_json(&serde_json::to_string(text).unwrap());
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        let left: String = json.chars().filter(|c| !c.is_ascii_graphic()).collect();
        assert_eq!(left, "\u{a0}é\u{1f600}");
        assert!(json.contains(r"\u009b") && json.contains(r"\u202e"), "{json}");
    }

    #[test]
    fn long_text_is_cut_and_a_short_one_is_not() {
        for c in ["a", "é", "\u{301}", "歯"] {
            let text = |count: usize| c.repeat(count);
            assert_eq!(limit(&text(60_000), 9), format!("{}…", text(9)));
            assert_eq!(limit(&text(9), 9), text(9));
        }
        assert_eq!(brief("msg_1\u{1b}\n"), "msg_1\u{fffd} ");
    }

    #[test]
    fn a_cut_text_fits_whatever_its_script() {
        for text in
            ["Stand-up meeting", "歯医者の予約と買い物", "المواعيد الكثيرة جدا", "School play 👨‍👩‍👧‍👦 at 9"]
        {
            for columns in 1..12 {
                assert!(width(&cut(text, columns)) <= columns, "{text} in {columns}");
            }
        }
        assert_eq!(cut("歯医者", 6), "歯医者");
        assert_eq!(cut("歯医者の", 6), "歯医…");
    }
}
