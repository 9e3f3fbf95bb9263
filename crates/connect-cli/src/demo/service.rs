//! The sandbox as it is seen from outside: the user's browser, and the sandbox's controls, all over the socket.

use std::{borrow::Cow, collections::BTreeMap};

use bytes::Bytes;
use connect_hyper::{
    AsyncTransport, Client, Endpoint, Error, HyperTransport, Network,
    types::{Auth, Base, Body, Raw},
};
use http::Method;
use serde::Deserialize;

use super::Failure;

/// Answers by endpoint and status.
pub(crate) type Requests = BTreeMap<String, BTreeMap<String, u64>>;

/// What `GET /sandbox/stats` says, as far as the demo looks at it.
#[derive(Clone, Deserialize)]
pub(crate) struct Stats {
    pub(crate) requests: Requests,
    pub(crate) exchanges: BTreeMap<String, BTreeMap<String, u64>>,
    #[serde(skip)]
    pub(crate) raw: Option<Raw>,
}

impl Stats {
    /// How many refreshes were granted.
    pub(crate) fn refreshes(&self) -> u64 {
        self.exchanges.get("refresh").and_then(|counts| counts.get("granted")).copied().unwrap_or_default()
    }
}

/// The other side.
pub(crate) struct Service {
    client: Client,
    browser: HyperTransport,
}

impl Service {
    pub(crate) fn new(client: Client) -> Result<Self, Failure> {
        let browser = HyperTransport::new(&Network::from_vars(|_| None), client.app().config())?;
        Ok(Self { client, browser })
    }

    /// Opens the URL as the user's browser, and says where it is sent back to.
    pub(crate) async fn consent(&self, url: &str) -> Result<String, Failure> {
        let answer = self.browser.send(http::Request::get(url).body(Bytes::new())?).await?;
        let location = answer.headers().get(http::header::LOCATION).ok_or("the consent did not lead back")?;
        Ok(location.to_str()?.to_owned())
    }

    pub(crate) async fn stats(&self) -> Result<Stats, Failure> {
        let raw = self.control(Method::GET, "/sandbox/stats", Body::None).await?;
        let mut stats: Stats = raw.decode()?;
        stats.raw = Some(raw);
        Ok(stats)
    }

    pub(crate) async fn expire(&self) -> Result<(), Failure> {
        self.control(Method::POST, "/sandbox/expire", Body::None).await.map(drop)
    }

    pub(crate) async fn fault(&self, fault: &serde_json::Value) -> Result<(), Failure> {
        self.control(Method::POST, "/sandbox/faults", Body::Json(fault.to_string())).await.map(drop)
    }

    async fn control(&self, method: Method, path: &'static str, body: Body) -> Result<Raw, Failure> {
        Ok(self.client.send(&Control { method, path, body }).await?)
    }
}

/// A control of the sandbox: an endpoint the library does not know.
struct Control {
    method: Method,
    path: &'static str,
    body: Body,
}

impl Endpoint for Control {
    type Answer = Raw;

    fn method(&self) -> Method {
        self.method.clone()
    }

    fn path(&self) -> Cow<'_, str> {
        self.path.into()
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
