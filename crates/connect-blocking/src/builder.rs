//! Setting up a client.

use std::sync::Arc;

use connect_core::{App, Config, Error, MemoryStore, Network, Registry, TokenStore, Transport};

use crate::{Client, UreqTransport};

/// Sets up a [`Client`]; made by [`Client::builder`].
#[must_use = "nothing is set up before `build`"]
pub struct Builder {
    config: Config,
    network: Network,
    store: Arc<dyn TokenStore>,
    transport: Option<Arc<dyn Transport>>,
}

connect_core::builder!();

impl Builder {
    fn new(config: Config) -> Self {
        let network = Network::from_vars(|name| std::env::var(name).ok());
        Self { config, network, store: Arc::new(MemoryStore::new()), transport: None }
    }

    /// Keeps tokens there. Default: in memory, until the process ends.
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Sends requests through this instead of ureq; a closure will do. The settings of the network (proxy,
    /// certificates, time to connect) are its own affair then.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Checks the settings. Nothing is connected yet.
    pub fn build(self) -> Result<Client, Error> {
        let app = App::new(self.config)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(UreqTransport::new(&self.network, app.config())?),
        };
        Ok(Client::new(Registry::new(app), transport, self.store))
    }
}
