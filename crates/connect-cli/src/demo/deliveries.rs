//! The demo's webhook endpoint: receives and verifies the sandbox's deliveries.

use std::time::Duration;

use bytes::Bytes;
use connect_hyper::{
    Client,
    webhooks::{Declined, Verified},
};
use http::{HeaderMap, Response, StatusCode};
use tokio::sync::mpsc;

use super::DemoError;
use crate::receiver::{Receiver, status};

/// The timeout of a delivery, which the sandbox sends about one second after the change.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(10);

/// The deliveries in order of arrival.
pub(crate) struct Deliveries(mpsc::UnboundedReceiver<Arrived>);

type Arrived = (Option<String>, Result<Verified, Declined>);

impl Deliveries {
    /// Receives deliveries until the runtime ends.
    pub(crate) fn receive(receiver: Receiver, client: Client) -> Self {
        let (arrived, deliveries) = mpsc::unbounded_channel();
        let handler = move |headers, body| respond(client.clone(), arrived.clone(), headers, body);
        tokio::spawn(async move { receiver.serve(handler, std::future::pending()).await });
        Self(deliveries)
    }

    /// Waits for the delivery with this id and returns its outcome.
    pub(crate) async fn outcome(&mut self, id: &str) -> Result<Result<Verified, Declined>, DemoError> {
        let wait = async {
            while let Some((arrived, outcome)) = self.0.recv().await {
                if arrived.as_deref() == Some(id) {
                    return Some(outcome);
                }
            }
            None
        };
        let outcome = tokio::time::timeout(DELIVERY_TIMEOUT, wait).await;
        let late = || format!("delivery {id} did not arrive within {} s", DELIVERY_TIMEOUT.as_secs());
        Ok(outcome.ok().flatten().ok_or_else(late)?)
    }
}

async fn respond(
    client: Client,
    arrived: mpsc::UnboundedSender<Arrived>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Bytes> {
    let outcome = match client.webhooks().receive(&headers, &body).await {
        Ok(received) => {
            let verified = received.clone();
            received.done().await.map(|()| verified)
        }
        Err(declined) => Err(declined),
    };
    let response = outcome.as_ref().map_or_else(Declined::status, |_| StatusCode::OK);
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    // Sending fails only if the demo has ended.
    let _ = arrived.send((id, outcome));
    status(response)
}
