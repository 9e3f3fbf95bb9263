//! Rewrites response heads with more than 128 headers or a folded line, because ureq refuses them. RFC 9112
//! 5.2 defines folded lines.
//!
//! The headers beyond ureq's limit are moved into one additional header, and restored after ureq has read the
//! head.

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::LazyLock,
};

use connect_core::content_coding::MAX_HEADERS;
use http::{HeaderMap, HeaderName, HeaderValue};
use ureq::unversioned::transport::Buffers;

/// The number of headers that a shortened head keeps besides the headers that frame the body.
///
/// A head with more lines than this number is shortened.
const KEPT_LINES: usize = 100;
/// The size above which a head is not changed.
const MAX_HEAD_BYTES: usize = 96 << 10;
/// The name of the header that contains the moved lines. The name is random, so that no server can send it.
///
/// In the value of this header, a tab ends each moved line. Tabs within a line become spaces, which have the
/// same meaning (RFC 9110 section 5.6.3).
static REST_HEADER: LazyLock<String> =
    LazyLock::new(|| format!("x-rest-{:016x}", RandomState::new().build_hasher().finish()));

/// How much of a head has arrived.
pub(crate) enum HeadState {
    /// The received part can be passed to ureq. ureq still refuses a head that is too long to shorten.
    Fits {
        /// Whether the head of the final response is complete.
        complete: bool,
    },
    /// ureq would refuse the received part, and the end of the head has not arrived.
    Unfinished,
}

/// Shortens the head in the input buffer if ureq would refuse it.
pub(crate) fn shorten(buffers: &mut dyn Buffers) -> HeadState {
    let input = buffers.input();
    let mut start = 0;
    let (lines, end) = loop {
        let (lines, end) = measure(&input[start..]);
        match end {
            // Skips an interim response, such as `HTTP/1.1 103 Early Hints`.
            Some(end) if input.get(start + 9) == Some(&b'1') => start += end,
            _ => break (lines, end.map(|end| start + end)),
        }
    };
    let size = end.unwrap_or(input.len()) - start;
    if size > MAX_HEAD_BYTES || lines > MAX_HEADERS + 2 {
        return HeadState::Fits { complete: end.is_some() };
    }
    let is_folded = input[start..start + size].windows(2).any(|two| matches!(two, [b'\n', b' ' | b'\t']));
    let Some(end) = end else {
        return if lines > KEPT_LINES || is_folded {
            HeadState::Unfinished
        } else {
            HeadState::Fits { complete: false }
        };
    };
    if lines > KEPT_LINES || is_folded {
        let mut head = input[start..end].to_vec();
        unfold(&mut head);
        if lines > KEPT_LINES {
            head = shortened(&head);
        }
        let bytes = [&input[..start], &head, &input[end..]].concat();
        let length = input.len();
        buffers.input_consume(length);
        if let Some(place) = buffers.input_append_buf().get_mut(..bytes.len()) {
            place.copy_from_slice(&bytes);
            buffers.input_appended(bytes.len());
        }
    }
    HeadState::Fits { complete: true }
}

/// Replaces each line end before a continuation line with spaces.
fn unfold(head: &mut [u8]) {
    for at in 1..head.len().saturating_sub(1) {
        if head[at] == b'\n' && matches!(head[at + 1], b' ' | b'\t') {
            head[at] = b' ';
            if head[at - 1] == b'\r' {
                head[at - 1] = b' ';
            }
        }
    }
}

/// Returns the number of lines of a head, and its length if it is complete.
fn measure(input: &[u8]) -> (usize, Option<usize>) {
    let (mut count, mut size) = (0, 0);
    let end = input.split_inclusive(|byte| *byte == b'\n').find_map(|line| {
        (count, size) = (count + 1, size + line.len());
        (line == b"\r\n" || line == b"\n").then_some(size)
    });
    (count, end)
}

/// Returns the head with its first [`KEPT_LINES`] headers and the headers that frame the body.
///
/// The other headers are moved into one additional header (`REST_HEADER`), from which [`restore`] takes them.
fn shortened(head: &[u8]) -> Vec<u8> {
    let mut lines = head.split_inclusive(|byte| *byte == b'\n');
    let (mut short, mut rest) = (lines.next().unwrap_or_default().to_vec(), Vec::new());
    for (number, line) in lines.enumerate() {
        let text = line.trim_ascii_end();
        let name = text.split(|byte| *byte == b':').next().unwrap_or_default();
        let framing = [&b"content-length"[..], b"transfer-encoding", b"connection"];
        if text.is_empty() {
            break;
        }
        if number < KEPT_LINES || framing.iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
            short.extend_from_slice(line);
        } else {
            rest.extend(text.iter().map(|byte| if *byte == b'\t' { b' ' } else { *byte }));
            rest.push(b'\t');
        }
    }
    short.extend_from_slice(format!("{}: ", *REST_HEADER).as_bytes());
    short.extend_from_slice(&rest);
    short.extend_from_slice(b"\r\n\r\n");
    short
}

