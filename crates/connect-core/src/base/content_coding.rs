//! Content codings (RFC 9110 8.4) and the limits of a response: asked for, undone and checked alike by both transports.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use http::{HeaderMap, HeaderValue, header};

use crate::base::{Response, Sent, TransportError, TransportErrorKind};

/// The most headers a response may have.
pub const MAX_HEADERS: usize = 256;
/// The largest head of a response, in bytes of its headers' names and values.
const MAX_HEAD: usize = 64 << 10;
/// The most codings that one response may be in, one inside the other.
const MAX_CODINGS: usize = 4;
/// The most members that one gzip body may have; each costs time, even if it is empty.
const MAX_MEMBERS: usize = 4096;

/// Asks for gzip, unless the headers of a request say what to ask for.
pub fn accept(headers: &mut HeaderMap) {
    headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
}

/// Checks the head of a response and undoes the codings of its body.
///
/// `gzip`, `x-gzip` and `identity` are known, in upper or lower case. If a server names anything else, such as `br` or `utf-8`,
/// the body is returned as it came. An empty body stays empty, whatever coding is named. Zero bytes behind the compressed
/// data, with which some servers fill up a block, are skipped.
///
/// # Errors
/// When the response has more than [`MAX_HEADERS`] headers, or more than 64 KiB of them; when the body is larger than `max_size`
/// bytes once decoded; when it is not valid gzip though gzip is named.
pub fn decode(mut response: Response, max_size: usize) -> Result<Response, TransportError> {
    let headers = response.headers();
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || size > MAX_HEAD {
        return Err(TransportError::broken("the response has too many headers"));
    }
    if !headers.contains_key(header::CONTENT_ENCODING) || response.body().is_empty() {
        return Ok(response);
    }
    let codings = codings(headers)?;
    if !codings.iter().all(|coding| is_gzip(coding)) {
        return Ok(response);
    }
    for _ in codings {
        *response.body_mut() = gunzip(response.body(), max_size)?;
    }
    response.headers_mut().remove(header::CONTENT_ENCODING);
    response.headers_mut().remove(header::CONTENT_LENGTH);
    Ok(response)
}

fn is_gzip(coding: &str) -> bool {
    coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip")
}

/// The codings in the order in which they were applied.
fn codings(headers: &HeaderMap) -> Result<Vec<String>, TransportError> {
    let mut all = Vec::new();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let text = String::from_utf8_lossy(value.as_bytes());
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        all.extend(names.filter(|name| !name.eq_ignore_ascii_case("identity")).map(ToOwned::to_owned));
    }
    if all.len() > MAX_CODINGS {
        return Err(TransportError::broken("the response is in too many codings"));
    }
    Ok(all)
}

fn gunzip(coded: &[u8], max_size: usize) -> Result<Bytes, TransportError> {
    let mut whole = Vec::with_capacity(coded.len().saturating_mul(4).min(max_size));
    let mut rest = coded;
    // RFC 1952 2.2: a file is any number of members.
    for _ in 0..MAX_MEMBERS {
        let mut member = GzDecoder::new(rest).take(((max_size - whole.len()) as u64).saturating_add(1));
        member.read_to_end(&mut whole).map_err(TransportError::broken)?;
        if whole.len() > max_size {
            return Err(TransportError::too_large());
        }
        rest = member.into_inner().into_inner();
        if rest.iter().all(|byte| *byte == 0) {
            return Ok(whole.into());
        }
    }
    Err(TransportError::broken("the body has too many gzip members"))
}

