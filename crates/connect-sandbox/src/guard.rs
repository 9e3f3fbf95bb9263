//! Refuses control calls from web pages of other origins.
//!
//! A page of another origin, open in a browser on the same machine, must not control the sandbox: neither
//! with a cross-site request, nor through a host name that resolves to the machine (DNS rebinding).
//!
//! ```text
//! Host, and an absolute request target ──neither a loopback name nor an allowed host──▶ 403
//!        │
//! Sec-Fetch-Site ──cross-site or same-site──▶ 403
//!        │
//! Origin ──not the origin of the sandbox──▶ 403
//! ```
//!
//! A missing header is accepted, because programs other than browsers send only `Host`. HTTP/1.0
//! clients may even omit `Host`.

use crate::reply::Problem;
use crate::sandbox::Sandbox;
use bytes::Bytes;
use http::header::{HOST, HeaderName, ORIGIN};
use http::{Request, StatusCode};
use std::collections::BTreeSet;
use std::net::{Ipv4Addr, Ipv6Addr};

/// The allowed host names and addresses, in canonical form.
pub(crate) type Hosts = BTreeSet<String>;

/// The error of [`Sandbox::allow_host`] if the host is invalid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not a host name or IP address (expected a name such as \"sandbox.test\", without scheme and port)"
)]
#[non_exhaustive]
pub struct HostError(
    /// The invalid host.
    pub String,
);

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Whether a path is under `/sandbox` or `/api/sandbox`.
///
/// Clients whose base URL ends with `/api` use `/api/sandbox`.
pub(crate) fn is_control_path(path: &str) -> bool {
    let inner = path.strip_prefix("/api").unwrap_or(path);
    inner.strip_prefix("/sandbox").is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl Sandbox {
    /// Accepts control calls whose `Host` header contains the name or address `host`, with any port.
    ///
    /// A loopback `Host` is always accepted, with any port: `localhost`, a name that ends with `.localhost`,
    /// or an address such as `127.0.0.1` or `[::1]`.
    ///
    /// # Errors
    ///
    /// If `host` is not a host name or IP address, or has a scheme or port.
    pub fn allow_host(&mut self, host: &str) -> Result<(), HostError> {
        let bare = host.parse::<Ipv6Addr>().map(|address| address.to_string()).ok();
        let named = || Authority::parse(host).filter(|_| !host.contains(':') || host.ends_with(']'));
        let host = bare.or_else(|| Some(named()?.host)).ok_or_else(|| HostError(host.to_owned()))?;
        self.hosts.insert(host);
        Ok(())
    }

    /// Refuses a control call that may come from a web page of another origin.
    pub(crate) fn guard(&self, request: &Request<Bytes>) -> Result<(), Problem> {
        let mut hosts = request.headers().get_all(HOST).iter();
        let (first, second) = (hosts.next(), hosts.next());
        if second.is_some() {
            return Err(forbidden("the request has more than one Host header (expected one)"));
        }
        let target = request.uri().authority().map(|authority| authority.as_str().as_bytes());
        for host in target.into_iter().chain(first.map(|host| host.as_bytes())) {
            let known = Authority::read(host)
                .is_some_and(|host| is_loopback(&host.host) || self.hosts.contains(&host.host));
            if !known {
                let host = String::from_utf8_lossy(host);
                return Err(forbidden(&format!(
                    "the request's host {host:?} is neither a loopback name or address such as \"localhost\" or \
                     \"127.0.0.1\" nor a host that the sandbox was started with"
                )));
            }
        }
        if is_cross_site(request, &self.world.origin) {
            return Err(forbidden("the request comes from a web page of another origin"));
        }
        Ok(())
    }
}

/// Whether a browser marks the request as coming from a page of another origin.
pub(crate) fn is_cross_site(request: &Request<Bytes>, reached_at: &str) -> bool {
    let headers = request.headers();
    let is_other_site = |site: &http::HeaderValue| site != "same-origin" && site != "none";
    if headers.get_all(SEC_FETCH_SITE).iter().any(is_other_site) {
        return true;
    }
    let host = headers.get(HOST).and_then(|host| Authority::read(host.as_bytes()));
    let own = |origin: &str| {
        let same =
            |host: &Authority| Authority::of_origin(origin).is_some_and(|one| one == host.with_port(origin));
        origin == reached_at || host.as_ref().is_some_and(same)
    };
    !headers.get_all(ORIGIN).iter().all(|origin| origin.to_str().is_ok_and(own))
}

/// Returns the origin that the request was sent to, with the scheme of `reached_at`.
///
/// In a container, clients do not reach the sandbox at the address on which it listens.
pub(crate) fn origin_of(request: &Request<Bytes>, reached_at: &str) -> String {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = host.filter(|host| Authority::parse(host).is_some());
    match (host, reached_at.split_once("://")) {
        (Some(host), Some((scheme, _))) => format!("{scheme}://{host}"),
        _ => reached_at.to_owned(),
    }
}

fn forbidden(message: &str) -> Problem {
    Problem::plain(StatusCode::FORBIDDEN, message)
}

/// A host in lower case without a trailing dot, and its optional port.
#[derive(Debug, PartialEq, Eq)]
struct Authority {
    host: String,
    port: Option<u16>,
}

impl Authority {
    fn read(bytes: &[u8]) -> Option<Self> {
        Self::parse(std::str::from_utf8(bytes).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (host, port) = match text.strip_prefix('[').map(|rest| rest.split_once(']')) {
            Some(rest) => {
                let (address, port) = rest?;
                (address.parse::<Ipv6Addr>().ok()?.to_string(), port)
            }
            None => {
                let (host, port) = text.split_at(text.find(':').unwrap_or(text.len()));
                let host = host.strip_suffix('.').unwrap_or(host);
                let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
                if host.split('.').any(str::is_empty) || !host.bytes().all(plain) {
                    return None;
                }
                (host.to_ascii_lowercase(), port)
            }
        };
        let port = match port.strip_prefix(':') {
            None if port.is_empty() => None,
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            _ => return None,
        };
        Some(Self { host, port })
    }

    /// Reads the authority of an `http` or `https` origin. The result always has a port.
    fn of_origin(origin: &str) -> Option<Self> {
        let (_, authority) = origin.split_once("://")?;
        default_port(origin)?;
        Self::parse(authority).map(|authority| authority.with_port(origin))
    }

    /// Adds the default port of the origin's scheme if the port is missing.
    fn with_port(&self, origin: &str) -> Self {
        Self { host: self.host.clone(), port: self.port.or_else(|| default_port(origin)) }
    }
}

fn default_port(origin: &str) -> Option<u16> {
    match origin.split_once("://")?.0 {
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}

/// Whether the host of a URL is a loopback name or address; the URL has an IPv6 address in brackets.
pub(crate) fn is_loopback_host(host: &str) -> bool {
    Authority::parse(host).is_some_and(|authority| is_loopback(&authority.host))
}

/// Whether the host is a loopback name (RFC 6761 6.3) or address.
fn is_loopback(host: &str) -> bool {
    let address = host.parse::<Ipv6Addr>().map(|address| {
        address.is_loopback() || address.to_ipv4_mapped().is_some_and(|address| address.is_loopback())
    });
    host == "localhost"
        || host.ends_with(".localhost")
        || host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
        || address.unwrap_or(false)
}