/// Restores the headers that [`shorten`] moved into one header.
///
/// # Errors
/// Fails if a line is not a valid header.
pub(crate) fn restore(headers: &mut HeaderMap) -> Result<(), http::Error> {
    let Some(rest) = headers.remove(REST_HEADER.as_str()) else { return Ok(()) };
    for line in rest.as_bytes().split(|byte| *byte == b'\t').filter(|line| !line.is_empty()) {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default())?;
        let value = HeaderValue::from_bytes(parts.next().unwrap_or(b"\0").trim_ascii_start())?;
        headers.append(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use ureq::unversioned::transport::LazyBuffers;

    use super::*;

    /// Returns the shortened input buffer, and whether the head is complete. Returns `None` if more bytes are
    /// needed.
    fn buffer_after_shorten(input: &str, size: usize) -> Option<(String, bool)> {
        let mut buffers = LazyBuffers::new(size, 1);
        buffers.input_append_buf()[..input.len()].copy_from_slice(input.as_bytes());
        buffers.input_appended(input.len());
        match shorten(&mut buffers) {
            HeadState::Fits { complete } => {
                Some((String::from_utf8(buffers.input().to_vec()).unwrap(), complete))
            }
            HeadState::Unfinished => None,
        }
    }

    /// Returns a head with this many lines.
    fn head(lines: usize) -> String {
        let mut head = "HTTP/1.1 200 OK\r\n".to_owned();
        (0..lines - 3).for_each(|number| head += &format!("x-{number}: a\t{number} \r\n"));
        head + "Content-Length: 5\r\n\r\n"
    }

    #[test]
    fn head_that_ureq_accepts_is_unchanged() {
        for text in [head(3), head(KEPT_LINES), head(KEPT_LINES) + "12345", head(MAX_HEADERS + 3)] {
            assert_eq!(buffer_after_shorten(&text, 1 << 17), Some((text, true)));
        }
        let text = head(KEPT_LINES);
        for end in 0..text.len() {
            assert_eq!(
                buffer_after_shorten(&text[..end], 1 << 17),
                Some((text[..end].to_owned(), false)),
                "{end}"
            );
        }
    }

    #[test]
    fn long_head_keeps_its_framing_and_every_header() {
        for (lines, before) in (KEPT_LINES + 1..=MAX_HEADERS + 2)
            .flat_map(|lines| [(lines, ""), (lines, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")])
        {
            let text = format!("{before}{}12345", head(lines));
            let (short, complete) = buffer_after_shorten(&text, 1 << 17).unwrap();
            assert!(complete && short.starts_with(before) && short.ends_with("\r\n\r\n12345"), "{lines}");
            assert!(short.lines().count() < 128 && short.contains("\r\nContent-Length: 5\r\n"), "{lines}");
            let mut headers = HeaderMap::new();
            for line in short[before.len()..].lines().skip(1).take_while(|line| !line.is_empty()) {
                let (name, value) = line.split_once(':').unwrap();
                headers.append(HeaderName::try_from(name).unwrap(), value.trim().parse().unwrap());
            }
            restore(&mut headers).unwrap();
            assert_eq!(headers.len(), lines - 2);
            let last = lines - 4;
            let value = headers[&format!("x-{last}")].to_str().unwrap().replace('\t', " ");
            assert_eq!(value, format!("a {last}"));
        }
    }

    #[test]
    fn folded_lines_become_spaces() {
        let text = "HTTP/1.1 200 OK\r\nx: a\r\n b\r\n\tc\r\ny: d\n e\n\r\n12345";
        let (unfolded, complete) = buffer_after_shorten(text, 1 << 17).unwrap();
        assert_eq!(unfolded, "HTTP/1.1 200 OK\r\nx: a   b  \tc\r\ny: d  e\n\r\n12345");
        assert!(complete);
        let long = head(200).replace("x-150: ", "x-150:\r\n ");
        let (short, _) = buffer_after_shorten(&long, 1 << 17).unwrap();
        assert!(short.contains("x-150:   a 150"), "{short}");
    }

    #[test]
    fn restored_line_that_is_not_a_header_is_an_error() {
        for line in ["garbage", "x y: z", ": z", "x : z"] {
            let text = head(200).replace("x-150: a\t150", line);
            let (short, _) = buffer_after_shorten(&text, 1 << 17).unwrap();
            let rest =
                short.lines().find_map(|line| line.strip_prefix(&format!("{}: ", *REST_HEADER))).unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::try_from(REST_HEADER.as_str()).unwrap(), rest.parse().unwrap());
            assert!(restore(&mut headers).is_err(), "{line}");
        }
    }

    #[test]
    fn shortened_head_fits_into_the_old_buffer() {
        let text = head(200) + "12345";
        assert!(buffer_after_shorten(&text, text.len()).unwrap().0.ends_with("\r\n\r\n12345"));
    }

    #[test]
    fn incomplete_long_head_waits_for_more_bytes() {
        let text = head(200);
        for cut in 1..1000 {
            assert_eq!(buffer_after_shorten(&text[..text.len() - cut], 1 << 17), None, "{cut}");
        }
    }
}
