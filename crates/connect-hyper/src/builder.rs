//! Setting up a client.

use std::{sync::Arc, time::Instant};

use connect_core::{
    App, AsyncTokenStore, AsyncTransport, Config, Error, MemoryStore, Network, TokenStore,
    machine::{MAX_TASKS_AT_ONCE, Registry},
};
use tokio::sync::{Semaphore, watch};

use crate::{Client, HyperTransport, client::Inner, pool::OnPool};

/// Sets up a [`Client`]; made by [`Client::builder`].
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
            store: Arc::new(OnPool::new(MemoryStore::new())),
            transport: None,
            #[cfg(feature = "webhooks")]
            webhook_keys: None,
            #[cfg(feature = "webhooks")]
            replay_guard: None,
        }
    }

    /// Stores tokens in `store`, which works on tokio's blocking pool, on at most eight of its threads. Default: in
    /// memory, until the process ends.
    pub fn store(self, store: impl TokenStore) -> Self {
        self.async_store(OnPool::new(store))
    }

    /// Keeps tokens in a store that is asynchronous itself.
    pub fn async_store(mut self, store: impl AsyncTokenStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Sends requests through this instead of hyper; a closure that returns a future will do. The settings of
    /// the network (proxy, certificates, time to connect) are its own affair then.
    /// It carries the requests for the keys of webhooks as well: like the others they are not to be redirected, have
    /// their time in [`Timeout`](connect_core::Timeout), and the answer's size is the transport's to limit.
    pub fn transport(mut self, transport: impl AsyncTransport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Remembers there which deliveries were handled: where several processes take them, all need the same guard.
    /// The guard is used on tokio's blocking pool. Default: in memory, for a day.
    #[cfg(feature = "webhooks")]
    pub fn replay_guard(self, guard: impl connect_core::webhooks::ReplayGuard) -> Self {
        self.async_replay_guard(crate::guard::OnPool::new(guard))
    }

    /// Remembers which deliveries were handled in a guard that is asynchronous itself.
    #[cfg(feature = "webhooks")]
    pub fn async_replay_guard(mut self, guard: impl connect_core::webhooks::AsyncReplayGuard) -> Self {
        self.replay_guard = Some(Box::new(guard));
        self
    }

    /// Checks the settings. Nothing is connected yet.
    pub fn build(self) -> Result<Client, Error> {
        let app = App::new(self.config)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(HyperTransport::new(&self.network, app.config())?),
        };
        let started = Instant::now();
        #[cfg(feature = "webhooks")]
        let receiver = crate::deliveries::Receiver::new(&app, self.webhook_keys, self.replay_guard, started)?;
        Ok(Client(Arc::new(Inner {
            registry: Registry::new(app),
            transport,
            store: self.store,
            started,
            places: Semaphore::new(MAX_TASKS_AT_ONCE as usize),
            busy: watch::Sender::default(),
            #[cfg(feature = "webhooks")]
            receiver,
        })))
    }
}
