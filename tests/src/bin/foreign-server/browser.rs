//! A browser for the pages of `oidc-provider`, with plain HTTP.

use connect_blocking::UreqTransport;
use connect_core::{Config, Network, Request, Response, Tokens, Transport};
use form_urlencoded::Serializer;
use http::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
};

use crate::{Outcome, REDIRECT_URI, USER};

/// Keeps cookies, follows redirects and submits forms.
pub(crate) struct Browser {
    transport: UreqTransport,
    /// The path, name and value of each cookie.
    cookies: Vec<(String, String, String)>,
}

impl Browser {
    pub(crate) fn new() -> Outcome<Self> {
        let transport = UreqTransport::new(&Network::from_vars(|_| None), &Config::anonymous([7; 32]))?;
        Ok(Self { transport, cookies: Vec::new() })
    }

    /// Opens an authorization request, consents or cancels, and returns the callback URL.
    pub(crate) fn callback(&mut self, url: &str, consents: bool) -> Outcome<String> {
        let mut url = url.to_owned();
        let mut form: Option<String> = None;
        for _ in 0..12 {
            let response = self.visit(&url, form.take())?;
            let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
            if let Some(location) = header(LOCATION).filter(|_| response.status().is_redirection()) {
                if location.starts_with(REDIRECT_URI) {
                    return Ok(location.to_owned());
                }
                url = resolved(&url, location);
                continue;
            }
            let page = String::from_utf8_lossy(response.body()).into_owned();
            let action = between(&page, "action=\"", "\"")
                .ok_or_else(|| format!("{}: the page has no form: {page:.1000}", response.status()))?;
            let prompt = between(&page, "name=\"prompt\" value=\"", "\"").ok_or("the form has no prompt")?;
            if consents {
                let fields = [("prompt", prompt), ("login", USER), ("password", "any")];
                // The consent page has only the field `prompt`.
                let fields = if prompt == "login" { &fields[..] } else { &fields[..1] };
                form = Some(Serializer::new(String::new()).extend_pairs(fields).finish());
                url = resolved(&url, action);
            } else {
                let cancel =
                    between(&page, "<a href=\"", "\">[ Cancel ]").ok_or("the page has no cancel link")?;
                url = resolved(&url, cancel);
            }
        }
        Err("no callback after twelve pages".into())
    }

    fn visit(&mut self, url: &str, form: Option<String>) -> Outcome<Response> {
        let path = url[origin(url).len()..].split('?').next().unwrap_or_default();
        let due = self.cookies.iter().filter(|(under, _, _)| path.starts_with(under.as_str()));
        let cookies: Vec<_> = due.map(|(_, name, value)| format!("{name}={value}")).collect();
        let method = if form.is_some() { Method::POST } else { Method::GET };
        let mut request = http::Request::builder().method(method).uri(url);
        if !cookies.is_empty() {
            request = request.header(COOKIE, cookies.join("; "));
        }
        if form.is_some() {
            request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        }
        let response = self.send(request.body(form.unwrap_or_default().into())?)?;
        for cookie in response.headers().get_all(SET_COOKIE) {
            self.store_cookie(cookie.to_str()?);
        }
        Ok(response)
    }

    fn store_cookie(&mut self, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let path = parts.find_map(|part| part.strip_prefix("path=")).unwrap_or("/");
        self.cookies.retain(|(under, known, _)| under != path || known != name);
        // An empty value deletes the cookie.
        if !value.is_empty() {
            self.cookies.push((path.to_owned(), name.to_owned(), value.to_owned()));
        }
    }

    /// Sends a `GET` with an access token.
    pub(crate) fn bearer(&self, url: &str, tokens: &Tokens) -> Outcome<Response> {
        let bearer = format!("Bearer {}", tokens.access_token.expose());
        self.send(http::Request::get(url).header(AUTHORIZATION, bearer).body("".into())?)
    }

    /// Sends a request unchanged.
    pub(crate) fn send(&self, request: Request) -> Outcome<Response> {
        Ok(self.transport.send(request)?)
    }
}

/// Returns the scheme and authority of a URL.
pub(crate) fn origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..].find('/').map_or(url.len(), |at| authority + at);
    &url[..end]
}

fn resolved(base: &str, location: &str) -> String {
    if location.starts_with('/') { format!("{}{location}", origin(base)) } else { location.to_owned() }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    // Finds the innermost match: the last `start` before the first `end`.
    let from = text.find(start)? + start.len();
    let to = from + text[from..].find(end)?;
    let from = text[..to].rfind(start)? + start.len();
    Some(&text[from..to])
}
