//! The sandbox as it is seen from outside: the user's browser, and the sandbox's controls, all over the socket.

use std::collections::BTreeMap;

use bytes::Bytes;
use connect_hyper::{AsyncTransport, Client, HyperTransport, Network, types::Raw};
use serde::Deserialize;

use super::Failure;
use crate::control::Control;

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

#[derive(Deserialize)]
struct Sent {
    delivery: String,
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
        let raw = self.client.send(&Control::get("/sandbox/stats")).await?;
        let mut stats: Stats = raw.decode()?;
        stats.raw = Some(raw);
        Ok(stats)
    }

    pub(crate) async fn expire(&self) -> Result<(), Failure> {
        self.control(Control::post("/sandbox/expire")).await.map(drop)
    }

    pub(crate) async fn fault(&self, fault: &serde_json::Value) -> Result<(), Failure> {
        self.control(Control::post("/sandbox/faults").json(fault)).await.map(drop)
    }

    /// Changes an event as the provider's user would; gives the id of the delivery that will tell of it.
    pub(crate) async fn trigger(&self, change: &serde_json::Value) -> Result<String, Failure> {
        let sent: Sent = self.control(Control::post("/sandbox/trigger").json(change)).await?.decode()?;
        Ok(sent.delivery)
    }

    pub(crate) async fn resend(&self, id: &str) -> Result<(), Failure> {
        let which = serde_json::json!({ "id": id });
        self.control(Control::post("/sandbox/resend").json(&which)).await.map(drop)
    }

    async fn control(&self, control: Control) -> Result<Raw, Failure> {
        Ok(self.client.send(&control).await?)
    }
}
