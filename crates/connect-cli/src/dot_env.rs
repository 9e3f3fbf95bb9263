//! Reads and edits settings in the format of `.env`, each with its line number.
//!
//! Profiles have the same format.
//!
//! ```text
//!   NAME=value            without blanks, quotes, backslashes and $
//!   NAME='value'          everything between the single quotes
//!   NAME="value"          \\ \" \$ mean \ " $
//!   export NAME=value     # a comment
//! ```
//!
//! Programs disagree about other notations: some expand `$NAME`, some cut the value at a blank. A value in
//! another notation is refused, so that no shortened secret is sent. Lines that set no `MOBISCROLL_CONNECT_`
//! variable are ignored. No message quotes a line, because the line may contain the secret.

use std::{collections::HashMap, fmt::Write as _, io, path::Path};

use crate::{
    failure::{Exit, Failure},
    input,
    settings::PREFIX,
};

/// The file in the current folder.
pub(crate) const FILE: &str = ".env";

/// The settings in the file, by name.
#[derive(Debug, Default)]
pub(crate) struct DotEnv(HashMap<String, Entry>);

/// A value and its line number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) value: String,
    pub(crate) line: usize,
}

impl DotEnv {
    /// Reads the file; returns no settings if the file does not exist.
    ///
    /// A folder named `.env`, often a Python virtual environment, is ignored.
    pub(crate) fn read(file: &Path) -> Result<Self, Failure> {
        if file.is_dir() {
            return Ok(Self::default());
        }
        let name = file.display().to_string();
        match std::fs::read(file).and_then(input::utf8) {
            Ok(bytes) => Self::parse(&name, &bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(failure(format!("cannot read {name}")).cause(error)),
        }
    }

    fn parse(file: &str, bytes: &[u8]) -> Result<Self, Failure> {
        let wrong = |line: usize, problem: &str| failure(format!("{file}, line {line}: {problem}"));
        let mut found = HashMap::new();
        // The first line and the quote character of another program's setting that spans several lines.
        let mut open: Option<(usize, char)> = None;
        for (line, bytes) in (1..).zip(lines(bytes)) {
            let text = String::from_utf8_lossy(bytes);
            // In a concatenation of several files, each of them may begin with a byte order mark.
            let text = text.trim_start_matches('\u{feff}').trim();
            match (open, is_connect_setting(text)) {
                (Some((from, _)), true) => {
                    return Err(wrong(from, "the value has a quote that is not closed")
                        .cause(format!("the {PREFIX} variable in line {line} would be part of the value")));
                }
                (Some((_, quote)), false) if closes_quote(text, quote) => open = None,
                (Some(_), false) => {}
                (None, true) if std::str::from_utf8(bytes).is_err() => {
                    return Err(wrong(line, "the value is not UTF-8"));
                }
                (None, true) => {
                    let (name, value) = setting(&|problem| wrong(line, problem), text)?;
                    found.insert(name.to_owned(), Entry { value, line });
                }
                (None, false) => open = open_quote(text).map(|quote| (line, quote)),
            }
        }
        Ok(Self(found))
    }

    /// Returns the setting of this name, unless its value is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&Entry> {
        self.0.get(name).filter(|entry| !entry.value.is_empty())
    }
}

/// Splits the file into lines, which end with LF, CR LF or CR.
fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let lines = bytes.split(|byte| *byte == b'\n');
    lines.flat_map(|line| line.strip_suffix(b"\r").unwrap_or(line).split(|byte| *byte == b'\r'))
}

fn is_connect_setting(text: &str) -> bool {
    name(text).starts_with(PREFIX)
}

/// Returns the text before `=`, without `export`.
fn name(text: &str) -> &str {
    let front = text.split('=').next().unwrap_or_default();
    front.strip_prefix("export").filter(|rest| rest.starts_with([' ', '\t'])).unwrap_or(front).trim()
}

/// Parses a line that sets a `MOBISCROLL_CONNECT_` variable. `wrong` returns the failure for a problem.
fn setting<'a>(wrong: &dyn Fn(&str) -> Failure, text: &'a str) -> Result<(&'a str, String), Failure> {
    let malformed =
        || wrong("the line is not a setting (expected NAME=value)").next(format!("write {PREFIX}..=value"));
    let (_, value) = text.split_once('=').ok_or_else(malformed)?;
    let name = name(text);
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return Err(malformed());
    }
    let value = read_value(value.trim()).map_err(|problem| {
        wrong(&format!("the value of {name} {problem}"))
            .next(format!("put the value in single quotes: {name}='..'"))
    })?;
    Ok((name, value))
}

