//! Makes text from services safe for a terminal, and measures and cuts it.
//!
//! A title can contain an escape sequence that redraws the screen, or a bidirectional override that shows a
//! different text.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Returns the text in one line, with control characters replaced.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { visible(c) }).collect()
}

/// Returns the text with control characters replaced and line breaks kept.
pub(crate) fn clean_lines(text: &str) -> String {
    text.lines().map(clean).collect::<Vec<_>>().join("\n")
}

/// Escapes, in a JSON document, the characters that could control a terminal.
///
/// The JSON values stay the same.
pub(crate) fn escape_json(json: &str) -> String {
    let mut escaped = String::with_capacity(json.len());
    for c in json.chars() {
        // Line breaks are between JSON tokens. All other control characters are inside strings.
        if c != '\n' && drives_terminal(c) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            escaped.push(c);
        }
    }
    escaped
}

/// Returns the first `characters` characters of the text, and an ellipsis if the text is longer.
pub(crate) fn limit(text: &str, characters: usize) -> String {
    match text.char_indices().nth(characters) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// Returns at most `MAX_MESSAGE_CHARS` characters in one line, with control characters replaced.
pub(crate) fn brief(text: &str) -> String {
    clean(&limit(text, MAX_MESSAGE_CHARS))
}

/// The maximum length of a printed message, in characters.
pub(crate) const MAX_MESSAGE_CHARS: usize = 2_000;

fn visible(c: char) -> char {
    if drives_terminal(c) { char::REPLACEMENT_CHARACTER } else { c }
}

/// Returns whether the character controls the terminal, or ends or reorders a line.
fn drives_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Returns the display width in columns.
pub(crate) fn width(text: &str) -> usize {
    text.width()
}

/// Cuts text that is wider than `columns` screen columns, so that it fits with an ellipsis.
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
    // A joiner at the end has no character left to join.
    let kept = kept.trim_end_matches(['\u{200d}', '\u{fe0f}', ' ']);
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cleaned_text_cannot_control_the_terminal() {
        assert_eq!(clean("a\u{1b}[2Jb\r\nc\u{9b}d\u{202e}e"), "a\u{fffd}[2Jb  c\u{fffd}d\u{fffd}e");
        assert_eq!(clean_lines("a\r\nb\tc"), "a\nb c");
        for c in (0..=0x3000).filter_map(char::from_u32).filter(|c| !c.is_whitespace() && *c >= ' ') {
            let is_escaped = escape_json(&c.to_string()).starts_with("\\u");
            assert_eq!(clean(&c.to_string()) == "\u{fffd}", is_escaped, "{c:?}");
        }
        assert_eq!(clean("a\u{200e}b\u{200f}c\u{61c}d\u{2066}"), "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}");
    }

    #[test]
    fn escaped_json_has_the_same_meaning() {
        let text = "\\\u{7f}\u{80}\u{85}\u{9b}\u{9f}\u{a0}\u{61c}\u{200e}\u{200f}\u{2028}\u{202a}\u{202e}\u{2066}\u{2069}é\u{1f600}";
        let json = escape_json(&serde_json::to_string(text).unwrap());
        assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
        let left: String = json.chars().filter(|c| !c.is_ascii_graphic()).collect();
        assert_eq!(left, "\u{a0}é\u{1f600}");
        assert!(json.contains(r"\u009b") && json.contains(r"\u202e"), "{json}");
    }

    #[test]
    fn only_long_text_is_cut() {
        for c in ["a", "é", "\u{301}", "歯"] {
            let text = |count: usize| c.repeat(count);
            assert_eq!(limit(&text(60_000), 9), format!("{}…", text(9)));
            assert_eq!(limit(&text(9), 9), text(9));
        }
        assert_eq!(brief("msg_1\u{1b}\n"), "msg_1\u{fffd} ");
    }

    #[test]
    fn cut_text_of_any_script_fits_its_width() {
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