impl TransportError {
    /// The body is larger than the transport accepts.
    pub fn too_large() -> Self {
        Self::new(TransportErrorKind::TooLarge, Sent::Maybe, "the body is over the cap")
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn decoded(codings: &[&str], body: Vec<u8>) -> Result<Response, TransportError> {
        let mut response = Response::new(body.into());
        for coding in codings {
            response
                .headers_mut()
                .append(header::CONTENT_ENCODING, HeaderValue::from_static(Box::leak((*coding).into())));
        }
        decode(response, 100)
    }

    #[test]
    fn coding_is_undone_however_it_is_written() {
        let (once, twice) = (gzip(b"[1]"), gzip(&gzip(b"[1]")));
        for (codings, body) in [
            (&["gzip"][..], &once),
            (&["GZIP"], &once),
            (&["X-GZip"], &once),
            (&["identity, gzip"], &once),
            (&["gzip, gzip"], &twice),
            (&["gzip", "Gzip"], &twice),
            (&["identity"], &b"[1]".to_vec()),
            (&[""], &b"[1]".to_vec()),
            (&[], &b"[1]".to_vec()),
        ] {
            let response = decoded(codings, body.clone()).unwrap();
            assert_eq!(&response.body()[..], b"[1]", "{codings:?}");
            assert!(!response.headers().contains_key(header::CONTENT_ENCODING), "{codings:?}");
        }
    }

    #[test]
    fn gzip_members_and_zero_bytes_behind_them_are_read() {
        for (behind, expected) in [
            (vec![], Some("[1]")),
            (vec![0], Some("[1]")),
            (vec![0; 1000], Some("[1]")),
            (gzip(b"[2]"), Some("[1][2]")),
            (gzip(b""), Some("[1]")),
            (vec![0, 1], None),
            (b"x".to_vec(), None),
        ] {
            let body = [gzip(b"[1]"), behind].concat();
            let found = decoded(&["gzip"], body).ok().map(|response| response.into_body());
            assert_eq!(found.as_deref(), expected.map(str::as_bytes));
        }
    }

    #[test]
    fn damaged_or_unknown_coding_is_an_error() {
        let mut short = gzip(b"[1]");
        short.pop();
        for (codings, body) in [
            (&["gzip"][..], short),
            (&["gzip"], vec![0]),
            (&["gzip"], b"[1]".to_vec()),
            (&["gzip,gzip,gzip,gzip,gzip"], gzip(b"[1]")),
        ] {
            let error = decoded(codings, body).unwrap_err();
            assert_eq!(error.kind(), TransportErrorKind::Broken, "{codings:?}");
        }
    }

    #[test]
    fn body_in_another_coding_stays_as_it_is() {
        for codings in [&["br"][..], &["none"], &["UTF-8"], &["gzip, br"], &["br", "gzip"]] {
            let response = decoded(codings, b"[1]".to_vec()).unwrap();
            assert_eq!(&response.body()[..], b"[1]", "{codings:?}");
            assert!(response.headers().contains_key(header::CONTENT_ENCODING), "{codings:?}");
        }
    }

    #[test]
    fn empty_members_are_limited() {
        let body = |members: usize| gzip(b"").repeat(members - 1).into_iter().chain(gzip(b"[1]")).collect();
        assert_eq!(&decoded(&["gzip"], body(MAX_MEMBERS)).unwrap().body()[..], b"[1]");
        assert!(decoded(&["gzip"], body(MAX_MEMBERS + 1)).is_err());
    }

    #[test]
    fn limit_beyond_all_sizes_is_no_limit() {
        let mut response = Response::new(gzip(b"[1]").into());
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(&decode(response, usize::MAX).unwrap().body()[..], b"[1]");
    }

    #[test]
    fn body_is_limited_at_every_member_and_coding() {
        for (codings, body) in [
            (&["gzip"][..], gzip(&[b' '; 101])),
            (&["gzip"], [gzip(&[b' '; 100]), gzip(b" ")].concat()),
            (&["gzip, gzip"], gzip(&gzip(&[b' '; 101]))),
        ] {
            assert_eq!(decoded(codings, body).unwrap_err().kind(), TransportErrorKind::TooLarge);
        }
        assert_eq!(decoded(&["gzip"], gzip(&[b' '; 100])).unwrap().body().len(), 100);
    }

    #[test]
    fn head_is_limited_in_number_and_size() {
        let with = |count: usize, size: usize| {
            let mut response = Response::default();
            for _ in 0..count {
                response.headers_mut().append("x-more", HeaderValue::from_str(&"x".repeat(size)).unwrap());
            }
            decode(response, 100).is_ok()
        };
        assert!(with(256, 100) && !with(257, 1));
        assert!(with(1, MAX_HEAD - 6) && !with(1, MAX_HEAD - 5));
    }
}
