//! HTTP proxies: the choice of a proxy, and the `CONNECT` request and response that open a tunnel.

use base64::{Engine, prelude::BASE64_STANDARD};
use http::Uri;
use percent_encoding::percent_decode_str;

use crate::base::{
    Error, is_loopback,
    no_proxy::{Exclusion, Host},
    service::has_good_port,
};

/// A proxy, and the hosts that are reached without it.
///
/// Every https request uses the proxy, unless its host is a loopback address or is excluded. Requests without
/// TLS never use the proxy.
#[derive(Clone)]
pub struct ProxyRule {
    proxy: Proxy,
    exclusions: Vec<Exclusion>,
}

/// An HTTP proxy with its credentials.
#[derive(Clone)]
pub struct Proxy {
    uri: Uri,
    credentials: Option<String>,
}

opaque!(ProxyRule, Proxy);

impl ProxyRule {
    /// Creates the rule from the URL of a proxy and a list of exceptions in the form of `NO_PROXY`.
    ///
    /// The URL is `[http://][user[:password]@]host[:port]`. The user and the password may be percent-encoded,
    /// and may contain an unencoded `@`.
    ///
    /// The entries of `no_proxy` are separated by commas or spaces. An entry is `*` (all hosts),
    /// `example.com` or `.example.com` (the domain and its subdomains), `*.example.com` (only its
    /// subdomains), an address, or a network such as `10.0.0.0/8`. All entries except networks may end in
    /// `:port`. Entries of another form match no host.
    ///
    /// # Errors
    /// A configuration error if `url` does not have the form above.
    pub fn new(url: &str, no_proxy: &str) -> Result<Self, Error> {
        let entries =
            no_proxy.split(|c: char| c == ',' || c.is_whitespace()).filter(|entry| !entry.is_empty());
        Ok(Self { proxy: Proxy::new(url)?, exclusions: entries.filter_map(Exclusion::parse).collect() })
    }

    /// Returns the proxy for requests to this URI, or `None` if they are sent directly.
    pub fn proxy_for(&self, uri: &Uri) -> Option<&Proxy> {
        let host = uri.host()?;
        let direct = uri.scheme_str() != Some("https") || is_loopback(host) || {
            let (target, port) = (Host::new(host), uri.port_u16().unwrap_or(443));
            self.exclusions.iter().any(|exclusion| exclusion.covers(&target, port))
        };
        (!direct).then_some(&self.proxy)
    }
}

impl Proxy {
    fn new(url: &str) -> Result<Self, Error> {
        // The error does not contain the URL, because the URL may contain a password.
        let wrong = |what: &str| {
            Error::configuration(format!("the proxy URL (from the settings or HTTPS_PROXY) {what}"))
        };
        let url = url.trim();
        let rest = match url.split_once("://") {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
            // If the text before `://` is not a valid scheme (RFC 3986 3.1), it belongs to the credentials.
            Some((scheme, _))
                if scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte)) =>
            {
                return Err(wrong("has a scheme other than http: only HTTP proxies are supported"));
            }
            _ => url,
        };
        let (user, address) =
            rest.rsplit_once('@').map_or((None, rest), |(user, address)| (Some(user), address));
        let form = "is not valid (expected [http://][user[:password]@]host[:port])";
        let uri: Uri =
            format!("http://{}", address.trim_end_matches('/')).parse().map_err(|_| wrong(form))?;
        if uri.host().is_none_or(str::is_empty)
            || !has_good_port(&uri)
            || uri.path() != "/"
            || uri.query().is_some()
        {
            return Err(wrong(form));
        }
        let decoded = |text| {
            let text = percent_decode_str(text).decode_utf8();
            text.map_err(|_| wrong("has a user name or password that is not valid UTF-8"))
        };
        let credentials = match user {
            None | Some("") => None,
            Some(user) => {
                let (name, password) = user.split_once(':').unwrap_or((user, ""));
                Some(format!("{}:{}", decoded(name)?, decoded(password)?))
            }
        };
        Ok(Self { uri, credentials })
    }

    /// Returns the address of the proxy, `http://host[:port]`, without credentials.
    pub fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the `CONNECT` request for a tunnel to `target` (RFC 9110 9.3.6, credentials by RFC 7617).
    pub fn connect_request(&self, target: &Uri) -> Vec<u8> {
        let server = format!("{}:{}", target.host().unwrap_or_default(), target.port_u16().unwrap_or(443));
        let mut head = format!("CONNECT {server} HTTP/1.1\r\nhost: {server}\r\n");
        if let Some(credentials) = &self.credentials {
            head += &format!("proxy-authorization: Basic {}\r\n", BASE64_STANDARD.encode(credentials));
        }
        (head + "\r\n").into()
    }
}

/// The limit for the response to a `CONNECT` request, in bytes.
const MAX_CONNECT_RESPONSE: usize = 64 << 10;

