//! The builder of a client, as one macro for both clients. See [`facade!`](crate::facade).

/// Expands to the settings that both builders share.
///
/// This macro does not define the settings for the store, the transport and the replay guard. Each client
/// defines these settings itself.
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
            /// Returns a builder for a client with the given credentials.
            ///
            /// To sign users in, set the [redirect URI](Builder::redirect_uri) as well.
            pub fn builder(
                client_id: impl Into<String>,
                client_secret: impl Into<$crate::Secret>,
            ) -> Builder {
                Builder::new($crate::Config::new(client_id, client_secret, seed()))
            }

            /// Returns a builder for a public client: a program or device that cannot keep a secret.
            ///
            /// Call [`Builder::profile`] with the profile of an authorization server that checks PKCE.
            /// Otherwise, `build` returns an error.
            pub fn public_builder(client_id: impl Into<String>) -> Builder {
                Builder::new($crate::Config::public(client_id, seed()))
            }

            /// Returns a builder for a client without sign-in, for endpoints that need no user.
            pub fn anonymous_builder() -> Builder {
                Builder::new($crate::Config::anonymous(seed()))
            }

            /// Returns a builder for a client with the credentials in the environment variables.
            ///
            /// `MOBISCROLL_CONNECT_CLIENT_ID` and `MOBISCROLL_CONNECT_CLIENT_SECRET` are required.
            /// `MOBISCROLL_CONNECT_REDIRECT_URI` and `MOBISCROLL_CONNECT_BASE_URL` are optional.
            pub fn builder_from_env() -> Result<Builder, $crate::Error> {
                Ok(Builder::new($crate::Config::from_vars(|name| std::env::var(name).ok(), seed())?))
            }

            /// Creates a client from environment variables, with a token store in memory.
            ///
            /// See [`builder_from_env`](Self::builder_from_env).
            pub fn from_env() -> Result<Self, $crate::Error> {
                Self::builder_from_env()?.build()
            }
        }

        /// Returns 32 random bytes from the operating system, or zeros if the system returns an
        /// error.
        ///
        /// `App::new` refuses a seed of zeros.
        fn seed() -> [u8; 32] {
            let mut seed = [0; 32];
            let _ = getrandom::fill(&mut seed);
            seed
        }

        impl Builder {
            /// Sets the base URL of the API. Default: Mobiscroll Connect.
            ///
            /// An anonymous client and a client with a [`profile`](Self::profile) have no default.
            #[must_use]
            pub fn base_url(mut self, url: impl Into<String>) -> Self {
                self.config.base_url = Some(url.into());
                self
            }

            /// Sets the redirect URI of sign-ins, exactly as registered for the client.
            ///
            /// A sign-in can have its own redirect URI instead: see
            /// [`SignIn::redirect_uri`](connect_core::SignIn::redirect_uri).
            #[must_use]
            pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
                self.config.redirect_uri = Some(uri.into());
                self
            }

            /// Sets the authorization server. Default: Mobiscroll Connect at the base URL.
            #[must_use]
            pub fn profile(mut self, profile: $crate::oauth::Profile) -> Self {
                self.config.profile = Some(profile);
                self
            }

            /// Sets the timeout of a call with all its attempts and waits. Default: 60 s.
            #[must_use]
            pub fn timeout(mut self, time: std::time::Duration) -> Self {
                self.config.timeout = time;
                self
            }

            /// Sets the timeout of one attempt of a call. Default: 30 s.
            #[must_use]
            pub fn attempt_timeout(mut self, time: std::time::Duration) -> Self {
                self.config.attempt_timeout = time;
                self
            }

            /// Sets the timeout of a token exchange. Default: 30 s.
            ///
            /// An exchange continues even if the call that waits for it times out.
            #[must_use]
            pub fn exchange_timeout(mut self, time: std::time::Duration) -> Self {
                self.config.exchange_timeout = time;
                self
            }

            /// Sets the timeout for making a connection. Default: 10 s.
            #[must_use]
            pub fn connect_timeout(mut self, time: std::time::Duration) -> Self {
                self.network.connect_timeout = time;
                self
            }

            /// Sets how long an idle connection stays open for another request. Default: 15 s.
            ///
            /// With zero, each request makes a new connection.
            ///
            /// Choose a time below the idle timeouts of the server and of proxies. Requests to the token
            /// endpoint never reuse a connection.
            #[must_use]
            pub fn pool_idle_timeout(mut self, time: std::time::Duration) -> Self {
                self.network.pool_idle_timeout = time;
                self
            }

            /// Sets when a failed request is sent again.
            #[must_use]
            pub fn retry(mut self, policy: $crate::RetryPolicy) -> Self {
                self.config.retry = policy;
                self
            }

            /// Sets the maximum size of a response body, in bytes after decompression. Default: 32 MiB.
            #[must_use]
            pub fn max_response_size(mut self, bytes: usize) -> Self {
                self.config.max_response_size = bytes;
                self
            }

            /// Sets the `User-Agent` of requests.
            #[must_use]
            pub fn user_agent(mut self, name: impl Into<String>) -> Self {
                self.config.user_agent = name.into();
                self
            }

            /// Trusts the given root certificates (PEM) in addition to the default certificates.
            ///
            /// The default certificates are Mozilla's list or, with `platform_verifier`, the
            /// operating system's list.
            ///
            /// Certificate checks cannot be turned off.
            #[must_use]
            pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
                self.network.root_certificates.push(pem.into());
                self
            }

            /// Trusts the certificates that the operating system trusts, instead of Mozilla's list.
            #[cfg(feature = "platform-verifier")]
            #[must_use]
            pub fn platform_verifier(mut self) -> Self {
                self.network.trust = $crate::Trust::Platform;
                self
            }

            /// Sets the cryptography library of TLS. Default: ring.
            #[cfg(all(feature = "ring", feature = "aws-lc-rs"))]
            #[must_use]
            pub fn crypto(mut self, crypto: $crate::Crypto) -> Self {
                self.network.crypto = Some(crypto);
                self
            }

            /// Sends https requests through the HTTP proxy at `url`, instead of the proxy in `HTTPS_PROXY`.
            ///
            /// The format of `url` is `[http://][user[:password]@]host[:port]`. Hosts in `NO_PROXY` and
            /// loopback addresses are reached directly.
            #[must_use]
            pub fn proxy(mut self, url: impl Into<String>) -> Self {
                self.network.proxy = Some(url.into());
                self
            }

            /// Uses no proxy, even if `HTTPS_PROXY` is set.
            #[must_use]
            pub fn no_proxy(mut self) -> Self {
                self.network.proxy = None;
                self
            }

            /// Sets the public key (`whpk_..`) that verifies deliveries until the service's keys are fetched.
            #[cfg(feature = "webhooks")]
            #[must_use]
            pub fn webhook_key(mut self, key: impl Into<String>) -> Self {
                self.config.webhook_key = Some(key.into());
                self
            }

            /// Sets webhook keys that an earlier client fetched and the application stored.
            ///
            /// The client fetches newer keys when the stored keys expire.
            ///
            /// In tests, pass [`testing::keys`](connect_core::webhooks::testing::keys).
            #[cfg(feature = "webhooks")]
            #[must_use]
            pub fn webhook_keys(mut self, keys: $crate::webhooks::FetchedKeys) -> Self {
                self.webhook_keys = Some(keys);
                self
            }

            /// Sets the observer, which is called when the server refuses a user's refresh token.
            #[must_use]
            pub fn on_session_ended(mut self, observer: impl $crate::Observer) -> Self {
                self.config.observer = Some(std::sync::Arc::new(observer));
                self
            }

            /// Sets the seed of all random numbers, for reproducible runs. Default: a random seed.
            ///
            /// Anybody who knows the seed can predict the `state` of a sign-in.
            #[must_use]
            pub fn seed(mut self, seed: impl Into<$crate::Seed>) -> Self {
                self.config.seed = seed.into();
                self
            }
        }
    };
}
