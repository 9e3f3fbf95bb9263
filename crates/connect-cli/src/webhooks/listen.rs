//! `connect webhooks listen`: takes deliveries on this machine.
//!
//! ```text
//!   POST ── verified, and new? ──no──> the status that says so; shown
//!               │ yes
//!               ├── --forward-to: passed on unchanged; its answer is the answer, its 2xx means done
//!               └── else 200, done; shown
//! ```
//!
//! What was not done is taken anew when the service sends it again.

use std::{io, sync::Arc};

use bytes::Bytes;
use clap::Args;
use connect_hyper::{Client, Received, webhooks::Declined};
use http::{HeaderMap, Response, StatusCode, Uri};
use serde_json::json;
use tokio::sync::mpsc;

use super::{forward::Forward, report::Report};
use crate::{
    failure::{Exit, Failure},
    output::Output,
    receiver::{Receiver, status},
    settings::Resolved,
};

/// The arguments of `connect webhooks listen`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The port to listen on, at 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// The path deliveries come to.
    #[arg(long, default_value = "/", value_parser = path)]
    path: String,
    /// A public key (whpk_...) to verify with for as long as the service's keys cannot be fetched.
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// Pass each delivery that is genuine and new on to this URL, unchanged, and answer as it does.
    #[arg(long, value_name = "URL", value_parser = target)]
    forward_to: Option<Uri>,
    /// End after the first delivery that was handled.
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
        let receiver = Receiver::bind(self.port, &self.path).await.map_err(|error| self.cannot(&error))?;
        let url = receiver.url();
        out.line(&json!({ "url": url }), || format!("Taking deliveries at {url}; Ctrl-C ends it.\n"))?;

        let (ended, mut end) = mpsc::unbounded_channel();
        let listener = Arc::new(Listener { client, forward, out, once: self.once, ended });
        let mut outcome = Ok(());
        let handler = move |headers, body| listener.clone().take(headers, body);
        let until = async { outcome = end.recv().await.unwrap_or(Ok(())) };
        receiver.serve(handler, until).await;
        outcome
    }

    fn cannot(&self, error: &io::Error) -> Failure {
        Failure::new(Exit::Failed, "LISTEN_ERROR", format!("cannot listen on 127.0.0.1:{}", self.port))
            .cause(error)
            .next("end what uses the port, or leave --port out for a free one")
    }
}

struct Listener {
    client: Client,
    forward: Option<Forward>,
    out: Output,
    once: bool,
    ended: mpsc::UnboundedSender<Result<(), Failure>>,
}

impl Listener {
    async fn take(self: Arc<Self>, headers: HeaderMap, body: Bytes) -> Response<Bytes> {
        let (answer, report) = match self.client.webhooks().receive(&headers, &body).await {
            Ok(received) => self.handle(received, &headers, body).await,
            Err(declined) => decline(Report::declined(&headers, &declined), &declined),
        };
        let shown = self.out.line(&report.json(), || report.text(&self.out));
        // Whoever waits for the end may have gone already: then it is no news.
        if let Err(failure) = shown {
            let _ = self.ended.send(Err(failure));
        } else if self.once && report.is_handled() {
            let _ = self.ended.send(Ok(()));
        }
        answer
    }

    async fn handle(
        &self,
        received: Received,
        headers: &HeaderMap,
        body: Bytes,
    ) -> (Response<Bytes>, Report) {
        let mut report = Report::handled(&received);
        let answer = match &self.forward {
            Some(forward) => {
                let answer = forward.pass_on(headers, body).await;
                report.forwarded(forward.url(), &answer);
                answer.unwrap_or_else(|_| status(StatusCode::BAD_GATEWAY))
            }
            None => status(StatusCode::OK),
        };
        if !answer.status().is_success() {
            return (answer, report);
        }
        match received.done().await {
            Ok(()) => (answer, report),
            Err(declined) => decline(report.failed(&declined), &declined),
        }
    }
}

fn decline(report: Report, declined: &Declined) -> (Response<Bytes>, Report) {
    (status(declined.status()), report)
}

fn path(text: &str) -> Result<String, String> {
    let uri: Option<Uri> = text.parse().ok();
    match uri.filter(|uri| text.starts_with('/') && uri.path() == text) {
        Some(_) => Ok(text.to_owned()),
        None => Err("a path begins with / and has no query".to_owned()),
    }
}

fn target(text: &str) -> Result<Uri, String> {
    let uri: Option<Uri> = text.parse().ok();
    let web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    uri.filter(web).ok_or_else(|| "a URL with http or https is needed".to_owned())
}
