//! Builds an async client.

use std::{sync::Arc, time::Instant};

use connect_core::{
    App, AsyncTokenStore, AsyncTransport, Config, Error, MemoryStore, Network, TokenStore,
    machine::{MAX_TASKS_AT_ONCE, Registry},
};
use tokio::sync::{Semaphore, watch};

use crate::{Client, HyperTransport, client::ClientInner, pool::PooledStore};

/// Builds a [`Client`]. [`Client::builder`] creates the builder.
#[must_use = "nothing is set up before `build`"]
pub struct Builder {
    config: Config,
    network: Network,
    store: Arc<dyn AsyncTokenStore>,
    transport: Option<Arc<dyn AsyncTransport>>,
    #[cfg(feature = "webhooks")]
    webhook_keys: Option<connect_core::webhooks::FetchedKeys>,
    #[cfg(feature = "webhooks")]
    replay_guard: Option<Box<dyn connect_core::webhooks::AsyncReplayGuard>>,
}

connect_core::builder!();

impl Builder {
    fn new(config: Config) -> Self {
        let network = Network::from_vars(|name| std::env::var(name).ok());
        Self {
            config,
            network,
            store: Arc::new(PooledStore::new(MemoryStore::new())),
            transport: None,
            #[cfg(feature = "webhooks")]
            webhook_keys: None,
            #[cfg(feature = "webhooks")]
            replay_guard: None,
        }
    }

    /// Stores tokens in a blocking store. Default: in memory, until the process ends.
    ///
    /// The store runs on at most eight threads of tokio's blocking pool.
    pub fn store(self, store: impl TokenStore) -> Self {
        self.async_store(PooledStore::new(store))
    }

    /// Stores tokens in an async store.
    pub fn async_store(mut self, store: impl AsyncTokenStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Sends requests through `transport` instead of hyper. A closure that returns a future is a transport.
    ///
    /// The builder's network settings (proxy, certificates, connect timeout) do not apply to this transport.
    /// The transport also sends the requests for the webhook keys. A transport must not follow redirects,
    /// must apply the request's [`Timeout`](connect_core::Timeout), and should limit the size of a response.
    pub fn transport(mut self, transport: impl AsyncTransport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Records handled deliveries in a blocking replay guard.
    ///
    /// Default: a guard in memory that remembers deliveries for a day.
    ///
    /// If several processes receive deliveries, they must share one guard. The guard runs on tokio's blocking
    /// pool.
    #[cfg(feature = "webhooks")]
    pub fn replay_guard(self, guard: impl connect_core::webhooks::ReplayGuard) -> Self {
        self.async_replay_guard(crate::guard::PooledReplayGuard::new(guard))
    }

    /// Records handled deliveries in an async replay guard.
    #[cfg(feature = "webhooks")]
    pub fn async_replay_guard(mut self, guard: impl connect_core::webhooks::AsyncReplayGuard) -> Self {
        self.replay_guard = Some(Box::new(guard));
        self
    }

    /// Checks the settings and creates the client. Opens no connection.
    pub fn build(self) -> Result<Client, Error> {
        let app = App::new(self.config)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(HyperTransport::new(&self.network, app.config())?),
        };
        let started = Instant::now();
        #[cfg(feature = "webhooks")]
        let receiver = crate::deliveries::Receiver::new(&app, self.webhook_keys, self.replay_guard, started)?;
        Ok(Client(Arc::new(ClientInner {
            registry: Registry::new(app),
            transport,
            store: self.store,
            started,
            task_permits: Semaphore::new(MAX_TASKS_AT_ONCE as usize),
            running: watch::Sender::default(),
            #[cfg(feature = "webhooks")]
            receiver,
        })))
    }
}
