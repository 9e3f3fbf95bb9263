//! Reads and writes the content lines of an iCalendar file (RFC 5545 3.1).

use connect_core::types::ContentLine;

use super::plan::FileError;

/// The limits of a file, so that a hostile file uses little time and memory.
const MAX_BYTES: usize = 64 << 20;
const MAX_LINES: usize = 2_000_000;
const MAX_DEPTH: usize = 16;

/// The maximum length of a written line, in octets, without the line break.
const MAX_LINE_OCTETS: usize = 75;

/// A component of a file: its own lines, and the components in it.
#[derive(Debug, Default)]
pub(super) struct FileComponent {
    /// The name, in upper case.
    pub(super) name: String,
    /// The number of its first line.
    pub(super) number: usize,
    lines: Vec<String>,
    pub(super) parts: Vec<FileComponent>,
}

impl FileComponent {
    pub(super) fn lines(&self) -> impl Iterator<Item = ContentLine<'_>> {
        self.lines.iter().filter_map(|line| ContentLine::read(line))
    }

    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = ContentLine<'a>> {
        self.lines().filter(move |line| line.is(name))
    }

    pub(super) fn get(&self, name: &str) -> Option<ContentLine<'_>> {
        self.lines().find(|line| line.is(name))
    }

    /// Returns the names of all properties, in upper case.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let end = |line: &&String| line.find([';', ':']);
        self.lines.iter().filter_map(move |line| Some(line.get(..end(&line)?)?.to_ascii_uppercase()))
    }
}

/// Returns the calendars of a file.
pub(super) fn calendars(bytes: &[u8]) -> Result<Vec<FileComponent>, FileError> {
    if bytes.len() > MAX_BYTES {
        return Err(FileError::new(0, format!("is larger than {} MiB", MAX_BYTES >> 20)));
    }
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let (mut calendars, mut open) = (Vec::new(), Vec::<FileComponent>::new());
    let mut count = 0;
    let mut line = Vec::new();
    let mut physical = bytes.split(|byte| *byte == b'\n').enumerate().peekable();
    while let Some((index, first)) = physical.next() {
        line.clear();
        line.extend_from_slice(first.strip_suffix(b"\r").unwrap_or(first));
        // A line may be folded inside a UTF-8 sequence, so lines are joined as bytes.
        while let Some((_, next)) =
            physical.next_if(|(_, next)| next.starts_with(b" ") || next.starts_with(b"\t"))
        {
            let next = next.get(1..).unwrap_or_default();
            line.extend_from_slice(next.strip_suffix(b"\r").unwrap_or(next));
        }
        let number = index + 1;
        let text = std::str::from_utf8(&line).map_err(|_| FileError::new(number, "is not UTF-8"))?;
        if text.trim().is_empty() {
            continue;
        }
        count += 1;
        if count > MAX_LINES {
            return Err(FileError::new(number, format!("the file has more than {MAX_LINES} lines")));
        }
        let read = ContentLine::read(text).filter(|_| has_name(text));
        let Some(read) = read else {
            return Err(FileError::new(number, "is not a content line (expected NAME:VALUE)"));
        };
        if read.is("BEGIN") {
            if open.len() == MAX_DEPTH {
                let message = format!("more than {MAX_DEPTH} components are nested");
                return Err(FileError::new(number, message));
            }
            let name = read.value().trim().to_ascii_uppercase();
            if open.is_empty() && name != "VCALENDAR" {
                return Err(FileError::new(number, "BEGIN:VCALENDAR is missing"));
            }
            open.push(FileComponent { name, number, ..FileComponent::default() });
        } else if read.is("END") {
            let closed = open.pop().filter(|open| open.name.eq_ignore_ascii_case(read.value().trim()));
            let closed =
                closed.ok_or_else(|| FileError::new(number, "END does not match the BEGIN before it"))?;
            match open.last_mut() {
                Some(parent) => parent.parts.push(closed),
                None => calendars.push(closed),
            }
        } else {
            let component = open.last_mut();
            let component = component.ok_or_else(|| FileError::new(number, "is outside BEGIN:VCALENDAR"))?;
            component.lines.push(text.to_owned());
        }
    }
    match open.pop() {
        Some(unfinished) => {
            Err(FileError::new(unfinished.number, format!("END:{} is missing", unfinished.name)))
        }
        None if calendars.is_empty() => Err(FileError::new(0, "has no BEGIN:VCALENDAR")),
        None => Ok(calendars),
    }
}

/// Returns whether the line begins with a name of letters, digits and hyphens.
fn has_name(line: &str) -> bool {
    let end = line.find([';', ':']).unwrap_or(0);
    let name = line.get(..end).unwrap_or_default();
    !name.is_empty()
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

/// Adds a line, folded at 75 octets between characters.
pub(super) fn push(text: &mut String, line: &str) {
    let mut octets = 0;
    for letter in line.chars() {
        if octets + letter.len_utf8() > MAX_LINE_OCTETS {
            text.push_str("\r\n ");
            octets = 1;
        }
        text.push(letter);
        octets += letter.len_utf8();
    }
    text.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folded_line_is_joined_inside_a_character() {
        let line = "SUMMARY:Größe 日本";
        let whole = format!("BEGIN:VCALENDAR\n{line}\nEND:VCALENDAR");
        for at in 0..line.len() {
            for fold in ["\r\n ", "\n\t"] {
                let mut bytes = b"BEGIN:VCALENDAR\r\n".to_vec();
                bytes.extend_from_slice(&line.as_bytes()[..at]);
                // A fold at the start of the line would continue the line before.
                if at > 0 {
                    bytes.extend_from_slice(fold.as_bytes());
                }
                bytes.extend_from_slice(&line.as_bytes()[at..]);
                bytes.extend_from_slice(b"\nEND:VCALENDAR");
                let read = calendars(&bytes).unwrap();
                assert_eq!(read[0].lines, calendars(whole.as_bytes()).unwrap()[0].lines, "{at}");
            }
        }
    }

    #[test]
    fn written_line_has_at_most_75_octets() {
        for letter in ["a", "ö", "日", "🎉"] {
            let line = format!("SUMMARY:{}", letter.repeat(100));
            let mut text = String::new();
            push(&mut text, &line);
            assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
            assert_eq!(text.replace("\r\n ", ""), format!("{line}\r\n"));
        }
    }

    #[test]
    fn malformed_file_is_refused_with_its_line() {
        for (text, line, reason) in [
            ("", 0, "BEGIN:VCALENDAR"),
            ("hello", 1, "NAME:VALUE"),
            ("BEGIN:VEVENT", 1, "BEGIN:VCALENDAR"),
            ("SUMMARY:x", 1, "outside"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR", 3, "END"),
            ("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT", 1, "END:VCALENDAR is missing"),
            ("BEGIN:VCALENDAR\nnonsense\nEND:VCALENDAR", 2, "NAME:VALUE"),
            ("BEGIN:VCALENDAR\nÄ:1\nEND:VCALENDAR", 2, "NAME:VALUE"),
        ] {
            let error = calendars(text.as_bytes()).unwrap_err();
            assert_eq!(error.line, line, "{text}");
            assert!(error.to_string().contains(reason), "{error}");
        }
        let deep = "BEGIN:VCALENDAR\n".repeat(100_000);
        assert!(calendars(deep.as_bytes()).unwrap_err().to_string().contains("nested"));
        assert!(
            calendars(b"BEGIN:VCALENDAR\nX:\xff\nEND:VCALENDAR").unwrap_err().to_string().contains("UTF-8")
        );
    }
}
