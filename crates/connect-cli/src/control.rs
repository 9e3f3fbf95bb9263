//! The controls of a sandbox, which are no part of the service: at the origin, without credentials.

use std::borrow::Cow;

use connect_hyper::{
    CONNECT_BASE_URL, Client, Endpoint, Error, ErrorKind,
    types::{Auth, Base, Body, Raw},
};
use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::failure::{Exit, Failure};

/// A call of a control: an endpoint the library does not know.
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
    type Answer = Raw;

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

/// What a sandbox, and nobody else, answers to this; the service itself is not even asked.
pub(crate) async fn look<T: DeserializeOwned>(client: &Client, path: &'static str) -> Result<T, Failure> {
    let base_url = client.app().service().base_url();
    let no_sandbox = || {
        Failure::new(Exit::Usage, "CONFIGURATION_ERROR", format!("there is no sandbox at {base_url}"))
            .next("start one, connect sandbox --port 8080, and name it: --base-url http://127.0.0.1:8080/api")
    };
    if base_url == CONNECT_BASE_URL {
        return Err(no_sandbox().cause("this is the service itself, which makes no changes on demand"));
    }
    match client.send(&Control::get(path)).await {
        Ok(raw) => raw.decode().map_err(|error| no_sandbox().cause(error)),
        Err(error) if matches!(error.kind(), ErrorKind::Network { .. } | ErrorKind::Timeout) => {
            Err(error.into())
        }
        Err(error) => Err(no_sandbox().cause(error)),
    }
}
