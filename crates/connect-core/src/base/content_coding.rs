//! Content codings (RFC 9110 8.4) and size limits of responses, for the async and blocking transports.

use std::io::Read;

use bytes::Bytes;
use flate2::bufread::GzDecoder;
use http::{HeaderMap, HeaderValue, header};

use crate::base::{Response, Sent, TransportError, TransportErrorKind};

/// The highest number of headers that a response may have.
pub const MAX_HEADERS: usize = 256;
/// The maximum total size of the names and values of all response headers, in bytes.
const MAX_HEADER_BYTES: usize = 64 << 10;
/// The highest number of content codings that a server may apply to one response.
const MAX_CODINGS: usize = 4;
/// The highest number of members in one gzip body. Even an empty member takes time to decode.
const MAX_MEMBERS: usize = 4096;

/// Sets `Accept-Encoding: gzip`, unless the request has an `Accept-Encoding` header.
pub fn accept(headers: &mut HeaderMap) {
    headers.entry(header::ACCEPT_ENCODING).or_insert(HeaderValue::from_static("gzip"));
}

/// Checks the size of the response headers and decodes the body.
///
/// Decodes `gzip`, `x-gzip` and `identity`, in upper or lower case. If `Content-Encoding` lists any other
/// coding, such as `br` or `utf-8`, the body is returned undecoded. An empty body is not decoded.
/// NUL bytes that a server appends to the compressed data are ignored.
///
/// # Errors
/// If the response has more than [`MAX_HEADERS`] headers, 64 KiB of headers or 4 content codings, if the
/// decoded body is larger than `max_size` bytes, or if a body that is labelled as gzip is not valid gzip.
pub fn decode(mut response: Response, max_size: usize) -> Result<Response, TransportError> {
    let headers = response.headers();
    let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if headers.len() > MAX_HEADERS || size > MAX_HEADER_BYTES {
        return Err(TransportError::broken(
            "the response has more than 256 headers, or more than 64 KiB of headers",
        ));
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

/// Returns the codings except `identity`, in the order in which the server applied them.
fn codings(headers: &HeaderMap) -> Result<Vec<String>, TransportError> {
    let mut all = Vec::new();
    for value in headers.get_all(header::CONTENT_ENCODING) {
        let text = String::from_utf8_lossy(value.as_bytes());
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        all.extend(names.filter(|name| !name.eq_ignore_ascii_case("identity")).map(ToOwned::to_owned));
    }
    if all.len() > MAX_CODINGS {
        return Err(TransportError::broken("the response has more than 4 content codings"));
    }
    Ok(all)
}

fn gunzip(coded: &[u8], max_size: usize) -> Result<Bytes, TransportError> {
    let mut whole = Vec::with_capacity(stated_size(coded).min(max_size));
    let mut rest = coded;
    // A gzip file consists of any number of members (RFC 1952 2.2).
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
    Err(TransportError::broken("the gzip body has more than 4096 members"))
}

/// Returns the decoded size that a gzip file states in its last four bytes (RFC 1952 2.3.1).
///
/// If such a size is impossible for the coded size, returns the highest possible size.
fn stated_size(coded: &[u8]) -> usize {
    /// DEFLATE does not expand data further.
    const MAX_RATIO: usize = 1032;
    let stated = coded.last_chunk().map_or(0, |trailer| u32::from_le_bytes(*trailer));
    usize::try_from(stated).unwrap_or(usize::MAX).min(coded.len().saturating_mul(MAX_RATIO))
}

impl TransportError {
    /// Creates the error for a response body that is larger than the transport accepts.
    pub fn too_large() -> Self {
        Self::new(
            TransportErrorKind::TooLarge,
            Sent::Maybe,
            "the response body exceeds the size limit of the client",
        )
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
    fn gzip_body_is_decoded_in_every_spelling_of_the_coding() {
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
    fn gzip_body_with_members_or_zero_padding_is_decoded() {
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
    fn gzip_body_that_is_damaged_is_an_error() {
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
    fn body_in_another_coding_is_returned_undecoded() {
        for codings in [&["br"][..], &["none"], &["UTF-8"], &["gzip, br"], &["br", "gzip"]] {
            let response = decoded(codings, b"[1]".to_vec()).unwrap();
            assert_eq!(&response.body()[..], b"[1]", "{codings:?}");
            assert!(response.headers().contains_key(header::CONTENT_ENCODING), "{codings:?}");
        }
    }

    #[test]
    fn gzip_body_with_too_many_members_is_an_error() {
        let body = |members: usize| gzip(b"").repeat(members - 1).into_iter().chain(gzip(b"[1]")).collect();
        assert_eq!(&decoded(&["gzip"], body(MAX_MEMBERS)).unwrap().body()[..], b"[1]");
        assert!(decoded(&["gzip"], body(MAX_MEMBERS + 1)).is_err());
    }

    #[test]
    fn body_with_a_maximal_size_limit_is_decoded() {
        let mut response = Response::new(gzip(b"[1]").into());
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(&decode(response, usize::MAX).unwrap().body()[..], b"[1]");
    }

    #[test]
    fn body_size_is_checked_at_every_member_and_coding() {
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
    fn headers_are_limited_in_number_and_size() {
        let with = |count: usize, size: usize| {
            let mut response = Response::default();
            for _ in 0..count {
                response.headers_mut().append("x-more", HeaderValue::from_str(&"x".repeat(size)).unwrap());
            }
            decode(response, 100).is_ok()
        };
        assert!(with(256, 100) && !with(257, 1));
        assert!(with(1, MAX_HEADER_BYTES - 6) && !with(1, MAX_HEADER_BYTES - 5));
    }
}
