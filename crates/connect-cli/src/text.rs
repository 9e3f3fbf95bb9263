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

fn visible(c: char) -> char {
    let overrides = matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    if c.is_control() || overrides { char::REPLACEMENT_CHARACTER } else { c }
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
