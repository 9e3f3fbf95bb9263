//! Reads a pasted URL of any length.
//!
//! A terminal in line mode silently cuts a line after 4,095 bytes on Linux and after 1,024 on macOS. A
//! callback URL can be longer, so line mode is switched off while reading.

use std::io::{self, BufRead, Read as _};

/// The maximum length of a pasted URL, which is more than any browser accepts.
const MAX_URL_BYTES: u64 = 1024 * 1024;

/// Reads one line and applies Backspace and Ctrl-U, as the terminal would in line mode.
pub(super) fn line(input: impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    let mut bytes = input.take(MAX_URL_BYTES).bytes();
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

    /// Switches the terminal's line mode off until the value is dropped.
    ///
    /// Does nothing if stdin is not a terminal.
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

/// Does nothing: on systems other than Unix, line mode stays on.
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
    fn line_is_read_to_its_end_with_corrections() {
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