/// Returns the value, or the reason why another program could read a different value.
fn read_value(text: &str) -> Result<String, &'static str> {
    let (value, rest) = match text.chars().next() {
        Some('\'') => text[1..].split_once('\'').map(|(value, rest)| (value.to_owned(), rest)).ok_or(OPEN)?,
        Some('"') => unescape(&text[1..])?,
        _ => {
            let end = text.find([' ', '\t']).unwrap_or(text.len());
            // `NAME=# comment` sets an empty value.
            let end = if text.starts_with('#') { 0 } else { end };
            (plain(&text[..end])?, &text[end..])
        }
    };
    // After a value, a comment needs a blank before `#`.
    let is_comment =
        rest.trim_start().starts_with('#') && (rest.starts_with([' ', '\t']) || text.starts_with('#'));
    match text.starts_with(['\'', '"']) {
        _ if rest.is_empty() || is_comment => Ok(value),
        true => Err("continues after its closing quote"),
        false => Err("has a blank but no quotes"),
    }
}

const OPEN: &str = "has a quote that is not closed on the same line";
const DOLLAR: &str = "has a $, which some programs read as the start of a variable";

fn plain(text: &str) -> Result<String, &'static str> {
    match text.chars().find(|c| matches!(c, '$' | '\'' | '"' | '`' | '\\')) {
        None => Ok(text.to_owned()),
        Some('$') => Err(DOLLAR),
        Some('\\') => Err("has a backslash but no quotes"),
        Some(_) => Err("has a quote or a backtick, but is not in single or double quotes"),
    }
}

/// Returns the value up to the closing double quote, and the text after the quote.
fn unescape(text: &str) -> Result<(String, &str), &'static str> {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &text[at + 1..])),
            '$' => return Err(DOLLAR),
            '\\' => match chars.next() {
                Some((_, escaped @ ('\\' | '"' | '$'))) => value.push(escaped),
                _ => return Err("has a backslash that is not followed by \\, \" or $"),
            },
            c => value.push(c),
        }
    }
    Err(OPEN)
}

/// Returns the quote character that another program's setting opens but does not close on this line.
fn open_quote(text: &str) -> Option<char> {
    let is_word = |name: &str| name.chars().all(|c| c.is_alphanumeric() || "_.-".contains(c));
    let value = text.split_once('=').filter(|_| is_word(name(text)))?.1.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '\'' | '"' | '`'))?;
    (!closes_quote(&value[1..], quote)).then_some(quote)
}

/// Returns whether the text contains the closing quote. A backslash escapes a quote only in double quotes.
fn closes_quote(text: &str, quote: char) -> bool {
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' if quote == '"' => drop(chars.next()),
            c if c == quote => return true,
            _ => {}
        }
    }
    false
}

/// Returns `text` with the variable `variable` set to `value`, or without it. Other lines are unchanged.
///
/// `value` must not contain a line break.
pub(crate) fn edited(text: &str, variable: &str, value: Option<&str>) -> String {
    let mut edited = String::new();
    for line in text.lines().filter(|line| name(line.trim()) != variable) {
        let _ = writeln!(edited, "{line}");
    }
    if let Some(value) = value {
        let _ = writeln!(edited, "{variable}={}", quoted(value));
    }
    edited
}

/// Writes the value so that every program reads the same value.
fn quoted(value: &str) -> String {
    if !value.contains('\'') {
        return format!("'{value}'");
    }
    let escaped: String = value
        .chars()
        .flat_map(|c| matches!(c, '\\' | '"' | '$').then_some('\\').into_iter().chain([c]))
        .collect();
    format!("\"{escaped}\"")
}

