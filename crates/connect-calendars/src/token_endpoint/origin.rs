//! The origin of a page (RFC 6454).

use connect_core::{Error, is_loopback};
use http::{HeaderValue, Uri};

/// An origin as browsers write it: scheme, host, and the port unless it is the default port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin(String);

impl Origin {
    pub(super) fn new(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::configuration(format!(
                "{text:?} is not an allowed origin (expected an origin such as https://app.example:8443, without \
                 path; http is allowed for loopback only)"
            ))
        };
        let text = text.to_ascii_lowercase();
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else { return Err(wrong()) };
        let is_host = |byte: u8| byte.is_ascii_alphanumeric() || b".-_[:]".contains(&byte);
        if host.is_empty() || !host.bytes().all(is_host) {
            return Err(wrong());
        }
        let default_port = match scheme {
            "https" => 443,
            "http" if is_loopback(host) => 80,
            _ => return Err(wrong()),
        };
        let named = uri.port_u16();
        let port = |port: Option<u16>| port.map(|port| format!(":{port}")).unwrap_or_default();
        if text != format!("{scheme}://{host}{}", port(named)) {
            return Err(wrong());
        }
        Ok(Self(format!("{scheme}://{host}{}", port(named.filter(|port| *port != default_port)))))
    }

    /// Whether the `Origin` header names this origin.
    pub(super) fn is(&self, header: &HeaderValue) -> bool {
        header.as_bytes() == self.0.as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origin_is_normalized_like_in_browsers() {
        for (text, origin) in [
            ("https://app.example", "https://app.example"),
            ("HTTPS://App.Example", "https://app.example"),
            ("https://app.example:443", "https://app.example"),
            ("https://app.example:8443", "https://app.example:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:3000", "http://[::1]:3000"),
        ] {
            assert_eq!(Origin::new(text).unwrap().0, origin);
            assert!(Origin::new(text).unwrap().is(&HeaderValue::from_static(origin)));
        }
    }

    #[test]
    fn patterns_paths_and_insecure_origins_are_refused() {
        for text in [
            "*",
            "null",
            "",
            "app.example",
            "https://*.app.example",
            "https://app.example/",
            "https://app.example/page",
            "https://app.example?x",
            "https://app.example#x",
            "https://app.example:",
            "https://app.example:0443",
            "https://app.example:99999",
            "https://user@app.example",
            "https://",
            "https://app.example https://other.example",
            "https://app.exämple",
            "http://app.example",
            "ftp://app.example",
            "file:///page",
        ] {
            assert!(Origin::new(text).is_err(), "{text}");
        }
    }
}
