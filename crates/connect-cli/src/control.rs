//! Requests to a sandbox's control endpoints (`/sandbox/..`), which the real service does not have.

use std::borrow::Cow;

use connect_hyper::{
    CONNECT_BASE_URL, Client, Endpoint, Error, ErrorKind,
    types::{Auth, Base, Body, Raw},
};
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::{Exit, Failure};

/// A request to a control endpoint. The request is sent to the origin of the base URL, without
/// credentials.
pub(crate) struct Control {
    method: Method,
    path: &'static str,
    body: Body,
}

impl Control {
    pub(crate) fn get(path: &'static str) -> Self {
        Self { method: Method::GET, path, body: Body::None }
    }

    pub(crate) fn post(path: &'static str) -> Self {
        Self { method: Method::POST, path, body: Body::None }
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        Self { body: Body::Json(body.to_string()), ..self }
    }
}

impl Endpoint for Control {
    type Output = Raw;

    fn method(&self) -> Method {
        self.method.clone()
    }

    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(self.path.into())
    }

    fn body(&self) -> Result<Body, Error> {
        Ok(self.body.clone())
    }

    fn auth(&self) -> Auth {
        Auth::None
    }

    fn base(&self) -> Base {
        Base::Origin
    }
}

/// Returns the response to a `GET` that only a sandbox supports. Fails if the base URL is not a sandbox.
///
/// If the base URL is the real service, no request is sent.
pub(crate) async fn get_from_sandbox<T: DeserializeOwned>(
    client: &Client,
    path: &'static str,
) -> Result<T, Failure> {
    let base_url = client.app().service().base_url();
    let no_sandbox = || {
        Failure::new(Exit::Usage, "CONFIGURATION_ERROR", format!("{base_url} is not a sandbox")).next(
            "start a sandbox (connect sandbox --port 8080) and add --base-url http://127.0.0.1:8080/api",
        )
    };
    if base_url == CONNECT_BASE_URL {
        return Err(
            no_sandbox().cause("the base URL is the real service, where this command must not change events")
        );
    }
    match client.send(&Control::get(path)).await {
        Ok(raw) => raw.decode().map_err(|error| no_sandbox().cause(error)),
        Err(error) if matches!(error.kind(), ErrorKind::Network { .. } | ErrorKind::Timeout) => {
            Err(error.into())
        }
        Err(error) => Err(no_sandbox().cause(error)),
    }
}
