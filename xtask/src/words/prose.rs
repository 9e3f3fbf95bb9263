//! Finds the prose in a file: comments, documentation, the text of string literals, Markdown.

use std::ops::Range;
use std::path::{Path, PathBuf};

use ra_ap_rustc_lexer::{FrontmatterAllowed, LiteralKind, TokenKind, tokenize};

/// The kind of text that contains the prose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProseKind {
    /// Documentation of an item, or of a module.
    Docs,
    Comment,
    /// A string literal outside tests: errors, help, web pages.
    Text,
    Markdown,
}

/// One paragraph.
#[derive(Debug)]
pub(super) struct Passage {
    path: PathBuf,
    line: usize,
    pub(super) kind: ProseKind,
    /// Whether the passage is the first paragraph of an item's documentation.
    is_first: bool,
    pub(super) text: String,
}

impl ProseKind {
    /// Returns the main kind of prose in the file at `path`, or `None` if the file is not checked.
    pub(super) fn of_file(path: &Path) -> Option<Self> {
        let generated = path.components().any(|part| part.as_os_str() == "generated");
        match path.extension()?.to_str()? {
            "rs" if !generated => Some(Self::Docs),
            "md" => Some(Self::Markdown),
            _ => None,
        }
    }
}

impl Passage {
    pub(super) fn place(&self) -> String {
        format!("{}:{}", self.path.display(), self.line)
    }

    /// Returns the sentences of at least three words.
    pub(super) fn sentences(&self) -> impl Iterator<Item = &str> {
        sentences(&self.text).into_iter().filter(|sentence| is_prose(sentence))
    }

    /// Returns the first sentence, if the passage begins the documentation of an item.
    pub(super) fn summary(&self) -> Option<&str> {
        self.is_first.then(|| sentences(&self.text).first().copied()).flatten()
    }

    /// Returns the text without link targets and without the code in backticks.
    pub(super) fn without_code(&self) -> String {
        let plain = self.text.split('`').step_by(2).collect::<Vec<_>>().join("``");
        let mut parts = plain.split("](");
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |text, part| text + part.split_once(')').map_or(part, |(_, rest)| rest))
    }
}

/// Returns the paragraphs of a file.
pub(super) fn passages(path: &Path, text: &str) -> Vec<Passage> {
    match ProseKind::of_file(path) {
        Some(ProseKind::Markdown) => {
            let lines = text.lines().zip(1..).map(|(line, number)| (number, line)).collect();
            paragraphs(path, ProseKind::Markdown, lines)
        }
        Some(_) => rust(path, text),
        None => Vec::new(),
    }
}

fn rust(path: &Path, text: &str) -> Vec<Passage> {
    let tests = text.find("#[cfg(test)]\nmod ").unwrap_or(text.len());
    let is_test = path
        .components()
        .any(|part| ["tests", "fuzz", "examples"].map(AsRef::as_ref).contains(&part.as_os_str()));
    let mut found = Vec::new();
    // The lines of the current block, which consists of consecutive comments of one kind.
    let (mut block, mut last): (Vec<(usize, &str)>, Option<ProseKind>) = (Vec::new(), None);
    for (range, token) in tokens(text) {
        let written = &text[range.clone()];
        let line = text[..range.start].matches('\n').count() + 1;
        let kind = match token {
            TokenKind::LineComment { doc_style: Some(_) } => Some(ProseKind::Docs),
            TokenKind::LineComment { doc_style: None } => Some(ProseKind::Comment),
            TokenKind::Whitespace if written.matches('\n').count() <= 1 => continue,
            _ => None,
        };
        if kind != last {
            let kind = last.unwrap_or(ProseKind::Comment);
            found.extend(paragraphs(path, kind, std::mem::take(&mut block)));
            last = None;
        }
        if kind.is_some() {
            let inner = written.trim_start_matches('/');
            block.push((line, inner.strip_prefix('!').unwrap_or(inner).trim_end()));
            last = kind;
        }
        let literal = matches!(
            token,
            TokenKind::Literal { kind: LiteralKind::Str { .. } | LiteralKind::RawStr { .. }, .. }
        );
        if literal && !is_test && range.start < tests {
            let text = plain(written);
            if is_prose(&text) {
                found.push(Passage {
                    path: path.to_owned(),
                    line,
                    kind: ProseKind::Text,
                    is_first: false,
                    text,
                });
            }
        }
    }
    found.extend(paragraphs(path, last.unwrap_or(ProseKind::Comment), block));
    found
}

fn tokens(text: &str) -> impl Iterator<Item = (Range<usize>, TokenKind)> {
    let mut end = 0;
    tokenize(text, FrontmatterAllowed::No).map(move |token| {
        let start = end;
        end += token.len as usize;
        (start..end, token.kind)
    })
}

