//! Setting up a client.

use std::sync::Arc;

use connect_core::{App, Config, Error, MemoryStore, Network, Registry, Secret, TokenStore, Transport};

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

impl Client {
    /// A client of the application with these credentials. The redirect URI is the registered one.
    pub fn builder(
        client_id: impl Into<String>,
        client_secret: impl Into<Secret>,
        redirect_uri: impl Into<String>,
    ) -> Builder {
        Builder::new(Config::new(client_id, client_secret, redirect_uri, seed()))
    }

    /// As [`builder`](Self::builder), with the credentials from `MOBISCROLL_CONNECT_CLIENT_ID`,
    /// `MOBISCROLL_CONNECT_CLIENT_SECRET` and `MOBISCROLL_CONNECT_REDIRECT_URI`, and the base URL from
    /// `MOBISCROLL_CONNECT_BASE_URL` where that is set.
    pub fn builder_from_env() -> Result<Builder, Error> {
        Ok(Builder::new(Config::from_vars(|name| std::env::var(name).ok(), seed())?))
    }

    /// A client set up from the environment alone, with tokens kept in memory.
    pub fn from_env() -> Result<Self, Error> {
        Self::builder_from_env()?.build()
    }
}

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

/// 32 bytes of the operating system's generator. Without it nobody could sign in safely, so a failure leaves
/// an all-zero seed, which `App` refuses.
fn seed() -> [u8; 32] {
    let mut seed = [0; 32];
    let _ = getrandom::fill(&mut seed);
    seed
}
