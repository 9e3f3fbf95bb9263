//! `connect demo`: starts a sandbox, and shows a user's calls from sign-in to sign-out.
//!
//! The client, the sandbox and the webhook receiver talk over real sockets. After each step the sandbox's own
//! request counters are printed, so the numbers do not depend on the client.

mod deliveries;
mod report;
mod service;
mod steps;

use std::process::ExitCode;

use connect_hyper::{Client, Error};
use connect_sandbox::{Server, Settings};

use self::{deliveries::Deliveries, report::DemoReport, service::Service, steps::DemoSteps};
use crate::{receiver::Receiver, settings, text::brief};

/// Any error that ends the demo.
pub(crate) type DemoError = Box<dyn std::error::Error + Send + Sync>;

pub(crate) fn run(settings: &settings::Settings) -> ExitCode {
    let mut report = DemoReport::new(settings.json.is_some());
    match run_steps(&mut report).and_then(|()| report.finish()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("connect demo: {}", brief(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn run_steps(report: &mut DemoReport) -> Result<(), DemoError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let receiver = Receiver::bind(0, "/webhooks").await?;
        let server = sandbox(&receiver)?;
        let service = Service::new(client(&server)?)?;
        let client = client(&server)?;
        let deliveries = Deliveries::receive(receiver, client.clone());
        DemoSteps::new(client, &service, deliveries).run(report).await?;
        report.stats(service.stats().await?);
        Ok(())
    })
}

/// Starts a sandbox that delivers changes to the receiver, without an initial delivery of all events.
fn sandbox(receiver: &Receiver) -> Result<Server, DemoError> {
    let settings = Settings::default().with("webhook_url", &receiver.url())?.with("initial_sync", "off")?;
    Ok(Server::builder().settings(settings).start()?)
}

/// Creates a client with the credentials of the sandbox's application.
fn client(server: &Server) -> Result<Client, Error> {
    let application = server.credentials();
    Client::builder(application.client_id, application.client_secret)
        .redirect_uri(application.redirect_uri)
        .base_url(server.base_url())
        .build()
}
