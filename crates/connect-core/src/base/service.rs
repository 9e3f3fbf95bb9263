//! Where a service is, and what may be sent there.

use http::Uri;

use crate::base::Error;

/// A service: where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    base: Box<str>,
    origin: Box<str>,
}

impl Service {
    /// A service at this base URL: https, or http to a loopback address; no query, no user information.
    pub fn new(base_url: &str) -> Result<Self, Error> {
        let wrong = |what: &str| Error::configuration(format!("the base URL {what}"));
        let absolute = "must be a whole URL, as in https://connect.mobiscroll.com/api";
        let uri: Uri = base_url.parse().map_err(|_| wrong(absolute))?;
        if uri.query().is_some() {
            return Err(wrong("must not have a query"));
        }
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(wrong(absolute));
        };
        if authority.as_str().contains('@') {
            return Err(wrong("must not hold a user name or password"));
        }
        if !has_good_port(&uri) {
            return Err(wrong("has a port that is not a number from 1 to 65535"));
        }
        if !is_protected(&uri) {
            return Err(wrong(
                "must be https: tokens must not travel in the clear (http is for loopback only)",
            ));
        }
        let origin = format!("{scheme}://{authority}");
        let base = format!("{origin}{}", uri.path().trim_end_matches('/'));
        Ok(Self { base: base.into(), origin: origin.into() })
    }

    /// The base URL without a slash at its end.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// The host of the base URL.
    #[cfg(feature = "tracing")]
    pub(crate) fn host(&self) -> &str {
        let authority = self.origin.split_once("://").map_or("", |(_, authority)| authority);
        authority
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()))
            .map_or(authority, |(host, _)| host)
    }

    /// Scheme and host of the base URL, under which tokens are kept.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether a URL has this service's scheme, host and port (RFC 6454 4).
    pub(crate) fn is_origin_of(&self, uri: &Uri) -> bool {
        let port =
            |uri: &Uri| uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
        let plain = |uri: &Uri| uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
        self.origin.parse::<Uri>().is_ok_and(|own| {
            let hosts = own.host().zip(uri.host());
            own.scheme() == uri.scheme()
                && hosts.is_some_and(|(own, other)| own.eq_ignore_ascii_case(other))
                && port(&own) == port(uri)
                && plain(uri)
                && has_good_port(uri)
        })
    }
}

/// Whether what goes to `uri` cannot be read on the way: https, or a loopback address.
pub(crate) fn is_protected(uri: &Uri) -> bool {
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => is_loopback(uri.host().unwrap_or_default()),
        _ => false,
    }
}

/// Whether a URI has no port, or one that is a number: its parser takes any text for one, and clients the default then.
pub(crate) fn has_good_port(uri: &Uri) -> bool {
    let Some(authority) = uri.authority() else { return true };
    let address = authority.as_str().rsplit('@').next().unwrap_or_default();
    let behind_host = address.strip_prefix(authority.host()).unwrap_or_default();
    let is_number = |port: &str| {
        port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port != 0)
    };
    behind_host.is_empty() || behind_host.strip_prefix(':').is_some_and(is_number)
}

/// Whether a host name or address is this machine: `localhost`, 127.0.0.0/8, `[::1]`.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_url_with_a_port_that_is_no_port_is_refused() {
        for port in ["99999", "65536", "0", "x", "-1", "+80", ""] {
            let error = Service::new(&format!("https://api.example:{port}/api")).unwrap_err();
            assert!(error.to_string().contains("the base URL"), "{port}: {error}");
        }
        for url in [
            "https://api.example:65535/api",
            "http://[::1]:1",
            "http://localhost.:80",
            "https://[2001:db8::1]",
        ] {
            assert!(Service::new(url).is_ok(), "{url}");
        }
        assert!(Service::new("http://[::1].evil.example/").is_err());
    }
}
