//! How a client is set up, written once for both: see [`facade!`](crate::facade).

/// Expands to how both clients are set up, but for the store and the transport.
#[doc(hidden)]
#[macro_export]
macro_rules! builder {
    () => {
        impl std::fmt::Debug for Builder {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct("Builder")
                    .field("config", &self.config)
                    .field("network", &self.network)
                    .finish_non_exhaustive()
            }
        }

        impl Client {
            /// A client of the application with these credentials. The redirect URI is the registered one.
            pub fn builder(
                client_id: impl Into<String>,
                client_secret: impl Into<$crate::Secret>,
                redirect_uri: impl Into<String>,
            ) -> Builder {
                Builder::new($crate::Config::new(client_id, client_secret, redirect_uri, seed()))
            }

            /// A client of a public application: an installed program or a device, which could not keep a secret. It
            /// needs the [`profile`](Builder::profile) of a server that knows PKCE.
            pub fn public_builder(client_id: impl Into<String>, redirect_uri: impl Into<String>) -> Builder {
                Builder::new($crate::Config::public(client_id, redirect_uri, seed()))
            }

            /// A client that signs nobody in: for endpoints that need no user, such as those of public calendars.
            pub fn anonymous_builder() -> Builder {
                Builder::new($crate::Config::anonymous(seed()))
            }

            /// As [`builder`](Self::builder), with the credentials from `MOBISCROLL_CONNECT_CLIENT_ID`,
            /// `MOBISCROLL_CONNECT_CLIENT_SECRET` and `MOBISCROLL_CONNECT_REDIRECT_URI`, and the base URL from
            /// `MOBISCROLL_CONNECT_BASE_URL` where that is set.
            pub fn builder_from_env() -> Result<Builder, $crate::Error> {
                Ok(Builder::new($crate::Config::from_vars(|name| std::env::var(name).ok(), seed())?))
            }

            /// A client set up from the environment alone, with tokens kept in memory.
            pub fn from_env() -> Result<Self, $crate::Error> {
                Self::builder_from_env()?.build()
            }
        }

        /// 32 bytes of the operating system's generator. Without it nobody could sign in safely, so a failure
        /// leaves an all-zero seed, which `App` refuses.
        fn seed() -> [u8; 32] {
            let mut seed = [0; 32];
            let _ = getrandom::fill(&mut seed);
            seed
        }

        impl Builder {
            /// Where the API is. Default: Mobiscroll Connect; with another [`profile`](Self::profile), and without a sign-in,
            /// there is none.
            #[must_use]
            pub fn base_url(mut self, url: impl Into<String>) -> Self {
                self.config.base_url = Some(url.into());
                self
            }

            /// The authorization server. Default: Mobiscroll Connect at the base URL.
            #[must_use]
            pub fn profile(mut self, profile: $crate::oauth::Profile) -> Self {
                self.config.profile = Some(profile);
                self
            }

            /// How long a call may take, with all its attempts and pauses. Default 60 s.
            #[must_use]
            pub fn timeout(mut self, time: std::time::Duration) -> Self {
                self.config.timeout = time;
                self
            }

            /// How long one attempt of a call may take. Default 30 s.
            #[must_use]
            pub fn attempt_timeout(mut self, time: std::time::Duration) -> Self {
                self.config.attempt_timeout = time;
                self
            }

            /// How long a token exchange may take. It runs to its end even if its caller's time is over. Default
            /// 30 s.
            #[must_use]
            pub fn exchange_timeout(mut self, time: std::time::Duration) -> Self {
                self.config.exchange_timeout = time;
                self
            }

            /// How long making a connection may take. Default 10 s.
            #[must_use]
            pub fn connect_timeout(mut self, time: std::time::Duration) -> Self {
                self.network.connect_timeout = time;
                self
            }

            /// How long an idle connection is kept for the next request: shorter than the server, or a proxy on the way,
            /// keeps it. Default 15 s; zero keeps none. Requests to the token endpoint never use a kept connection.
            #[must_use]
            pub fn pool_idle_timeout(mut self, time: std::time::Duration) -> Self {
                self.network.pool_idle_timeout = time;
                self
            }

            /// When a failed request is sent again.
            #[must_use]
            pub fn retry(mut self, policy: $crate::RetryPolicy) -> Self {
                self.config.retry = policy;
                self
            }

            /// The largest body that is read, in bytes once decoded. Default 32 MiB.
            #[must_use]
            pub fn max_response_size(mut self, bytes: usize) -> Self {
                self.config.max_response_size = bytes;
                self
            }

            /// What the client calls itself to the server.
            #[must_use]
            pub fn user_agent(mut self, name: impl Into<String>) -> Self {
                self.config.user_agent = name.into();
                self
            }

            /// Trusts these certificates (PEM) as well as Mozilla's list, or as the operating system with
            /// `platform_verifier`. There is no way to trust everything.
            #[must_use]
            pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
                self.network.root_certificates.push(pem.into());
                self
            }

            /// Trusts what the operating system trusts, instead of Mozilla's list.
            #[cfg(feature = "platform-verifier")]
            #[must_use]
            pub fn platform_verifier(mut self) -> Self {
                self.network.trust = $crate::Trust::Platform;
                self
            }

            /// Chooses the cryptography under TLS. Default: ring.
            #[cfg(all(feature = "ring", feature = "aws-lc-rs"))]
            #[must_use]
            pub fn crypto(mut self, crypto: $crate::Crypto) -> Self {
                self.network.crypto = Some(crypto);
                self
            }

            /// Goes through this HTTP proxy for https, instead of the one in `HTTPS_PROXY`:
            /// `[http://][user[:password]@]host[:port]`. The hosts in `NO_PROXY` and loopback addresses are reached
            /// without it.
            #[must_use]
            pub fn proxy(mut self, url: impl Into<String>) -> Self {
                self.network.proxy = Some(url.into());
                self
            }

            /// Goes through no proxy, whatever the environment says.
            #[must_use]
            pub fn no_proxy(mut self) -> Self {
                self.network.proxy = None;
                self
            }

            /// Verifies deliveries with this public key (`whpk_..`) for as long as the service's own keys could not be
            /// fetched.
            #[cfg(feature = "webhooks")]
            #[must_use]
            pub fn webhook_key(mut self, key: impl Into<String>) -> Self {
                self.config.webhook_key = Some(key.into());
                self
            }

            /// Begins with keys that were kept, or with those of tests: [`testing::keys`](connect_core::webhooks::testing::keys).
            /// Newer ones are fetched when these are over their time.
            #[cfg(feature = "webhooks")]
            #[must_use]
            pub fn webhook_keys(mut self, keys: $crate::webhooks::FetchedKeys) -> Self {
                self.webhook_keys = Some(keys);
                self
            }

            /// Is told when a session ends, with a sign-in ready for the user to start again.
            #[must_use]
            pub fn on_session_ended(mut self, observer: impl $crate::Observer) -> Self {
                self.config.observer = Some(std::sync::Arc::new(observer));
                self
            }

            /// Takes random numbers from this seed instead of the operating system's generator, for a run that
            /// can be repeated. Whoever knows it can foretell the `state` of a sign-in.
            #[must_use]
            pub fn seed(mut self, seed: impl Into<$crate::Seed>) -> Self {
                self.config.seed = seed.into();
                self
            }
        }
    };
}
