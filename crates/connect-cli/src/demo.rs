//! `connect demo`: a user's whole life on a sandbox that lives as long as the command.
//!
//! The client is the one everybody uses, over a socket. What went over the wire is not what the client says of
//! itself: after each step the sandbox is asked for its counters, over the socket as well. Deliveries
//! come over a socket too, to a receiver like any application's.

mod deliveries;
mod life;
mod report;
mod service;

use std::process::ExitCode;

use clap::Args;
use connect_hyper::{Client, Error};
use connect_sandbox::{Server, Settings};

use self::{deliveries::Deliveries, life::Life, report::Report, service::Service};
use crate::{receiver::Receiver, text::brief};

/// The arguments of `connect demo`.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Print the steps and the sandbox's figures as one JSON object.
    #[arg(long)]
    json: bool,
}

/// Anything that keeps the demo from going on.
pub(crate) type Failure = Box<dyn std::error::Error + Send + Sync>;

pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let mut report = Report::new(arguments.json);
    match live(&mut report).and_then(|()| report.finish()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("connect demo: {}", brief(&error.to_string()));
            ExitCode::FAILURE
        }
    }
}

fn live(report: &mut Report) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let receiver = Receiver::bind(0, "/webhooks").await?;
        let server = sandbox(&receiver)?;
        let service = Service::new(client(&server)?)?;
        let client = client(&server)?;
        let deliveries = Deliveries::take(receiver, client.clone());
        Life::new(client, &service, deliveries).live(report).await?;
        report.stats(service.stats().await?);
        Ok(())
    })
}

/// It tells the receiver of changes, but not of what is there already.
fn sandbox(receiver: &Receiver) -> Result<Server, Failure> {
    let settings = Settings::default().with("webhook_url", &receiver.url())?.with("initial_sync", "off")?;
    Ok(Server::builder().settings(settings).start()?)
}

/// A client of the sandbox's application.
fn client(server: &Server) -> Result<Client, Error> {
    let application = server.credentials();
    Client::builder(application.client_id, application.client_secret, application.redirect_uri)
        .base_url(server.base_url())
        .build()
}