/// Splits lines into paragraphs and list items, and leaves out code and definitions of links.
fn paragraphs(path: &Path, kind: ProseKind, lines: Vec<(usize, &str)>) -> Vec<Passage> {
    let mut found: Vec<Passage> = Vec::new();
    let (mut is_code, mut is_open) = (false, false);
    for (line, text) in lines {
        let trimmed = text.trim();
        let fence = trimmed.starts_with("```");
        is_code ^= fence;
        let indented = text.starts_with("     ") && !is_open;
        let defines_link = trimmed.starts_with('[') && trimmed.contains("]: ");
        if fence || is_code || indented || defines_link || trimmed.is_empty() {
            is_open = false;
            continue;
        }
        let item = trimmed.trim_start_matches(['*', '-', '#', '|', '>']).trim_start();
        if is_open && item.len() == trimmed.len() {
            if let Some(passage) = found.last_mut() {
                passage.text.push(' ');
                passage.text.push_str(trimmed);
            }
        } else {
            let is_first = kind == ProseKind::Docs && found.is_empty();
            found.push(Passage { path: path.to_owned(), line, kind, is_first, text: item.to_owned() });
            is_open = true;
        }
    }
    found
}

/// Returns the text of a string literal, with spaces instead of line breaks.
fn plain(literal: &str) -> String {
    let inner = literal.trim_start_matches(['r', '#']).trim_end_matches('#').trim_matches('"');
    let mut text = String::new();
    for line in inner.split('\n') {
        let (line, goes_on) = line.strip_suffix('\\').map_or((line, false), |line| (line, true));
        text.push_str(if goes_on { line.trim_start() } else { line.trim() });
        if !goes_on {
            text.push(' ');
        }
    }
    text.replace("\\n", " ").replace("\\\"", "\"").trim().to_owned()
}

/// Returns whether a text has three consecutive words.
///
/// A word has at least two characters, which are ASCII letters or punctuation marks.
fn is_prose(text: &str) -> bool {
    let is_word =
        |word: &str| word.len() > 1 && word.chars().all(|c| c.is_ascii_alphabetic() || ",.;:'".contains(c));
    let words: Vec<bool> = text.split(' ').map(is_word).collect();
    words.windows(3).any(|three| three.iter().all(|word| *word))
}

/// Splits a text into sentences.
///
/// A sentence ends at `.`, `?` or `!`, if a space follows and then a capital letter, a backtick or `[`.
fn sentences(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut from = 0;
    while let Some(at) = rest[from..].find(['.', '?', '!', ':']).map(|at| from + at) {
        let after = &rest[at + 1..];
        let next = after.strip_prefix(' ').and_then(|after| after.chars().next());
        let ends = !rest[at..].starts_with(':')
            && next.is_some_and(|next| next.is_uppercase() || next == '`' || next == '[');
        if ends {
            found.push(rest[..=at].trim());
            rest = after.trim_start();
            from = 0;
        } else {
            from = at + 1;
        }
    }
    found.push(rest.trim());
    found.retain(|sentence| !sentence.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_found_where_people_read() {
        let text = "//! About this module. It has\n//! two sentences.\n\n// why it is so\nfn f() {\n    \
                    /// One item here.\n    ///\n    /// ```\n    /// not this one here\n    /// ```\n    \
                    let x = \"an error with \\\n             three words\";\n    let y = \"{short}\"; // a remark at the end\n}\n\
                    #[cfg(test)]\nmod tests { const A: &str = \"no error of the product\"; }\n";
        let all = passages(Path::new("crates/a/src/lib.rs"), text);
        let found: Vec<_> = all.iter().map(|one| (one.line, one.kind, one.text.as_str())).collect();
        assert_eq!(
            found,
            [
                (1, ProseKind::Docs, "About this module. It has two sentences."),
                (4, ProseKind::Comment, "why it is so"),
                (6, ProseKind::Docs, "One item here."),
                (11, ProseKind::Text, "an error with three words"),
                (13, ProseKind::Comment, "a remark at the end"),
            ]
        );
        assert_eq!(all[0].summary(), Some("About this module."));
        assert_eq!(all[0].sentences().collect::<Vec<_>>(), ["About this module.", "It has two sentences."]);
    }

    #[test]
    fn markdown_is_prose_without_its_code() {
        let text = "# A head line\n\nSome text of [`code`](answer.md) that\ngoes on.\n* an item that follows\n\n```sh\nno prose in here\n```\n\n[`code`]: https://example.org\n";
        let all = passages(Path::new("README.md"), text);
        let found: Vec<_> = all.iter().map(|one| (one.line, one.without_code())).collect();
        let expected =
            [(1, "A head line"), (3, "Some text of [`` that goes on."), (5, "an item that follows")];
        assert_eq!(found, expected.map(|(line, text)| (line, text.to_owned())));
    }
}
