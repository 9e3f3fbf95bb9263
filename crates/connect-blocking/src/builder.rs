//! Builds a blocking client.

use std::{sync::Arc, time::Instant};

use connect_core::{App, Config, Error, MemoryStore, Network, TokenStore, Transport, machine::Registry};

use crate::{
    Client, UreqTransport,
    client::ClientInner,
    sync::{RunningThreads, Semaphore},
};

/// Builds a [`Client`]. [`Client::builder`] creates the builder.
///
/// ```
/// use std::time::Duration;
///
/// use connect_blocking::{Client, RetryPolicy, SessionEnded};
///
/// let client = Client::builder("client-id", "client-secret")
///     .redirect_uri("https://app.example/callback")
///     .timeout(Duration::from_secs(20))
///     .retry(RetryPolicy::attempts(5))
///     .user_agent("planner/1.4")
///     .on_session_ended(|ended: SessionEnded| eprintln!("{} must sign in again", ended.key.user))
///     .build()?;
/// # Ok::<(), connect_blocking::Error>(())
/// ```
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

    /// Stores tokens in `store`. Default: in memory, until the process ends.
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.store = Arc::new(store);
        self
    }

    /// Sends requests through `transport` instead of ureq. A closure is a transport.
    ///
    /// The builder's network settings (proxy, certificates, connect timeout) do not apply to this transport.
    /// The transport also sends the requests for the webhook keys. A transport must not follow redirects,
    /// must apply the request's [`Timeout`](connect_core::Timeout), and should limit the size of a response.
    pub fn transport(mut self, transport: impl Transport) -> Self {
        self.transport = Some(Arc::new(transport));
        self
    }

    /// Records handled deliveries in this replay guard. Default: in memory, for a day.
    ///
    /// If several processes receive deliveries, they must share one guard.
    #[cfg(feature = "webhooks")]
    pub fn replay_guard(mut self, guard: impl connect_core::webhooks::ReplayGuard) -> Self {
        self.replay_guard = Some(Box::new(guard));
        self
    }

    /// Checks the settings and creates the client. Opens no connection.
    pub fn build(self) -> Result<Client, Error> {
        let app = App::new(self.config)?;
        let transport = match self.transport {
            Some(transport) => transport,
            None => Arc::new(UreqTransport::new(&self.network, app.config())?),
        };
        let started = Instant::now();
        #[cfg(feature = "webhooks")]
        let receiver = crate::deliveries::Receiver::new(&app, self.webhook_keys, self.replay_guard, started)?;
        Ok(Client(Arc::new(ClientInner {
            registry: Registry::new(app),
            transport,
            store: self.store,
            started,
            task_permits: Semaphore::default(),
            running: RunningThreads::default(),
            #[cfg(feature = "webhooks")]
            receiver,
        })))
    }
}
