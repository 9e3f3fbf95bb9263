//! Which request is the answer to the sign-in, and what every other one is told.

use http::{Uri, uri::Authority};
use httparse::Header;

use crate::base::Secret;

/// What the answer to one sign-in looks like.
pub(super) struct Expected {
    host: String,
    port: u16,
    path: String,
    state: Secret,
}

/// Why a request is not the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Malformed,
    TooLarge,
    OtherHost,
    OtherPath,
    NotGet,
    /// The browser, or something on its way, asks before the user follows the link.
    Prefetch,
    /// A picture, a frame or a script of some page.
    NoNavigation,
    OtherSignIn,
}

impl Expected {
    /// The answer to the sign-in of this URL; nothing where the URL has no state.
    pub(super) fn of(redirect_uri: &Uri, sign_in_url: &str) -> Option<Self> {
        let (_, query) = sign_in_url.split_once('?')?;
        Some(Self {
            host: redirect_uri.host()?.to_owned(),
            port: port(redirect_uri.authority()?)?,
            path: redirect_uri.path().to_owned(),
            state: only(query, "state")?,
        })
    }

    /// The query of the request, if the request is the answer.
    pub(super) fn judge(&self, request: &httparse::Request<'_, '_>) -> Result<Secret, Refusal> {
        let target = request.path.unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        if !self.is_host(text(request.headers, "host").unwrap_or_default()) {
            return Err(Refusal::OtherHost);
        }
        if path != self.path {
            return Err(Refusal::OtherPath);
        }
        if request.method != Some("GET") {
            return Err(Refusal::NotGet);
        }
        if is_prefetch(request.headers) {
            return Err(Refusal::Prefetch);
        }
        if !is_navigation(request.headers) {
            return Err(Refusal::NoNavigation);
        }
        let is_answer = only(query, "code").is_some() || only(query, "error").is_some();
        match only(query, "state") {
            Some(state) if state == self.state && is_answer => Ok(query.into()),
            _ => Err(Refusal::OtherSignIn),
        }
    }

    /// The port may be left out where it is the usual one.
    fn is_host(&self, given: &str) -> bool {
        let Ok(authority) = given.parse::<Authority>() else { return false };
        !given.contains('@')
            && authority.host().eq_ignore_ascii_case(&self.host)
            && port(&authority) == Some(self.port)
    }
}

/// The port, 80 where it is left out; nothing where it is none. The parser of URIs takes any digits for a port, and then names
/// none.
pub(super) fn port(authority: &Authority) -> Option<u16> {
    let after_host = authority.as_str().rsplit('@').next()?.strip_prefix(authority.host())?;
    match after_host.strip_prefix(':').unwrap_or(after_host) {
        "" => Some(80),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => digits.parse().ok(),
        _ => None,
    }
}

/// The value of a parameter that is there once and not empty (RFC 6749 3.1).
fn only(query: &str, name: &str) -> Option<Secret> {
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

/// Browsers name it in `Sec-Purpose`; older ones, and link checkers, in the other three.
fn is_prefetch(headers: &[Header<'_>]) -> bool {
    ["sec-purpose", "purpose", "x-purpose", "x-moz"].iter().filter_map(|name| text(headers, name)).any(
        |value| {
            let value = value.to_ascii_lowercase();
            ["prefetch", "prerender", "preview"].iter().any(|purpose| value.contains(purpose))
        },
    )
}

/// Whether the whole window goes there, as far as the browser says (Fetch Metadata).
fn is_navigation(headers: &[Header<'_>]) -> bool {
    let is = |name, wanted| text(headers, name).is_none_or(|value| value == wanted);
    is("sec-fetch-mode", "navigate") && is("sec-fetch-dest", "document")
}
