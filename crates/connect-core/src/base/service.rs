//! The base URL of a service, and whether a URL belongs to that service.

use http::{
    Uri,
    uri::{Authority, PathAndQuery, Scheme},
};

use crate::base::Error;

/// A service, identified by its base URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    base: Box<str>,
    origin: Box<str>,
    scheme: Scheme,
    authority: Authority,
}

impl Service {
    /// Creates a service with this base URL.
    ///
    /// # Errors
    /// If the URL is not absolute, has a query, a user name or an invalid port, or is neither https nor http
    /// to a loopback address.
    pub fn new(base_url: &str) -> Result<Self, Error> {
        let wrong = |what: &str| Error::configuration(format!("the base URL {what}"));
        let absolute = "must be an absolute URL such as https://connect.mobiscroll.com/api";
        let uri: Uri = base_url.parse().map_err(|_| wrong(absolute))?;
        if uri.query().is_some() {
            return Err(wrong("must not have a query"));
        }
        let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority()) else {
            return Err(wrong(absolute));
        };
        if authority.as_str().contains('@') {
            return Err(wrong("must not contain a user name or password"));
        }
        if !has_good_port(&uri) {
            return Err(wrong("must have a port from 1 to 65535"));
        }
        if !is_protected(&uri) {
            return Err(wrong(
                "must be https: tokens must not be sent unencrypted (http is allowed for loopback only)",
            ));
        }
        let origin = format!("{scheme}://{authority}");
        let base = format!("{origin}{}", uri.path().trim_end_matches('/'));
        let (scheme, authority) = (scheme.clone(), authority.clone());
        Ok(Self { base: base.into(), origin: origin.into(), scheme, authority })
    }

    /// Returns the base URL without a trailing slash.
    pub fn base_url(&self) -> &str {
        &self.base
    }

    /// Returns the host of the base URL.
    #[cfg(feature = "tracing")]
    pub(crate) fn host(&self) -> &str {
        let authority = self.origin.split_once("://").map_or("", |(_, authority)| authority);
        authority
            .rsplit_once(':')
            .filter(|(_, port)| port.bytes().all(|digit| digit.is_ascii_digit()))
            .map_or(authority, |(host, _)| host)
    }

    /// Returns the scheme, host and port of the base URL.
    ///
    /// A [`TokenKey`](crate::TokenKey) of Mobiscroll Connect contains this origin as its issuer.
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Returns the path of the base URL, without a trailing slash.
    pub(crate) fn base_path(&self) -> &str {
        self.base.get(self.origin.len()..).unwrap_or_default()
    }

    /// Returns the URL with this service's scheme, host and port, and the given path and query.
    pub(crate) fn uri_at(&self, path_and_query: String) -> Result<Uri, http::Error> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(self.scheme.clone());
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(PathAndQuery::try_from(path_and_query)?);
        Ok(Uri::from_parts(parts)?)
    }

    /// Returns whether a URL has this service's scheme, host and port (RFC 6454 4).
    pub(crate) fn is_origin_of(&self, uri: &Uri) -> bool {
        let port = |authority: &Authority| {
            authority.port_u16().unwrap_or(if self.scheme == Scheme::HTTPS { 443 } else { 80 })
        };
        uri.scheme() == Some(&self.scheme)
            && uri.authority().is_some_and(|authority| {
                authority.host().eq_ignore_ascii_case(self.authority.host())
                    && port(authority) == port(&self.authority)
                    && !authority.as_str().contains('@')
            })
            && has_good_port(uri)
    }
}

/// Returns whether requests to `uri` are encrypted (https) or stay on this machine (http to loopback).
pub(crate) fn is_protected(uri: &Uri) -> bool {
    match uri.scheme_str() {
        Some("https") => true,
        Some("http") => is_loopback(uri.host().unwrap_or_default()),
        _ => false,
    }
}

/// Returns whether a URI has no port or a valid port.
///
/// [`Uri`] accepts any text as a port, and HTTP clients replace an invalid port with the default port.
pub(crate) fn has_good_port(uri: &Uri) -> bool {
    let Some(authority) = uri.authority() else { return true };
    let address = authority.as_str().rsplit('@').next().unwrap_or_default();
    let behind_host = address.strip_prefix(authority.host()).unwrap_or_default();
    let is_number = |port: &str| {
        port.bytes().all(|digit| digit.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port != 0)
    };
    behind_host.is_empty() || behind_host.strip_prefix(':').is_some_and(is_number)
}

/// Returns whether a host name or address is this machine: `localhost`, 127.0.0.0/8, `[::1]`.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.strip_suffix('.').unwrap_or(host).eq_ignore_ascii_case("localhost")
        || bare.parse::<std::net::IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base_url_with_an_invalid_port_is_refused() {
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
