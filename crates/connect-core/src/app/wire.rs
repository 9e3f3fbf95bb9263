//! Builds the HTTP request of an endpoint.

use std::time::Duration;

use bytes::Bytes;
use connect_types::{Auth, Base, Body};
use form_urlencoded::Serializer;
use http::{HeaderMap, HeaderValue, Method, Uri, header, uri::InvalidUri};

use crate::{
    app::App,
    base::{Error, Request, Timeout},
    endpoint::{ConcurrencyLimit, Endpoint},
};

/// A request without its access token and timeout, which differ between attempts.
#[derive(Clone)]
pub(crate) struct RequestTemplate {
    pub(crate) method: Method,
    pub(crate) auth: Auth,
    uri: Uri,
    content_type: Option<HeaderValue>,
    /// Additional headers, which may replace the default `Accept` and `Content-Type`.
    headers: HeaderMap,
    body: Bytes,
    at_once: Option<ConcurrencyLimit>,
}

impl RequestTemplate {
    pub(crate) fn new<E: Endpoint>(app: &App, endpoint: &E) -> Result<Self, Error> {
        let (uri, headers) = (uri(app, endpoint)?, endpoint.headers()?);
        let mut template = Self::for_uri(endpoint.method(), uri, endpoint.auth(), headers, endpoint.body()?);
        template.at_once = endpoint.limits().at_once.map(ConcurrencyLimit);
        Ok(template)
    }

    pub(crate) fn for_uri(method: Method, uri: Uri, auth: Auth, headers: HeaderMap, body: Body) -> Self {
        let (content_type, body) = match body {
            Body::None => (None, Bytes::new()),
            Body::Json(text) => (Some("application/json"), text.into()),
            Body::Form(fields) => {
                let form = Serializer::new(String::new()).extend_pairs(fields).finish();
                (Some("application/x-www-form-urlencoded"), form.into())
            }
        };
        let content_type = content_type.map(HeaderValue::from_static);
        Self { method, auth, uri, content_type, headers, body, at_once: None }
    }

    /// Returns the request of one attempt.
    pub(crate) fn request(&self, app: &App, bearer: Option<HeaderValue>, time: Duration) -> Request {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        // Includes `Accept-Encoding` and `Host`, which the transport adds.
        let mut headers = HeaderMap::with_capacity(6 + self.headers.len());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(content_type) = &self.content_type {
            headers.insert(header::CONTENT_TYPE, content_type.clone());
        }
        headers.extend(self.headers.clone());
        headers.insert(header::USER_AGENT, app.user_agent().clone());
        let authorization = match self.auth {
            Auth::Bearer => bearer,
            Auth::Client => app.basic().cloned(),
            _ => None,
        };
        if let Some(authorization) = authorization {
            headers.insert(header::AUTHORIZATION, authorization);
        }
        *request.headers_mut() = headers;
        request.extensions_mut().insert(Timeout(time));
        if let Some(at_once) = self.at_once {
            request.extensions_mut().insert(at_once);
        }
        request
    }
}

fn uri<E: Endpoint>(app: &App, endpoint: &E) -> Result<Uri, Error> {
    let service = endpoint.service(app.service());
    if !app.has_service() && std::ptr::eq(service, app.service()) {
        return Err(Error::configuration(
            "this client has no base URL: set `base_url` (a client with a profile or without credentials has no default base URL)",
        ));
    }
    let invalid = |error: http::Error| {
        Error::validation("the URL of the request is not a valid URL").with_source(error)
    };
    if let Some(url) = endpoint.url() {
        let uri: Uri = url.parse().map_err(|error: InvalidUri| invalid(error.into()))?;
        return if service.is_origin_of(&uri) {
            Ok(uri)
        } else {
            Err(Error::validation(
                "the URL of the request has another origin than the service, so the access token must not be sent there",
            ))
        };
    }
    let base_path = match endpoint.base() {
        Base::Origin => "",
        _ => service.base_path(),
    };
    let (path, query) = (endpoint.path()?, endpoint.query()?);
    if path.contains('#') {
        return Err(Error::validation("the path of the request contains `#`, which must be percent-encoded"));
    }
    // Behind a host name, a path such as `.evil.example` or `@evil.example` would change the host.
    if !path.is_empty() && !path.starts_with('/') {
        return Err(Error::validation("the path of the request does not start with `/`"));
    }
    let mut text = String::with_capacity(base_path.len() + path.len() + 64 * query.len());
    text.push_str(base_path);
    text.push_str(&path);
    if !query.is_empty() {
        let start = text.len() + 1;
        text.push('?');
        Serializer::for_suffix(&mut text, start).extend_pairs(query).finish();
    }
    service.uri_at(text).map_err(invalid)
}
