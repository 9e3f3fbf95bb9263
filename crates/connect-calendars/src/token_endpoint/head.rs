//! Checks on the head of a request, before its body is read.

use connect_core::{Request, Response};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Uri,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};

use super::{TokenEndpoint, answer::Cors, refusal::Refusal};

const X_REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Auth,
    Refresh,
}

/// The paths of the two routes.
#[derive(Clone, Debug)]
pub(super) enum Paths {
    Two {
        auth: String,
        refresh: String,
    },
    /// One path; the query parameter `action` names the route.
    Action(String),
}

impl Paths {
    fn route(&self, uri: &Uri) -> Option<Route> {
        let path = uri.path();
        match self {
            Self::Two { auth, .. } if path == auth => Some(Route::Auth),
            Self::Two { refresh, .. } if path == refresh => Some(Route::Refresh),
            Self::Action(one) if path == one => {
                let query = uri.query().unwrap_or_default().as_bytes();
                let mut actions = form_urlencoded::parse(query).filter(|(name, _)| name == "action");
                match (&*actions.next()?.1, actions.next()) {
                    ("auth", None) => Some(Route::Auth),
                    ("refresh", None) => Some(Route::Refresh),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

pub(super) struct Head<'a> {
    method: &'a Method,
    uri: &'a Uri,
    pub(super) headers: &'a HeaderMap,
}

impl<'a> From<&'a Parts> for Head<'a> {
    fn from(parts: &'a Parts) -> Self {
        Self { method: &parts.method, uri: &parts.uri, headers: &parts.headers }
    }
}

impl<'a> From<&'a Request> for Head<'a> {
    fn from(request: &'a Request) -> Self {
        Self { method: request.method(), uri: request.uri(), headers: request.headers() }
    }
}

impl TokenEndpoint {
    #[allow(clippy::result_large_err, reason = "the error is the response, which is built once per request")]
    pub(super) fn check(&self, head: &Head<'_>) -> Result<Route, Response> {
        let cors = Cors::of(self, head.headers);
        match self.route(head, &cors) {
            Err(refusal) => Err(cors.refuse(&refusal)),
            Ok(_) if head.method == Method::OPTIONS => Err(cors.preflight()),
            Ok(endpoint) => match self.check_headers(head) {
                Err(refusal) => Err(cors.refuse(&refusal)),
                Ok(()) => Ok(endpoint),
            },
        }
    }

    /// Checks the path, method and origin of a request. A preflight needs no further checks.
    fn route(&self, head: &Head<'_>, cors: &Cors) -> Result<Route, Refusal> {
        let endpoint = self.paths.route(head.uri).ok_or(Refusal::NOT_FOUND)?;
        if head.method != Method::POST && head.method != Method::OPTIONS {
            return Err(Refusal::METHOD);
        }
        match cors {
            Cors::Allowed { .. } => Ok(endpoint),
            Cors::Missing if self.missing_origin && !is_cross_origin(head.headers) => Ok(endpoint),
            Cors::Missing | Cors::Foreign => Err(Refusal::ORIGIN),
        }
    }

    fn check_headers(&self, head: &Head<'_>) -> Result<(), Refusal> {
        let text = |name| single_header(head.headers, name).and_then(|value| value.to_str().ok());
        // Browsers let a page send this header only to its own origin or after a preflight.
        if !text(X_REQUESTED_WITH).is_some_and(|value| value.eq_ignore_ascii_case("XMLHttpRequest")) {
            return Err(Refusal::REQUESTED_WITH);
        }
        let media_type = text(CONTENT_TYPE).and_then(|value| value.split(';').next()).map(str::trim);
        if !media_type.is_some_and(|it| it.eq_ignore_ascii_case("application/x-www-form-urlencoded")) {
            return Err(Refusal::MEDIA_TYPE);
        }
        let fits = |length: &HeaderValue| {
            let length = length.to_str().ok().and_then(|length| length.parse().ok());
            length.is_some_and(|length: usize| length <= self.body_limit)
        };
        if !head.headers.get_all(CONTENT_LENGTH).iter().all(fits) {
            return Err(Refusal::TOO_LARGE);
        }
        Ok(())
    }
}

/// Whether the browser says that the request does not come from a page with the origin of the endpoint.
fn is_cross_origin(headers: &HeaderMap) -> bool {
    headers.get_all(SEC_FETCH_SITE).iter().any(|site| site != "same-origin")
}

/// The value of a header; `None` if the header is missing or repeated.
pub(super) fn single_header(headers: &HeaderMap, name: HeaderName) -> Option<&HeaderValue> {
    let mut values = headers.get_all(name).iter();
    values.next().filter(|_| values.next().is_none())
}
