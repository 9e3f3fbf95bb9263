//! Sends requests to the sandbox: those of the user's browser, and those to the control endpoints.

use std::collections::BTreeMap;

use bytes::Bytes;
use connect_hyper::{AsyncTransport, Client, HyperTransport, Network, types::Raw};
use serde::Deserialize;

use super::DemoError;
use crate::control::Control;

/// Response counts by endpoint and status.
pub(crate) type Requests = BTreeMap<String, BTreeMap<String, u64>>;

/// The part of `GET /sandbox/stats` that the demo uses.
#[derive(Clone, Deserialize)]
pub(crate) struct Stats {
    pub(crate) requests: Requests,
    pub(crate) exchanges: BTreeMap<String, BTreeMap<String, u64>>,
    #[serde(skip)]
    pub(crate) raw: Option<Raw>,
}

impl Stats {
    /// Returns how many refreshes the sandbox granted.
    pub(crate) fn refreshes(&self) -> u64 {
        self.exchanges.get("refresh").and_then(|counts| counts.get("granted")).copied().unwrap_or_default()
    }
}

#[derive(Deserialize)]
struct Sent {
    delivery: String,
}

/// The running sandbox.
pub(crate) struct Service {
    client: Client,
    browser: HyperTransport,
}

impl Service {
    pub(crate) fn new(client: Client) -> Result<Self, DemoError> {
        let browser = HyperTransport::new(&Network::from_vars(|_| None), client.app().config())?;
        Ok(Self { client, browser })
    }

    /// Opens the authorization URL as the user's browser, and returns the URL of the redirect.
    pub(crate) async fn consent(&self, url: &str) -> Result<String, DemoError> {
        let response = self.browser.send(http::Request::get(url).body(Bytes::new())?).await?;
        let location =
            response.headers().get(http::header::LOCATION).ok_or("the consent page did not redirect")?;
        Ok(location.to_str()?.to_owned())
    }

    pub(crate) async fn stats(&self) -> Result<Stats, DemoError> {
        let raw = self.client.send(&Control::get("/sandbox/stats")).await?;
        let mut stats: Stats = raw.decode()?;
        stats.raw = Some(raw);
        Ok(stats)
    }

    pub(crate) async fn expire(&self) -> Result<(), DemoError> {
        self.control(Control::post("/sandbox/expire")).await.map(drop)
    }

    pub(crate) async fn fault(&self, fault: &serde_json::Value) -> Result<(), DemoError> {
        self.control(Control::post("/sandbox/faults").json(fault)).await.map(drop)
    }

    /// Makes the sandbox change an event, and returns the id of the delivery that reports the
    /// change.
    pub(crate) async fn trigger(&self, change: &serde_json::Value) -> Result<String, DemoError> {
        let sent: Sent = self.control(Control::post("/sandbox/trigger").json(change)).await?.decode()?;
        Ok(sent.delivery)
    }

    pub(crate) async fn resend(&self, id: &str) -> Result<(), DemoError> {
        let delivery = serde_json::json!({ "id": id });
        self.control(Control::post("/sandbox/resend").json(&delivery)).await.map(drop)
    }

    async fn control(&self, control: Control) -> Result<Raw, DemoError> {
        Ok(self.client.send(&control).await?)
    }
}
