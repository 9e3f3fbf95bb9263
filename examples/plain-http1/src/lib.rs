//! Requests and responses of the core as bytes of HTTP/1.1, for a connection that carries one request.

use connect_core::{Request, Response, Sent, TransportError, TransportErrorKind};
use httparse::Status;

/// The maximum size of a response. A transport stops reading there.
pub const MAX_RESPONSE_BYTES: u64 = 16 << 20;

/// Returns the host and the port to connect to. There is no TLS.
pub fn address(request: &Request) -> Result<(&str, u16), TransportError> {
    let uri = request.uri();
    match (uri.scheme_str(), uri.host()) {
        (Some("http"), Some(host)) => {
            Ok((host.trim_start_matches('[').trim_end_matches(']'), uri.port_u16().unwrap_or(80)))
        }
        _ => Err(TransportError::new(
            TransportErrorKind::Configuration,
            Sent::No,
            "this transport has no TLS (expected a URL with http)",
        )),
    }
}

/// Returns the bytes of a request.
pub fn encode(request: &Request) -> Result<Vec<u8>, TransportError> {
    let host = request.uri().authority().map_or("", |authority| authority.as_str());
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut head = format!("{} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n", request.method());
    head += &format!("content-length: {}\r\n", request.body().len());
    for (name, value) in request.headers() {
        head += &format!("{name}: {}\r\n", value.to_str().map_err(TransportError::unreachable)?);
    }
    Ok([head.as_bytes(), b"\r\n", request.body()].concat())
}

/// Reads a response from all bytes of its connection.
pub fn decode(bytes: &[u8]) -> Result<Response, TransportError> {
    parse(bytes).ok_or_else(|| TransportError::broken("the response is incomplete, or not HTTP/1.1"))
}

fn parse(mut bytes: &[u8]) -> Option<Response> {
    loop {
        let mut headers = [httparse::EMPTY_HEADER; 100];
        let mut head = httparse::Response::new(&mut headers);
        let Ok(Status::Complete(length)) = head.parse(bytes) else { return None };
        bytes = &bytes[length..];
        let status = head.code?;
        if (100..200).contains(&status) {
            continue; // an interim response: the final one follows
        }
        let mut response = http::Response::builder().status(status);
        for header in head.headers.iter() {
            response = response.header(header.name, header.value);
        }
        let headers = response.headers_ref()?;
        let body = match (headers.get("transfer-encoding"), headers.get("content-length")) {
            (Some(coding), _) if coding.as_bytes().eq_ignore_ascii_case(b"chunked") => dechunk(bytes)?,
            (Some(_), _) => return None,
            _ if matches!(status, 204 | 304) => Vec::new(),
            (None, Some(length)) => bytes.get(..length.to_str().ok()?.parse().ok()?)?.to_vec(),
            (None, None) => bytes.to_vec(),
        };
        return response.body(body.into()).ok();
    }
}

/// Joins the chunks of a body (RFC 9112 7.1). The trailer is not read.
fn dechunk(mut bytes: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let Ok(Status::Complete((start, size))) = httparse::parse_chunk_size(bytes) else { return None };
        if size == 0 {
            return Some(body);
        }
        let (chunk, rest) = bytes.get(start..)?.split_at_checked(usize::try_from(size).ok()?)?;
        body.extend_from_slice(chunk);
        bytes = rest.strip_prefix(b"\r\n")?;
    }
}

#[cfg(test)]
mod tests {
    use super::{address, decode, encode};

    const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";

    fn body(bytes: impl AsRef<[u8]>) -> Option<String> {
        decode(bytes.as_ref()).ok().map(|response| String::from_utf8(response.body().to_vec()).unwrap())
    }

    #[test]
    fn body_has_its_length_or_ends_with_the_connection() {
        let cases = [
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", Some("{}")),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}\r\n", Some("{}")),
            ("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n{}", None),
            ("HTTP/1.1 200 OK\r\ncontent-length: two\r\n\r\n{}", None),
            ("HTTP/1.1 200 OK\r\n\r\n{}", Some("{}")),
            ("HTTP/1.1 304 Not Modified\r\ncontent-length: 2\r\n\r\n", Some("")),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{}", Some("{}")),
            ("HTTP/1.1 200 OK\r\ncontent-length: 2", None),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n{}", None),
            ("no HTTP\r\n\r\n", None),
            ("", None),
        ];
        for (text, expected) in cases {
            assert_eq!(body(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn chunks_are_joined() {
        let cases = [
            ("2\r\n{}\r\n0\r\n\r\n", Some("{}")),
            ("1\r\n{\r\n1;name=value\r\n}\r\n0\r\nlast-modified: now\r\n\r\n", Some("{}")),
            ("A\r\n0123456789\r\n0\r\n\r\n", Some("0123456789")),
            ("0\r\n\r\n", Some("")),
        ];
        for (text, expected) in cases {
            assert_eq!(body(format!("{CHUNKED}{text}")).as_deref(), expected, "{text:?}");
        }
        let whole = format!("{CHUNKED}1\r\n{{\r\n1\r\n}}\r\n0\r\n");
        for end in CHUNKED.len()..whole.len() {
            assert_eq!(body(&whole[..end]), None, "{end}");
        }
        for bad in [
            "x\r\n{}\r\n0\r\n\r\n",
            "2\r\n{}xx0\r\n\r\n",
            "1\r\n{}\r\n0\r\n\r\n",
            "ffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        ] {
            assert_eq!(body(format!("{CHUNKED}{bad}")), None, "{bad:?}");
        }
    }

    #[test]
    fn request_has_its_host_and_length() {
        let request =
            http::Request::post("http://[::1]/api/event?a=b").header("accept", "x").body("{}".into());
        let request = request.unwrap();
        assert_eq!(address(&request).unwrap(), ("::1", 80));
        assert_eq!(
            String::from_utf8(encode(&request).unwrap()).unwrap(),
            "POST /api/event?a=b HTTP/1.1\r\nhost: [::1]\r\nconnection: close\r\ncontent-length: 2\r\naccept: x\r\n\r\n{}"
        );
        let request = http::Request::get("https://example.org/").body("".into()).unwrap();
        assert!(address(&request).is_err());
    }
}
