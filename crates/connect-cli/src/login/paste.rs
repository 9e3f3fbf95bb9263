//! Reading a URL that is pasted, however long it is.
//!
//! A terminal collects a line before it hands it on, and cuts it without a word: at 4,095 bytes on Linux, at 1,024 on macOS. A
//! code in a URL can be longer than that, so the terminal is told to hand on what is typed at once.

use std::io::{self, BufRead, Read as _};

/// More than any browser takes for a URL.
const LONGEST: u64 = 1024 * 1024;

/// Reads up to the end of the line. The keys that correct a line do so here, as the terminal no longer does it.
pub(super) fn line(input: impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    let mut bytes = input.take(LONGEST).bytes();
    let mut pending = Vec::new();
    while let Some(byte) = bytes.next().transpose()? {
        match byte {
            b'\n' | b'\r' | END => break,
            b'\x08' | b'\x7f' => drop(line.pop()),
            CLEAR => line.clear(),
            byte => {
                pending.push(byte);
                if let Ok(text) = std::str::from_utf8(&pending) {
                    line.push_str(text);
                    pending.clear();
                }
            }
        }
    }
    Ok(line.trim_start_matches('\u{feff}').to_owned())
}

/// Ctrl-D.
const END: u8 = 4;
/// Ctrl-U.
const CLEAR: u8 = 21;

#[cfg(unix)]
pub(super) use self::terminal::WholeLines;

#[cfg(unix)]
mod terminal {
    use rustix::{
        stdio::stdin,
        termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr},
    };

    /// For as long as this is there, the terminal cuts no line. Without a terminal nothing is changed.
    pub(in super::super) struct WholeLines(Option<Termios>);

    impl WholeLines {
        pub(in super::super) fn new() -> Self {
            let Ok(before) = tcgetattr(stdin()) else { return Self(None) };
            let mut modes = before.clone();
            modes.local_modes.remove(LocalModes::ICANON);
            Self(tcsetattr(stdin(), OptionalActions::Now, &modes).is_ok().then_some(before))
        }
    }

    impl Drop for WholeLines {
        fn drop(&mut self) {
            if let Some(before) = &self.0 {
                let _ = tcsetattr(stdin(), OptionalActions::Now, before);
            }
        }
    }
}

/// Elsewhere the lines are as long as the system lets them be.
#[cfg(not(unix))]
pub(super) struct WholeLines;

#[cfg(not(unix))]
impl WholeLines {
    pub(super) fn new() -> Self {
        Self
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn line_ends_where_it_ends_and_can_be_corrected() {
        for (typed, read) in [
            ("http://a/?b=c\nmore", "http://a/?b=c"),
            ("a\r\n", "a"),
            ("a\u{4}b", "a"),
            ("no end", "no end"),
            ("abé\u{7f}\u{8}c\n", "ac"),
            ("\u{7f}wrong\u{15}right\n", "right"),
            ("\u{feff}a\n", "a"),
            ("", ""),
        ] {
            assert_eq!(super::line(typed.as_bytes()).unwrap(), read, "{typed:?}");
        }
        let long = "é".repeat(100_000);
        assert_eq!(super::line(format!("{long}\n").as_bytes()).unwrap(), long);
    }
}
