//! The user's part of a sign-in, with plain HTTP.

use connect_blocking::UreqTransport;
use connect_core::{Config, Network, Request, Response, Tokens, Transport};
use form_urlencoded::Serializer;
use http::{
    Method,
    header::{AUTHORIZATION, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE},
};

use crate::{Outcome, REDIRECT_URI, USER};

/// What a browser does on the pages of `oidc-provider`: keeps cookies, follows redirects, fills in the forms.
pub(crate) struct Browser {
    transport: UreqTransport,
    /// Path, name and value.
    cookies: Vec<(String, String, String)>,
}

impl Browser {
    pub(crate) fn new() -> Outcome<Self> {
        let transport = UreqTransport::new(&Network::from_vars(|_| None), &Config::anonymous([7; 32]))?;
        Ok(Self { transport, cookies: Vec::new() })
    }

    /// From an authorization request to the callback.
    pub(crate) fn walk(&mut self, url: &str, consents: bool) -> Outcome<String> {
        let mut url = url.to_owned();
        let mut form: Option<String> = None;
        for _ in 0..12 {
            let answer = self.visit(&url, form.take())?;
            let header = |name| answer.headers().get(name).and_then(|value| value.to_str().ok());
            if let Some(location) = header(LOCATION).filter(|_| answer.status().is_redirection()) {
                if location.starts_with(REDIRECT_URI) {
                    return Ok(location.to_owned());
                }
                url = resolved(&url, location);
                continue;
            }
            let page = String::from_utf8_lossy(answer.body()).into_owned();
            let action = between(&page, "action=\"", "\"")
                .ok_or_else(|| format!("{} and a page without a form: {page:.1000}", answer.status()))?;
            let prompt = between(&page, "name=\"prompt\" value=\"", "\"").ok_or("a form for nothing")?;
            if consents {
                let fields = [("prompt", prompt), ("login", USER), ("password", "any")];
                // The page for consent has no fields beside its prompt.
                let fields = if prompt == "login" { &fields[..] } else { &fields[..1] };
                form = Some(Serializer::new(String::new()).extend_pairs(fields).finish());
                url = resolved(&url, action);
            } else {
                let cancel =
                    between(&page, "<a href=\"", "\">[ Cancel ]").ok_or("a page without a way out")?;
                url = resolved(&url, cancel);
            }
        }
        Err("the pages lead nowhere".into())
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
        let answer = self.send(request.body(form.unwrap_or_default().into())?)?;
        for cookie in answer.headers().get_all(SET_COOKIE) {
            self.keep(cookie.to_str()?);
        }
        Ok(answer)
    }

    fn keep(&mut self, cookie: &str) {
        let mut parts = cookie.split(';').map(str::trim);
        let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { return };
        let path = parts.find_map(|part| part.strip_prefix("path=")).unwrap_or("/");
        self.cookies.retain(|(under, known, _)| under != path || known != name);
        // A cookie is taken back by one that is empty and over.
        if !value.is_empty() {
            self.cookies.push((path.to_owned(), name.to_owned(), value.to_owned()));
        }
    }

    /// A call with an access token, without a client's help.
    pub(crate) fn bearer(&self, url: &str, tokens: &Tokens) -> Outcome<Response> {
        let bearer = format!("Bearer {}", tokens.access_token.expose());
        self.send(http::Request::get(url).header(AUTHORIZATION, bearer).body("".into())?)
    }

    /// A request as it is.
    pub(crate) fn send(&self, request: Request) -> Outcome<Response> {
        Ok(self.transport.send(request)?)
    }
}

/// Scheme and authority of a URL.
pub(crate) fn origin(url: &str) -> &str {
    let authority = url.find("://").map_or(0, |at| at + 3);
    let end = url[authority..].find('/').map_or(url.len(), |at| authority + at);
    &url[..end]
}

fn resolved(base: &str, location: &str) -> String {
    if location.starts_with('/') { format!("{}{location}", origin(base)) } else { location.to_owned() }
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> Option<&'a str> {
    // The innermost: the last `start` before the first `end` after one.
    let from = text.find(start)? + start.len();
    let to = from + text[from..].find(end)?;
    let from = text[..to].rfind(start)? + start.len();
    Some(&text[from..to])
}
