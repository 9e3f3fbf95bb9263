//! `connect webhooks listen`: receives deliveries on this machine.
//!
//! ```text
//!   POST ── genuine and new? ──no──> respond 4xx/5xx (200 if already handled); show
//!               │ yes
//!               ├── --forward-to: forward unchanged and respond as the target does; 2xx = handled; show
//!               └── else respond 200 = handled; show
//! ```
//!
//! A delivery that was not handled is accepted again when the service repeats it.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;
use clap::Args;
use connect_hyper::{Client, Received, webhooks::Declined};
use http::{HeaderMap, Response, StatusCode, Uri};
use serde_json::json;
use tokio::sync::mpsc;

use super::{forward::Forward, report::DeliveryReport};
use crate::{
    failure::{Exit, Failure},
    output::Output,
    receiver::{Receiver, status},
    settings::Resolved,
};

/// The arguments of `connect webhooks listen`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Listen on this port of 127.0.0.1; 0 chooses a free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Accept deliveries at this path.
    #[arg(long, default_value = "/", value_parser = path)]
    path: String,
    /// Verify with this public key (whpk_...) until the service's keys can be fetched.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Forward each genuine, new delivery unchanged to this URL, and return the target's response.
    #[arg(long, value_name = "URL", value_parser = target)]
    forward_to: Option<Uri>,
    /// Exit after one handled delivery; another delivery gets 503, so that the service repeats it.
    #[arg(long)]
    once: bool,
}

impl Arguments {
    pub(super) async fn run(&self, settings: &Resolved, out: Output) -> Result<(), Failure> {
        let client = settings.anonymous(self.key.as_deref())?;
        let forward = match &self.forward_to {
            Some(url) => Some(Forward::new(url.clone(), settings, &client)?),
            None => None,
        };
        let receiver =
            Receiver::bind(self.port, &self.path).await.map_err(|error| self.cannot_listen(&error))?;
        let url = receiver.url();
        out.line(&json!({ "url": url }), || {
            format!("Receiving deliveries at {url}; press Ctrl-C to stop.\n")
        })?;

        let (ended, mut end) = mpsc::unbounded_channel();
        let listener = Arc::new(Listener {
            client,
            forward,
            out,
            once: self.once,
            is_taken: AtomicBool::new(false),
            ended,
        });
        let mut outcome = Ok(());
        let handler = move |headers, body| listener.clone().receive(headers, body);
        let until = async { outcome = end.recv().await.unwrap_or(Ok(())) };
        receiver.serve(handler, until).await;
        outcome
    }

    fn cannot_listen(&self, error: &io::Error) -> Failure {
        Failure::new(Exit::Failed, "LISTEN_ERROR", format!("cannot listen on 127.0.0.1:{}", self.port))
            .cause(error)
            .next("stop the program that uses the port, or omit --port for a free port")
    }
}

struct Listener {
    client: Client,
    forward: Option<Forward>,
    out: Output,
    once: bool,
    /// Whether the delivery of `--once` has arrived.
    is_taken: AtomicBool,
    ended: mpsc::UnboundedSender<Result<(), Failure>>,
}

impl Listener {
    async fn receive(self: Arc<Self>, headers: HeaderMap, body: Bytes) -> Response<Bytes> {
        let (response, report) = match self.client.webhooks().receive(&headers, &body).await {
            // Dropping `received` makes the library accept the delivery when the service repeats it.
            Ok(_) if self.once && self.is_taken.swap(true, Ordering::Relaxed) => {
                return status(StatusCode::SERVICE_UNAVAILABLE);
            }
            Ok(received) => {
                let outcome = self.handle(received, &headers, body).await;
                if !outcome.1.is_handled() {
                    self.is_taken.store(false, Ordering::Relaxed);
                }
                outcome
            }
            Err(declined) => decline(DeliveryReport::declined(&headers, &declined), &declined),
        };
        let shown = self.out.line(&report.json(), || report.text(&self.out));
        // Sending fails only if the command is already ending.
        if let Err(failure) = shown {
            let _ = self.ended.send(Err(failure));
        } else if self.once && report.is_handled() {
            let _ = self.ended.send(Ok(()));
        }
        response
    }

    async fn handle(
        &self,
        received: Received,
        headers: &HeaderMap,
        body: Bytes,
    ) -> (Response<Bytes>, DeliveryReport) {
        let mut report = DeliveryReport::handled(&received);
        let response = match &self.forward {
            Some(forward) => {
                let response = forward.forward(headers, body).await;
                report.forwarded(forward.url(), &response);
                response.unwrap_or_else(|_| status(StatusCode::BAD_GATEWAY))
            }
            None => status(StatusCode::OK),
        };
        if !response.status().is_success() {
            return (response, report);
        }
        match received.done().await {
            Ok(()) => (response, report),
            Err(declined) => decline(report.failed(&declined), &declined),
        }
    }
}

fn decline(report: DeliveryReport, declined: &Declined) -> (Response<Bytes>, DeliveryReport) {
    (status(declined.status()), report)
}

fn path(text: &str) -> Result<String, String> {
    let uri: Option<Uri> = text.parse().ok();
    match uri.filter(|uri| text.starts_with('/') && uri.path() == text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("not a path (expected a path such as /hooks, without a query)".to_owned()),
    }
}

fn target(text: &str) -> Result<Uri, String> {
    let uri: Option<Uri> = text.parse().ok();
    let web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    uri.filter(web).ok_or_else(|| "not a URL (expected an http or https URL)".to_owned())
}
