//! Builds the HTTP request of an endpoint.

use std::time::Duration;

use bytes::Bytes;
use connect_types::{Auth, Base, Body};
use form_urlencoded::Serializer;
use http::{HeaderMap, HeaderValue, Method, Uri, header};

use crate::{
    app::App,
    base::{Error, Request, Timeout},
    endpoint::{AtOnce, Endpoint},
};

/// A request without its access token and timeout, which differ between attempts.
#[derive(Clone)]
pub(crate) struct RequestTemplate {
    pub(crate) method: Method,
    pub(crate) auth: Auth,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
    at_once: Option<AtOnce>,
}

impl RequestTemplate {
    pub(crate) fn new<E: Endpoint>(app: &App, endpoint: &E) -> Result<Self, Error> {
        let mut template =
            Self::for_uri(endpoint.method(), uri(app, endpoint)?, endpoint.auth(), endpoint.body()?);
        template.add_headers(endpoint.headers()?);
        template.at_once = endpoint.limits().at_once.map(AtOnce);
        Ok(template)
    }

    pub(crate) fn for_uri(method: Method, uri: Uri, auth: Auth, body: Body) -> Self {
        let (content_type, body) = match body {
            Body::None => (None, Bytes::new()),
            Body::Json(text) => (Some("application/json"), text.into()),
            Body::Form(fields) => {
                let form = Serializer::new(String::new()).extend_pairs(fields).finish();
                (Some("application/x-www-form-urlencoded"), form.into())
            }
        };
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        }
        Self { method, auth, uri, headers, body, at_once: None }
    }

    /// Adds `headers`. An added header replaces existing headers of the same name.
    pub(crate) fn add_headers(&mut self, headers: HeaderMap) {
        self.headers.extend(headers);
    }

    /// Returns the request of one attempt.
    pub(crate) fn request(&self, app: &App, bearer: Option<HeaderValue>, time: Duration) -> Request {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        headers.insert(header::USER_AGENT, app.user_agent().clone());
        let authorization = match self.auth {
            Auth::Bearer => bearer,
            Auth::Client => app.basic().cloned(),
            _ => None,
        };
        if let Some(authorization) = authorization {
            headers.insert(header::AUTHORIZATION, authorization);
        }
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
            "this client has no base URL: set `base_url`, which has no default if a profile is set or credentials are missing",
        ));
    }
    let text = match endpoint.url() {
        Some(url) => url.into_owned(),
        None => {
            let base = match endpoint.base() {
                Base::Origin => service.origin(),
                _ => service.base_url(),
            };
            let path = endpoint.path()?;
            if path.contains('#') {
                return Err(Error::validation(
                    "the path of the request contains `#`, which must be percent-encoded",
                ));
            }
            let mut text = format!("{base}{path}");
            let query = endpoint.query()?;
            if !query.is_empty() {
                let start = text.len() + 1;
                text.push('?');
                Serializer::for_suffix(&mut text, start).extend_pairs(query).finish();
            }
            text
        }
    };
    let uri: Uri = text
        .parse()
        .map_err(|error| Error::validation("the URL of the request is not a valid URL").with_source(error))?;
    // The whole URL is checked, because a path such as `.evil.example` or `@evil.example` changes the host.
    if service.is_origin_of(&uri) {
        Ok(uri)
    } else {
        Err(Error::validation(
            "the URL of the request has another origin than the service, so the access token must not be sent there",
        ))
    }
}
