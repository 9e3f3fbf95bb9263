//! Input of a transport: encoded bodies, the response of a proxy, proxy URLs and `no_proxy` lists.
//!
//! A decoded body must never be larger than allowed. A proxy tunnel must open only if no bytes follow the
//! head of the proxy's response. The URI of a proxy must never contain the proxy's credentials.

#![no_main]

use bytes::Bytes;
use connect_core::{ProxyRule, content_coding, is_tunnel_open};
use http::{HeaderValue, header};
use libfuzzer_sys::fuzz_target;

const MAX: usize = 4096;

fuzz_target!(|bytes: &[u8]| {
    for coding in ["gzip", "x-gzip, gzip"] {
        let mut response = http::Response::new(Bytes::copy_from_slice(bytes));
        response.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        if let Ok(response) = content_coding::decode(response, MAX) {
            assert!(response.body().len() <= MAX);
        }
    }
    if is_tunnel_open(bytes) == Ok(true) {
        assert!(bytes.starts_with(b"HTTP/1.") && (bytes.ends_with(b"\r\n\r\n") || bytes.ends_with(b"\n\n")));
    }
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (url, no_proxy) = text.split_once('\n').unwrap_or((text, ""));
    let Ok(rule) = ProxyRule::new(url, no_proxy) else { return };
    for target in ["https://api.example.com/x", "https://10.1.2.3:8443/", "https://[2001:db8::1]/"] {
        let Ok(target) = target.parse() else { return };
        if let Some(proxy) = rule.proxy_for(&target) {
            assert!(!proxy.uri().to_string().contains('@'));
            assert!(proxy.connect_request(&target).starts_with(b"CONNECT "));
        }
    }
});