fn failure(message: impl Into<String>) -> Failure {
    Failure::new(Exit::Usage, "CONFIGURATION_ERROR", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> Result<String, String> {
        let text = format!("# one\r\n\nMOBISCROLL_CONNECT_USER{line}\r\n");
        let found = DotEnv::parse(FILE, text.as_bytes()).map_err(|failure| failure.message)?;
        let entry = &found.0["MOBISCROLL_CONNECT_USER"];
        assert_eq!(entry.line, 3);
        Ok(entry.value.clone())
    }

    #[test]
    fn value_without_ambiguity_is_read() {
        for (line, expected) in [
            ("=a", "a"),
            (" = a ", "a"),
            ("=a#b=c", "a#b=c"),
            ("=a # b", "a"),
            ("=a\t# b", "a"),
            ("=# b", ""),
            ("=", ""),
            ("=https://a.example/b?c=d&e", "https://a.example/b?c=d&e"),
            ("='a$b'", "a$b"),
            ("='a\\$b\"c # d'", "a\\$b\"c # d"),
            ("='a\\'", "a\\"),
            ("='a' # b", "a"),
            ("=\"a b\"", "a b"),
            ("=\"a'\\$\\\"\\\\\"  # b", "a'$\"\\"),
            ("=''", ""),
            ("=é", "é"),
        ] {
            assert_eq!(value(line).as_deref(), Ok(expected), "{line}");
        }
    }

    #[test]
    fn ambiguous_value_is_refused_with_its_line() {
        for line in [
            "=a$b",
            "=$a",
            "=${a}",
            "=a$",
            "=\"a$b\"",
            "=a b",
            "=a\tb",
            "=a b # c",
            "=a'b",
            "=a\"b\"",
            "=a\\b",
            "=a\\$b",
            "='a",
            "=\"a",
            "=\"a\\\"",
            "='a'b",
            "='a''b'",
            "=\"a\"#b",
            "=\"a\\tb\"",
            "=`a`",
            ": a",
            "",
            " a",
        ] {
            let refused = value(line).unwrap_err();
            assert!(refused.starts_with(".env, line 3: "), "{line}: {refused}");
        }
    }

    #[test]
    fn edited_value_is_read_back_and_other_lines_stay() {
        let name = "MOBISCROLL_CONNECT_USER";
        for value in ["a", "a b", "a'b", "a\"$\\'`#", "'", "\\", "$HOME", "é", " a "] {
            let before = format!("# one\nA=b\nexport {name}=x\nMOBISCROLL_CONNECT_VIA=google\n{name}='y'");
            let text = edited(&before, name, Some(value));
            let found = DotEnv::parse(FILE, text.as_bytes()).unwrap();
            assert_eq!(found.get(name).unwrap().value, value, "{text}");
            let removed = edited(&text, name, None);
            assert_eq!(removed, "# one\nA=b\nMOBISCROLL_CONNECT_VIA=google\n");
        }
    }

    #[test]
    fn third_party_setting_is_ignored_and_hides_nothing() {
        let of = |text: &str| {
            DotEnv::parse(FILE, text.as_bytes()).map(|found| found.get("MOBISCROLL_CONNECT_USER").cloned())
        };
        let ours = "export\tMOBISCROLL_CONNECT_USER=a\n";
        for others in [
            "",
            "somebody else's: {\n",
            "A=$B c 'd\n",
            "KEY=\"-----BEGIN\nabc\n-----END\"\n",
            "KEY='a\n\"\nb'\n",
            "A=\"x\\\"\ny\"\n",
            "# MOBISCROLL_CONNECT_USER='\n",
            "A=MOBISCROLL_CONNECT_USER=b\n",
            "VITE_MOBISCROLL_CONNECT_CLIENT_ID=$abc\n",
            "NEXT_PUBLIC_MOBISCROLL_CONNECT_USER=b\n",
            "export REACT_APP_MOBISCROLL_CONNECT_USER=b\n",
            "// MOBISCROLL_CONNECT_USER=b\n",
            "; MOBISCROLL_CONNECT_USER='b\n",
            "A='C:\\dir\\'\n",
            "A=`C:\\dir\\`\n",
            "A=\"C:\\\\dir\\\\\"\n",
            "A=\"x\\\\\\\"\ny\"\n",
            "A='x\ny\\'\n",
        ] {
            let entry = of(&format!("{others}{ours}")).unwrap().unwrap();
            assert_eq!((entry.value.as_str(), entry.line), ("a", others.lines().count() + 1), "{others}");
        }
        let open = of(&format!("A=b\nKEY='c\n{ours}")).unwrap_err().message;
        assert!(open.starts_with(".env, line 2: "), "{open}");
        assert_eq!(of("KEY='c\nd\n").unwrap(), None);
    }

    #[test]
    fn setting_between_other_bytes_has_its_line_number() {
        for (before, line) in [
            (&b"# caf\xe9\n"[..], 2),
            (b"A='\xff'\r\n\xfe\n", 3),
            (b"\xef\xbb\xbf", 1),
            (b"\xef\xbb\xbf\xef\xbb\xbf", 1),
            (b"A=b\n\xef\xbb\xbf", 2),
            (b"# a\r", 2),
            (b"# a\r\rA=b\r\nB=c\r", 5),
        ] {
            let file = [before, b"MOBISCROLL_CONNECT_USER=a\rB=c"].concat();
            let found = DotEnv::parse(FILE, &file).unwrap();
            let expected = Entry { value: "a".to_owned(), line };
            assert_eq!(found.get("MOBISCROLL_CONNECT_USER"), Some(&expected), "{before:?}");
        }
        let latin = DotEnv::parse(FILE, b"\nMOBISCROLL_CONNECT_USER=caf\xe9\n").unwrap_err().message;
        assert_eq!(latin, ".env, line 2: the value is not UTF-8");
    }
}