/// Returns whether the proxy has opened the tunnel, according to the bytes received so far.
///
/// `Ok(false)` means that the response is incomplete: read more bytes and try again.
///
/// # Errors
/// An error message if the proxy refused the tunnel or its response is not valid.
pub fn is_tunnel_open(received: &[u8]) -> Result<bool, String> {
    let end = |ends: &[u8]| Some(received.windows(ends.len()).position(|bytes| bytes == ends)? + ends.len());
    let Some(end) = [end(b"\r\n\r\n"), end(b"\n\n")].into_iter().flatten().min() else {
        return match received.len() {
            0..MAX_CONNECT_RESPONSE => Ok(false),
            _ => Err("the proxy sent more than 64 KiB of headers".to_owned()),
        };
    };
    let (head, behind) = received.split_at(end);
    let status = head.strip_prefix(b"HTTP/1.").and_then(|rest| rest.split(u8::is_ascii_whitespace).nth(1));
    let status = status.and_then(|status| std::str::from_utf8(status).ok()?.parse().ok()).unwrap_or(0_u16);
    match status {
        // Interim responses precede the final response (RFC 9110 15.2).
        100..200 => is_tunnel_open(behind),
        200..300 if behind.is_empty() => Ok(true),
        200..300 => Err("the proxy sent data before any request was sent through the tunnel".to_owned()),
        407 => Err("the user name or password for the proxy is missing or wrong (407)".to_owned()),
        300..600 => Err(format!("the proxy refused the connection ({status})")),
        _ => Err("the proxy did not respond with HTTP".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxy_credentials_accept_any_character() {
        for (url, place, credentials) in [
            ("http://proxy.invalid:3128", "http://proxy.invalid:3128/", None),
            ("proxy.invalid", "http://proxy.invalid/", None),
            ("HTTP://proxy.invalid:3128/", "http://proxy.invalid:3128/", None),
            (" http://[::1]:3128 ", "http://[::1]:3128/", None),
            ("http://ann:secret@proxy.invalid", "http://proxy.invalid/", Some("ann:secret")),
            ("http://ann:p@ss@proxy.invalid:1", "http://proxy.invalid:1/", Some("ann:p@ss")),
            ("ann:p%40s%2Fs:x@proxy.invalid", "http://proxy.invalid/", Some("ann:p@s/s:x")),
            ("http://ann:p/s?s#@proxy.invalid", "http://proxy.invalid/", Some("ann:p/s?s#")),
            ("http://ann:100%@proxy.invalid", "http://proxy.invalid/", Some("ann:100%")),
            ("http://ann@proxy.invalid", "http://proxy.invalid/", Some("ann:")),
            ("http://@proxy.invalid", "http://proxy.invalid/", None),
            ("ann:pa://ss@proxy.invalid", "http://proxy.invalid/", Some("ann:pa://ss")),
            ("http://j%C3%BCrg:%C3%A9@proxy.invalid", "http://proxy.invalid/", Some("jürg:é")),
        ] {
            let proxy = Proxy::new(url).unwrap();
            assert_eq!(proxy.uri().to_string(), place, "{url}");
            assert_eq!(proxy.credentials.as_deref(), credentials, "{url}");
        }
        for url in [
            "",
            "http://",
            "https://proxy.invalid",
            "socks5://proxy.invalid",
            "http://p:x",
            "http://a b",
            "http://p/x",
            "http://%ff:x@p",
            "http://u@",
        ] {
            let error = Proxy::new(url).map(drop).unwrap_err();
            assert!(
                error.to_string().contains("the proxy URL (from the settings or HTTPS_PROXY)"),
                "{url}: {error}"
            );
        }
    }

    #[test]
    fn connect_request_names_server_and_port_twice() {
        let proxy = Proxy::new("http://ann:p@ss@proxy.invalid").unwrap();
        let head =
            String::from_utf8(proxy.connect_request(&"https://[2001:db8::1]/x?y".parse().unwrap())).unwrap();
        let credentials = "proxy-authorization: Basic YW5uOnBAc3M=\r\n";
        assert_eq!(
            head,
            format!("CONNECT [2001:db8::1]:443 HTTP/1.1\r\nhost: [2001:db8::1]:443\r\n{credentials}\r\n")
        );
    }

    #[test]
    fn tunnel_is_open_after_any_2xx() {
        for head in [
            "HTTP/1.1 200 OK\r\n\r\n",
            "HTTP/1.0 204 x\r\nvia: a\r\n\r\n",
            "HTTP/1.1 200 OK\nvia: a\n\n",
            "HTTP/1.1 103 Early\r\nlink: </a>\r\n\r\nHTTP/1.1 100\r\n\r\nHTTP/1.1 200\r\n\r\n",
        ] {
            for end in 0..head.len() {
                assert_eq!(is_tunnel_open(&head.as_bytes()[..end]), Ok(false), "{end}");
            }
            assert_eq!(is_tunnel_open(head.as_bytes()), Ok(true));
        }
        for (head, why) in [
            ("HTTP/1.1 200 OK\r\n\r\nx", "before any request"),
            ("HTTP/1.1 407 No\r\n\r\n", "missing or wrong (407)"),
            ("HTTP/1.1 502 No\r\n\r\n<html>", "refused the connection (502)"),
            ("SSH-2.0\r\n\r\n", "did not respond with HTTP"),
            ("HTTP/1.1 2\r\n\r\n", "did not respond with HTTP"),
            ("HTTP/1.1 2000\r\n\r\n", "did not respond with HTTP"),
        ] {
            let error = is_tunnel_open(head.as_bytes()).unwrap_err();
            assert!(error.contains(why), "{head}: {error}");
        }
        assert!(is_tunnel_open(&vec![b'x'; MAX_CONNECT_RESPONSE]).is_err());
    }
}
