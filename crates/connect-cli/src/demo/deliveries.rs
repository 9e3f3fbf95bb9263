//! The application's end of the webhooks: takes what the sandbox sends, as any application would.

use std::time::Duration;

use bytes::Bytes;
use connect_hyper::{
    Client,
    webhooks::{Declined, Verified},
};
use http::{HeaderMap, Response, StatusCode};
use tokio::sync::mpsc;

use super::Failure;
use crate::receiver::{Receiver, status};

/// A provider tells of a change within moments; one that takes longer is not going to.
const PATIENCE: Duration = Duration::from_secs(10);

/// What came, in its order.
pub(crate) struct Deliveries(mpsc::UnboundedReceiver<Arrived>);

type Arrived = (Option<String>, Result<Verified, Declined>);

impl Deliveries {
    /// Takes deliveries for as long as the runtime lives.
    pub(crate) fn take(receiver: Receiver, client: Client) -> Self {
        let (came, deliveries) = mpsc::unbounded_channel();
        let handler = move |headers, body| answer(client.clone(), came.clone(), headers, body);
        tokio::spawn(async move { receiver.serve(handler, std::future::pending()).await });
        Self(deliveries)
    }

    /// What the application made of the delivery with this id.
    pub(crate) async fn outcome(&mut self, id: &str) -> Result<Result<Verified, Declined>, Failure> {
        let wait = async {
            while let Some((came, outcome)) = self.0.recv().await {
                if came.as_deref() == Some(id) {
                    return Some(outcome);
                }
            }
            None
        };
        let outcome = tokio::time::timeout(PATIENCE, wait).await;
        let late = || format!("the delivery {id} did not come within {} s", PATIENCE.as_secs());
        Ok(outcome.ok().flatten().ok_or_else(late)?)
    }
}

async fn answer(
    client: Client,
    came: mpsc::UnboundedSender<Arrived>,
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
    let answer = outcome.as_ref().map_or_else(Declined::status, |_| StatusCode::OK);
    let id = headers.get("webhook-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    // Nobody waits for it once the demo is over.
    let _ = came.send((id, outcome));
    status(answer)
}
