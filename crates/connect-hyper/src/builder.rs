//! Builds an async client.

use std::{sync::Arc, time::Instant};

use connect_core::{
    App, AsyncTokenStore, AsyncTransport, Config, Error, MemoryStore, Network, TokenStore,
    machine::{MAX_TASKS_AT_ONCE, Registry},
};
use tokio::sync::{Semaphore, watch};

use crate::{Client, Runtime, client::ClientInner, pool::PooledStore, runtime::Executor};

/// Builds a [`Client`]. [`Client::builder`] creates the builder.
///
/// ```
/// use std::time::Duration;
///
/// use connect_hyper::{Client, RetryPolicy, SessionEnded};
///
/// let client = Client::builder("client-id", "client-secret")
///     .redirect_uri("https://app.example/callback")
///     .timeout(Duration::from_secs(20))
///     .retry(RetryPolicy::attempts(5))
///     .user_agent("planner/1.4")
///     .on_session_ended(|ended: SessionEnded| eprintln!("{} must sign in again", ended.key.user))
///     .build()?;
/// # Ok::<(), connect_hyper::Error>(())
/// ```
#[must_use = "nothing is set up before `build`"]
pub struct Builder {
    config: Config,
    network: Network,
    store: Store,
    transport: Option<Arc<dyn AsyncTransport>>,
    runtime: Option<Executor>,
    #[cfg(feature = "webhooks")]
    webhook_keys: Option<connect_core::webhooks::FetchedKeys>,
    #[cfg(feature = "webhooks")]
    replay_guard: Guard,
}

enum Store {
    Blocking(Box<dyn TokenStore>),
    Async(Arc<dyn AsyncTokenStore>),
}

#[cfg(feature = "webhooks")]
enum Guard {
    Memory,
    Blocking(Arc<dyn connect_core::webhooks::ReplayGuard>),
    Async(Box<dyn connect_core::webhooks::AsyncReplayGuard>),
}

connect_core::builder!();

impl Builder {
    fn new(config: Config) -> Self {
        let network = Network::from_vars(|name| std::env::var(name).ok());
        Self {
            config,
            network,
            store: Store::Blocking(Box::new(MemoryStore::new())),
            transport: None,
            #[cfg(feature = "hyper")]
            runtime: Some(Executor::Tokio),
            #[cfg(not(feature = "hyper"))]
            runtime: None,
            #[cfg(feature = "webhooks")]
            webhook_keys: None,
            #[cfg(feature = "webhooks")]
            replay_guard: Guard::Memory,
        }
    }

    /// Stores tokens in a blocking store. Default: in memory, until the process ends.
    ///
    /// The store runs on at most eight threads of tokio's blocking pool.
    pub fn store(mut self, store: impl TokenStore) -> Self {
        self.store = Store::Blocking(Box::new(store));
        self
    }

    /// Stores tokens in an async store.
    pub fn async_store(mut self, store: impl AsyncTokenStore) -> Self {
        self.store = Store::Async(Arc::new(store));
        self
    }

    /// Runs tasks and timers on another runtime than tokio.
    ///
    /// Set a [`transport`](Self::transport) as well, because hyper's needs tokio. The feature `hyper` can
    /// then be turned off.
    pub fn runtime(mut self, runtime: impl Runtime) -> Self {
        self.runtime = Some(Executor::Other(Arc::new(runtime)));
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
    pub fn replay_guard(mut self, guard: impl connect_core::webhooks::ReplayGuard) -> Self {
        self.replay_guard = Guard::Blocking(Arc::new(guard));
        self
    }

    /// Records handled deliveries in an async replay guard.
    #[cfg(feature = "webhooks")]
    pub fn async_replay_guard(mut self, guard: impl connect_core::webhooks::AsyncReplayGuard) -> Self {
        self.replay_guard = Guard::Async(Box::new(guard));
        self
    }

    /// Checks the settings and creates the client. Opens no connection.
    pub fn build(self) -> Result<Client, Error> {
        let app = App::new(self.config)?;
        let transport = match self.transport {
            Some(transport) => transport,
            #[cfg(feature = "hyper")]
            None => Arc::new(crate::HyperTransport::new(&self.network, app.config())?),
            #[cfg(not(feature = "hyper"))]
            None => return Err(without_hyper("transport")),
        };
        let Some(runtime) = self.runtime else { return Err(without_hyper("runtime")) };
        let store = match self.store {
            Store::Blocking(store) => Arc::new(PooledStore::new(store, runtime.clone())),
            Store::Async(store) => store,
        };
        let started = Instant::now();
        #[cfg(feature = "webhooks")]
        let guard = match self.replay_guard {
            Guard::Memory => None,
            Guard::Blocking(guard) => {
                Some(Box::new(crate::guard::PooledReplayGuard { guard, runtime: runtime.clone() }) as _)
            }
            Guard::Async(guard) => Some(guard),
        };
        #[cfg(feature = "webhooks")]
        let receiver = crate::deliveries::Receiver::new(&app, self.webhook_keys, guard, started)?;
        Ok(Client(Arc::new(ClientInner {
            registry: Registry::new(app),
            transport,
            store,
            runtime,
            started,
            task_permits: Semaphore::new(MAX_TASKS_AT_ONCE as usize),
            running: watch::Sender::default(),
            #[cfg(feature = "webhooks")]
            receiver,
        })))
    }
}

fn without_hyper(setting: &str) -> Error {
    Error::configuration(format!(
        "a client without the feature `hyper` of connect-hyper needs a {setting} (set `Builder::{setting}`)"
    ))
}
