//! Heads that ureq refuses: with more than 128 headers, the rest of which travels past ureq in one, or with lines that are
//! folded (RFC 9112 5.2).

use std::{
    collections::hash_map::RandomState,
    hash::{BuildHasher, Hasher},
    sync::LazyLock,
};

use connect_core::content_coding::MAX_HEADERS;
use http::{HeaderMap, HeaderName, HeaderValue};
use ureq::unversioned::transport::Buffers;

/// How many lines of a head, its first one included, are left as they are.
const LINES: usize = 100;
/// Larger heads are ureq's to refuse.
const MAX_SIZE: usize = 96 << 10;
/// What holds the rest of the lines: separated by tabs, which mean the same as spaces in a header (RFC 9110 5.6.3). So the
/// head gets shorter, and has room where it was. No server can know the name.
static REST: LazyLock<String> =
    LazyLock::new(|| format!("x-rest-{:016x}", RandomState::new().build_hasher().finish()));

/// What there is of a head.
pub(crate) enum State {
    /// ureq can read what is there.
    Fits {
        /// The head of the response itself is there as a whole.
        complete: bool,
    },
    /// ureq would refuse what is there, and the end of the head is still missing.
    Unfinished,
}

/// Shortens the head in the input, if it is too long for ureq.
pub(crate) fn shorten(buffers: &mut dyn Buffers) -> State {
    let input = buffers.input();
    let mut start = 0;
    let (lines, end) = loop {
        let (lines, end) = measure(&input[start..]);
        match end {
            // `HTTP/1.1 103 Early Hints`: one that comes before that of the response.
            Some(end) if input.get(start + 9) == Some(&b'1') => start += end,
            _ => break (lines, end.map(|end| start + end)),
        }
    };
    let size = end.unwrap_or(input.len()) - start;
    if size > MAX_SIZE || lines > MAX_HEADERS + 2 {
        return State::Fits { complete: end.is_some() };
    }
    let is_folded = input[start..start + size].windows(2).any(|two| matches!(two, [b'\n', b' ' | b'\t']));
    let Some(end) = end else {
        return if lines > LINES || is_folded { State::Unfinished } else { State::Fits { complete: false } };
    };
    if lines > LINES || is_folded {
        let mut head = input[start..end].to_vec();
        unfold(&mut head);
        if lines > LINES {
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
    State::Fits { complete: true }
}

/// Puts spaces in the place of line ends before a line that goes on.
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

/// How many lines of a head there are, and where it ends.
fn measure(input: &[u8]) -> (usize, Option<usize>) {
    let (mut count, mut size) = (0, 0);
    let end = input.split_inclusive(|byte| *byte == b'\n').find_map(|line| {
        (count, size) = (count + 1, size + line.len());
        (line == b"\r\n" || line == b"\n").then_some(size)
    });
    (count, end)
}

/// The head with the lines that say how the body is read, and as many others as ureq takes.
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
        if number < LINES || framing.iter().any(|framing| name.eq_ignore_ascii_case(framing)) {
            short.extend_from_slice(line);
        } else {
            rest.extend(text.iter().map(|byte| if *byte == b'\t' { b' ' } else { *byte }));
            rest.push(b'\t');
        }
    }
    short.extend_from_slice(format!("{}: ", *REST).as_bytes());
    short.extend_from_slice(&rest);
    short.extend_from_slice(b"\r\n\r\n");
    short
}

/// Puts the rest of the headers back to where they belong.
///
/// # Errors
/// When a line is not a header.
pub(crate) fn restore(headers: &mut HeaderMap) -> Result<(), http::Error> {
    let Some(rest) = headers.remove(REST.as_str()) else { return Ok(()) };
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

    /// The input after the bytes came, and whether the head is complete; `None` where it is too long as it is.
    fn shortened_of(input: &str, size: usize) -> Option<(String, bool)> {
        let mut buffers = LazyBuffers::new(size, 1);
        buffers.input_append_buf()[..input.len()].copy_from_slice(input.as_bytes());
        buffers.input_appended(input.len());
        match shorten(&mut buffers) {
            State::Fits { complete } => {
                Some((String::from_utf8(buffers.input().to_vec()).unwrap(), complete))
            }
            State::Unfinished => None,
        }
    }

    /// A head of so many lines.
    fn head(lines: usize) -> String {
        let mut head = "HTTP/1.1 200 OK\r\n".to_owned();
        (0..lines - 3).for_each(|number| head += &format!("x-{number}: a\t{number} \r\n"));
        head + "Content-Length: 5\r\n\r\n"
    }

    #[test]
    fn head_that_ureq_takes_is_left_alone() {
        for text in [head(3), head(LINES), head(LINES) + "12345", head(MAX_HEADERS + 3)] {
            assert_eq!(shortened_of(&text, 1 << 17), Some((text, true)));
        }
        let text = head(LINES);
        for end in 0..text.len() {
            assert_eq!(shortened_of(&text[..end], 1 << 17), Some((text[..end].to_owned(), false)), "{end}");
        }
    }

    #[test]
    fn long_head_keeps_its_framing_and_every_header() {
        for (lines, before) in (LINES + 1..=MAX_HEADERS + 2)
            .flat_map(|lines| [(lines, ""), (lines, "HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")])
        {
            let text = format!("{before}{}12345", head(lines));
            let (short, complete) = shortened_of(&text, 1 << 17).unwrap();
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
        let (unfolded, complete) = shortened_of(text, 1 << 17).unwrap();
        assert_eq!(unfolded, "HTTP/1.1 200 OK\r\nx: a   b  \tc\r\ny: d  e\n\r\n12345");
        assert!(complete);
        let long = head(200).replace("x-150: ", "x-150:\r\n ");
        let (short, _) = shortened_of(&long, 1 << 17).unwrap();
        assert!(short.contains("x-150:   a 150"), "{short}");
    }

    #[test]
    fn line_that_is_no_header_is_an_error() {
        for line in ["garbage", "x y: z", ": z", "x : z"] {
            let text = head(200).replace("x-150: a\t150", line);
            let (short, _) = shortened_of(&text, 1 << 17).unwrap();
            let rest = short.lines().find_map(|line| line.strip_prefix(&format!("{}: ", *REST))).unwrap();
            let mut headers = HeaderMap::new();
            headers.insert(HeaderName::try_from(REST.as_str()).unwrap(), rest.parse().unwrap());
            assert!(restore(&mut headers).is_err(), "{line}");
        }
    }

    #[test]
    fn long_head_fits_where_it_was() {
        let text = head(200) + "12345";
        assert!(shortened_of(&text, text.len()).unwrap().0.ends_with("\r\n\r\n12345"));
    }

    #[test]
    fn long_head_without_its_end_asks_for_more() {
        let text = head(200);
        for cut in 1..1000 {
            assert_eq!(shortened_of(&text[..text.len() - cut], 1 << 17), None, "{cut}");
        }
    }
}
