//! Reads text files: UTF-8 with or without a byte order mark, or UTF-16 with a byte order mark.
//!
//! Windows editors write a byte order mark, and PowerShell's `>` writes UTF-16.

use std::{
    io::{self, Read as _},
    path::Path,
};

/// Reads the text of a file, or of stdin if `file` is `None`.
pub(crate) fn read(file: Option<&Path>) -> io::Result<String> {
    let mut bytes = Vec::new();
    match file {
        Some(file) => std::fs::File::open(file)?.read_to_end(&mut bytes)?,
        None => io::stdin().lock().read_to_end(&mut bytes)?,
    };
    text(bytes)
}

/// Decodes the text and removes byte order marks at its start.
pub(crate) fn text(bytes: Vec<u8>) -> io::Result<String> {
    let text = String::from_utf8(utf8(bytes)?).map_err(|_| no_text())?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Converts UTF-16 to UTF-8. Bytes without a UTF-16 byte order mark are returned unchanged and unchecked.
pub(crate) fn utf8(bytes: Vec<u8>) -> io::Result<Vec<u8>> {
    let text = match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ => return Ok(bytes),
    };
    text.map(String::into_bytes).ok_or_else(no_text)
}

fn no_text() -> io::Error {
    let expected = "not a text file (expected UTF-8, or UTF-16 with a byte order mark)";
    io::Error::new(io::ErrorKind::InvalidData, expected)
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Option<String> {
    let pairs = bytes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return None;
    }
    let units = pairs.map(|pair| unit([pair[0], pair[1]]));
    char::decode_utf16(units).collect::<Result<_, _>>().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_the_same_with_any_byte_order_mark() {
        let utf16 = |unit: fn(u16) -> [u8; 2]| -> Vec<u8> {
            "\u{feff}é𝄞".encode_utf16().flat_map(unit).collect()
        };
        let marked = ["é𝄞".into(), "\u{feff}é𝄞".into(), "\u{feff}\u{feff}é𝄞".into()];
        for bytes in marked.into_iter().chain([utf16(u16::to_le_bytes), utf16(u16::to_be_bytes)]) {
            assert_eq!(text(bytes).unwrap(), "é𝄞");
        }
        for wrong in [&b"\xe9"[..], b"\xff\xfea", b"\xff\xfe\x00\xd8", b"\xef\xbb\xbf\xe9"] {
            assert_eq!(text(wrong.to_vec()).unwrap_err().kind(), io::ErrorKind::InvalidData, "{wrong:?}");
        }
        assert_eq!(text(Vec::new()).unwrap(), "");
    }
}
