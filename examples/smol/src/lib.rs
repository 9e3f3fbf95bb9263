//! The async client on smol: a runtime, and a transport over hyper's connections.

mod transport;

use std::time::Duration;

use connect_hyper::{BoxFuture, Builder, Client, Error, Runtime};

/// Returns a builder of clients on smol, with the credentials in the environment variables.
pub fn builder() -> Result<Builder, Error> {
    Ok(on_smol(Client::builder_from_env()?))
}

/// Runs a client on smol.
pub fn on_smol(builder: Builder) -> Builder {
    builder.runtime(Smol).transport(transport::send)
}

struct Smol;

impl Runtime for Smol {
    fn spawn(&self, task: BoxFuture) {
        smol::spawn(task).detach();
    }

    fn sleep(&self, time: Duration) -> BoxFuture {
        Box::pin(async move { _ = smol::Timer::after(time).await })
    }
}
