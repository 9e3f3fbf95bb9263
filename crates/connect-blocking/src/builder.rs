//! Setting up a client.

use std::{sync::Arc, time::Instant};

use connect_core::{App, Config, Error, MemoryStore, Network, TokenStore, Transport, machine::Registry};

use crate::{
    Client, UreqTransport,
    client::Inner,
    gate::{Busy, Slots},
};

/// Sets up a [`Client`]; made by [`Client::builder`].
#[must_use = "nothing is set up before `build`"]
pub struct Builder {
    config: Config,
    network: Network,
    store: Arc<dyn TokenStore>,
    transport: Option<Arc<dyn Transport>>,
    #[cfg(feature = "webhooks")]
    webhook_keys: Option<connect_core::webhooks::FetchedKeys>,
    #[cfg(feature = "webhooks")]
    replay_guard: Option<Box<dyn connect_core::webhooks::ReplayGuard>>,
}

connect_core::builder!();

impl Builder {
    fn new(config: Config) -> Self {
        let network = Network::from_vars(|name| std::env::var(name).ok());
        Self {
            config,
            network,
            store: Arc::new(MemoryStore::new()),
            transport: None,
            #[cfg(feature = "webhooks")]
            webhook_keys: None,
            #[cfg(feature = "webhooks")]
            replay_guard: None,
        }
    }

    /// Keeps tokens there. Default: in memory, until the process ends.
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Sends requests through this instead of ureq; a closure will do. The settings of the network (proxy,
    /// certificates, time to connect) are its own affair then.
    /// It carries the requests for the keys of webhooks as well: like the others they are not to be redirected, have
    /// their time in [`Timeout`](connect_core::Timeout), and the answer's size is the transport's to limit.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Remembers there which deliveries were handled: where several processes take them, all need the same guard.
    /// Default: in memory, for a day.
    #[cfg(feature = "webhooks")]
    pub fn replay_guard(mut self, guard: impl connect_core::webhooks::ReplayGuard) -> Self {
        self.replay_guard = Some(Box::new(guard));
        self
    }

    /// Checks the settings. Nothing is connected yet.
    pub fn build(self) -> Result<Client, Error> {
        let app = App::new(self.config)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(UreqTransport::new(&self.network, app.config())?),
        };
        let started = Instant::now();
        #[cfg(feature = "webhooks")]
        let receiver = crate::deliveries::Receiver::new(&app, self.webhook_keys, self.replay_guard, started)?;
        Ok(Client(Arc::new(Inner {
            registry: Registry::new(app),
            transport,
            store: self.store,
            started,
            places: Slots::default(),
            busy: Busy::default(),
            #[cfg(feature = "webhooks")]
            receiver,
        })))
    }
}
