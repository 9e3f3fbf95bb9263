//! Makes text from services safe for a terminal, and measures, cuts and wraps it.
//!
//! A title can contain an escape sequence that redraws the screen, or a bidirectional override that shows a
//! different text.

use textwrap::{WordSeparator, WordSplitter, core::Word};
use unicode_bidi::{BidiClass, bidi_class};
use unicode_segmentation::UnicodeSegmentation as _;
use unicode_width::UnicodeWidthStr as _;

/// Returns the text in one line, with control characters replaced.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_whitespace() { ' ' } else { visible(c) }).collect()
}

/// Returns a number with its noun, such as `1 event` or `2 events`.
pub(crate) fn counted(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
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
        // A service may put line breaks and tabs between JSON tokens. All other control characters are inside
        // strings.
        if matches!(c, '\r' | '\t') {
            escaped.push(' ');
        } else if c != '\n' && drives_terminal(c) {
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

/// Returns the display width in columns: the sum of the widths of the grapheme clusters.
///
/// The width of the whole text can be smaller, because it counts an Arabic ligature once. Terminals show the
/// letters of a ligature in separate columns.
pub(crate) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.graphemes(true).map(|cluster| cluster.width()).sum() }
}

/// Cuts text that is wider than `columns` screen columns, so that it fits with an ellipsis.
///
/// Never cuts inside a grapheme cluster, such as an emoji of several characters.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let (mut used, mut end) = (0, 0);
    for (start, cluster) in text.grapheme_indices(true) {
        used += cluster.width();
        if used >= columns {
            break;
        }
        end = start + cluster.len();
    }
    let ellipsis = if columns == 0 { "" } else { "…" };
    format!("{}{ellipsis}", text[..end].trim_end())
}

/// Breaks lines that are wider than `columns`.
///
/// A word that is wider than `columns`, such as a URL or an id, is kept whole, so that it can be copied.
pub(crate) fn wrap(text: &str, columns: usize) -> String {
    let options = textwrap::Options::new(columns.max(1))
        .break_words(false)
        .word_separator(WordSeparator::Custom(words))
        .word_splitter(WordSplitter::NoHyphenation);
    textwrap::wrap(text, options).join("\n")
}

/// Returns the parts between which a line can break. The Unicode rules would also break a URL after a slash.
fn words(line: &str) -> Box<dyn Iterator<Item = Word<'_>> + '_> {
    Box::new(line.split_inclusive(' ').flat_map(|word| match word.is_ascii() {
        true => Box::new(std::iter::once(Word::from(word))),
        false => WordSeparator::UnicodeBreakProperties.find_words(word),
    }))
}

/// Encloses text that contains right-to-left characters in a bidirectional isolate.
///
/// Without the isolate, a terminal that reorders right-to-left text also reorders the columns next to it.
pub(crate) fn isolate(text: &str) -> String {
    let is_rtl = |c| matches!(bidi_class(c), BidiClass::R | BidiClass::AL | BidiClass::AN);
    if text.chars().any(is_rtl) { format!("\u{2068}{text}\u{2069}") } else { text.to_owned() }
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
    fn white_space_between_json_tokens_stays_white_space() {
        let json = escape_json("{\r\n\t\"a\":\t\"\\t\"}");
        assert_eq!(json, "{ \n \"a\": \"\\t\"}");
    }

    /// Texts whose characters do not each have one column.
    const TITLES: [&str; 8] = [
        "Stand-up meeting",
        "歯医者の予約と買い物",
        "المواعيد الكثيرة لا غير",
        "School play 👨‍👩‍👧‍👦 at 9",
        "👩🏽‍🚀👩🏽‍🚀👩🏽‍🚀👩🏽‍🚀👩🏽‍🚀",
        "🇭🇺🇧🇷🇯🇵🇸🇦🇭🇺🇧🇷",
        "Z\u{351}\u{36b}a\u{301}\u{327}l\u{489}go n\u{303}andu\u{301}",
        "क्षत्रिय नमस्ते ❤️ 1️⃣ ✈️",
    ];

    #[test]
    fn cut_text_of_any_script_fits_its_width() {
        for text in TITLES {
            for columns in 0..24 {
                let cut = cut(text, columns);
                assert!(width(&cut) <= columns && cut.width() <= columns, "{text} in {columns}: {cut}");
                // A line is filled, except for one wide cluster, a blank and the ellipsis.
                assert!(width(&cut) + 3 >= columns.min(width(text)), "{text} in {columns}: {cut}");
            }
        }
        assert_eq!(cut("歯医者", 6), "歯医者");
        assert_eq!(cut("歯医者の", 6), "歯医…");
    }

    #[test]
    fn text_is_never_cut_inside_a_grapheme_cluster() {
        for text in TITLES {
            let clusters: Vec<_> = text.grapheme_indices(true).map(|(start, _)| start).collect();
            for columns in 1..width(text) {
                let cut = cut(text, columns);
                let kept = cut.strip_suffix('…').unwrap();
                let rest = text.strip_prefix(kept).unwrap();
                let at = text.len() - rest.trim_start().len();
                assert!(
                    clusters.contains(&at) || clusters.contains(&kept.len()),
                    "{text} in {columns}: {cut}"
                );
            }
        }
        assert_eq!(cut("👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 3), "👨‍👩‍👧‍👦…");
        assert_eq!(cut("🇭🇺🇧🇷", 3), "🇭🇺…");
        assert_eq!(cut("e\u{301}e\u{301}e", 2), "e\u{301}…");
    }

    #[test]
    fn wrapped_lines_fit_unless_a_word_is_longer() {
        let text = "Bring the notes of the last meeting\n- and cake\n\n予約と買い物を忘れないでください";
        for columns in [8, 20, 34] {
            let wrapped = wrap(text, columns);
            assert!(wrapped.lines().all(|line| width(line) <= columns), "{wrapped}");
            let words = |text: &str| text.split_whitespace().collect::<String>();
            assert_eq!(words(&wrapped), words(text));
        }
        let url = "https://meet.example/a-long-room-name";
        assert_eq!(wrap(&format!("Join {url} now"), 10), format!("Join\n{url}\nnow"));
    }

    #[test]
    fn only_right_to_left_text_is_isolated() {
        for text in ["Stand-up", "歯医者", "🎉", "09:00", ""] {
            assert_eq!(isolate(text), text);
        }
        for text in ["المواعيد", "פגישה", "Meeting with שרה", "٣"] {
            assert_eq!(isolate(text), format!("\u{2068}{text}\u{2069}"));
            assert_eq!(width(&isolate(text)), width(text));
        }
    }
}
