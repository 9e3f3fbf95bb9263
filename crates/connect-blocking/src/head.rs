//! Heads of more than 128 headers, which ureq refuses: the rest of them travels in one header, past ureq.

use connect_core::content_coding::MAX_HEADERS;
use http::{HeaderMap, HeaderName, HeaderValue};
use ureq::unversioned::transport::Buffers;

/// How many lines of a head, its first one included, are left as they are.
const LINES: usize = 100;
/// Larger heads are ureq's to refuse.
const MAX_SIZE: usize = 96 << 10;
/// What holds the rest of the lines: separated by tabs, which mean the same as spaces in a header (RFC 9110 5.6.3). So the
/// head gets shorter, and has room where it was.
const REST: &str = "x-rest-of-the-headers";

/// What there is of a head.
pub(crate) enum State {
    /// ureq can read what is there.
    Fits {
        /// The head of the response itself is there as a whole.
        complete: bool,
    },
    /// It has more headers than ureq takes, and its end is not there yet.
    Long,
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
    if lines <= LINES || lines > MAX_HEADERS + 2 || size > MAX_SIZE {
        return State::Fits { complete: end.is_some() };
    }
    let Some(end) = end else { return State::Long };
    let bytes = [&input[..start], &shortened(&input[start..end]), &input[end..]].concat();
    let length = input.len();
    buffers.input_consume(length);
    if let Some(place) = buffers.input_append_buf().get_mut(..bytes.len()) {
        place.copy_from_slice(&bytes);
        buffers.input_appended(bytes.len());
    }
    State::Fits { complete: true }
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
    short.extend_from_slice(format!("{REST}: ").as_bytes());
    short.extend_from_slice(&rest);
    short.extend_from_slice(b"\r\n\r\n");
    short
}

/// Puts the rest of the headers back to where they belong.
pub(crate) fn restore(headers: &mut HeaderMap) {
    let Some(rest) = headers.remove(REST) else { return };
    for line in rest.as_bytes().split(|byte| *byte == b'\t') {
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = HeaderName::from_bytes(parts.next().unwrap_or_default());
        let value = HeaderValue::from_bytes(parts.next().unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
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
            State::Long => None,
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
            restore(&mut headers);
            assert_eq!(headers.len(), lines - 2);
            let last = lines - 4;
            let value = headers[&format!("x-{last}")].to_str().unwrap().replace('\t', " ");
            assert_eq!(value, format!("a {last}"));
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
