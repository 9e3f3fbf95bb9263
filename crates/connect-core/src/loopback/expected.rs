//! Recognizes the callback of a sign-in among the requests to the listener.

use http::{Uri, uri::Authority};
use httparse::Header;

use crate::base::Secret;

/// The properties by which the callback of one sign-in is recognized.
pub(super) struct ExpectedCallback {
    host: String,
    port: u16,
    path: String,
    state: Secret,
}

/// The reason why a request is not the expected callback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    Malformed,
    TooLarge,
    OtherHost,
    OtherPath,
    NotGet,
    /// A browser or a link checker fetches the page before the user follows a link to it.
    Prefetch,
    /// A request for an image, a frame or a script of a page.
    NotNavigation,
    OtherSignIn,
}

impl ExpectedCallback {
    /// Returns the expected callback of a sign-in, or `None` if `sign_in_url` has no `state`.
    pub(super) fn new(redirect_uri: &Uri, sign_in_url: &str) -> Option<Self> {
        let (_, query) = sign_in_url.split_once('?')?;
        Some(Self {
            host: redirect_uri.host()?.to_owned(),
            port: port(redirect_uri.authority()?)?,
            path: redirect_uri.path().to_owned(),
            state: single_value(query, "state")?,
        })
    }

    /// Returns the query of the request if the request is the callback.
    pub(super) fn check(&self, request: &httparse::Request<'_, '_>) -> Result<Secret, Mismatch> {
        let target = request.path.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if !self.is_host(text(request.headers, "host").unwrap_or_default()) {
            return Err(Mismatch::OtherHost);
        }
        if path != self.path {
            return Err(Mismatch::OtherPath);
        }
        if request.method != Some("GET") {
            return Err(Mismatch::NotGet);
        }
        if is_prefetch(request.headers) {
            return Err(Mismatch::Prefetch);
        }
        if !is_navigation(request.headers) {
            return Err(Mismatch::NotNavigation);
        }
        let is_callback = single_value(query, "code").is_some() || single_value(query, "error").is_some();
        match single_value(query, "state") {
            Some(state) if state == self.state && is_callback => Ok(query.into()),
            _ => Err(Mismatch::OtherSignIn),
        }
    }

    /// Returns whether the `Host` header names this listener. A missing port means port 80.
    fn is_host(&self, given: &str) -> bool {
        let Ok(authority) = given.parse::<Authority>() else { return false };
        !given.contains('@')
            && authority.host().eq_ignore_ascii_case(&self.host)
            && port(&authority) == Some(self.port)
    }
}

/// Returns the port, 80 if it is missing, or `None` if it is invalid.
///
/// `http::Uri` accepts a port over 65535, but `port_u16` then returns `None`, as if there were no port.
pub(super) fn port(authority: &Authority) -> Option<u16> {
    let after_host = authority.as_str().rsplit('@').next()?.strip_prefix(authority.host())?;
    match after_host.strip_prefix(':').unwrap_or(after_host) {
        "" => Some(80),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

/// Returns the value of a parameter that occurs once and is not empty (RFC 6749 section 3.1).
fn single_value(query: &str, name: &str) -> Option<Secret> {
    let mut values = form_urlencoded::parse(query.as_bytes()).filter(|(found, _)| found == name);
    match (values.next(), values.next()) {
        (Some((_, value)), None) if !value.is_empty() => Some(Secret::from(&*value)),
        _ => None,
    }
}

fn text<'a>(headers: &'a [Header<'_>], name: &str) -> Option<&'a str> {
    let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name))?;
    std::str::from_utf8(header.value).ok().map(str::trim)
}

/// Returns whether the page is fetched before the user follows a link to it.
///
/// Browsers send `Sec-Purpose`. Older browsers and link checkers send `Purpose`, `X-Purpose` or `X-Moz`.
fn is_prefetch(headers: &[Header<'_>]) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().filter_map(|name| text(headers, name)).any(
        |value| {
            let value = value.to_ascii_lowercase();
            ["prefetch", "prerender", "preview"].iter().any(|purpose| value.contains(purpose))
        },
    )
}

/// Returns whether the request opens a page in a browser window, by its Fetch Metadata headers.
///
/// Returns true if the Fetch Metadata headers are missing.
fn is_navigation(headers: &[Header<'_>]) -> bool {
    let is = |name, wanted| text(headers, name).is_none_or(|value| value == wanted);
    is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}
