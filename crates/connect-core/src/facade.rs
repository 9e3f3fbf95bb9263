//! The named operations, written once for both clients.
//!
//! [`facade!`](crate::facade) is expanded by each client with its own colour, `async` or `blocking`, in a module
//! that has `Client`, its `Gate` and `Pages` in scope, and functions that drive the steps;
//! [`builder!`](crate::builder) where the `Builder` is. So both have the same operations and settings, under the same
//! names, with the same documentation.

/// A successful answer with what came around it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply<T> {
    /// What the answer holds.
    pub value: T,
    /// The HTTP status.
    pub status: http::StatusCode,
    /// The headers.
    pub headers: http::HeaderMap,
    /// How often the request was sent.
    pub attempts: u32,
}

impl<T> Reply<T> {
    /// Reads the answer of a call.
    pub fn read<E: crate::Endpoint<Answer = T>>(
        endpoint: &E,
        response: crate::Response,
    ) -> Result<Self, crate::Error> {
        let attempts = response.extensions().get::<crate::Attempts>().map_or(1, |attempts| attempts.0);
        let value = endpoint.decode(&response).map_err(|error| error.with_attempts(attempts))?;
        let (parts, _) = response.into_parts();
        Ok(Self { value, status: parts.status, headers: parts.headers, attempts })
    }
}

/// Expands to the named operations of a client. For the clients of this workspace.
#[doc(hidden)]
#[macro_export]
macro_rules! facade {
    (async) => {
        $crate::facade!([async] [.await]);
    };
    (blocking) => {
        $crate::facade!([] []);
    };
    ([$($async:tt)*] [$($wait:tt)*]) => {
        use $crate::{
            Callback, Endpoint, Error, PendingSignIn, Reply, SignIn, Tokens,
            types::{
                Acknowledged, Calendar, CheckHealth, ConnectionStatus, DeleteEvent, Disconnect, Event,
                GetConnectionStatus, Health, ListCalendars, ListEvents, NewEvent, Subscribed, SubscribeWebhook,
                UnsubscribeWebhook, UpdateEvent,
            },
        };

        impl Client {
            /// One signed-in user. Tokens come from the store when first needed; handles of the same user share
            /// them.
            pub fn user(&self, id: &str) -> User {
                User { client: self.clone(), member: self.0.registry.member(id) }
            }

            /// The application as it is set up.
            pub fn app(&self) -> &$crate::App {
                self.0.registry.app()
            }

            /// Signing users in.
            pub fn auth(&self) -> Auth<'_> {
                Auth { client: self }
            }

            /// Asks the service whether it is well (`GET /health`).
            pub $($async)* fn health(&self) -> Result<Health, Error> {
                self.send(&CheckHealth::new())$($wait)*
            }

            /// Calls an endpoint that needs no user.
            pub $($async)* fn send<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<E::Answer, Error> {
                let step = $crate::Call::anonymous(self.app(), endpoint, self.now());
                let response = self.drive(step)$($wait)*?;
                Ok(Reply::read(endpoint, response)?.value)
            }
        }

        impl std::fmt::Debug for Client {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple("Client").field(self.app()).finish()
            }
        }

        /// One signed-in user of a [`Client`].
        #[derive(Clone)]
        pub struct User {
            client: Client,
            member: std::sync::Arc<$crate::Member<Gate>>,
        }

        impl std::fmt::Debug for User {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple("User").field(&self.id()).finish()
            }
        }

        impl User {
            /// The application's own id of the user.
            pub fn id(&self) -> &str {
                &self.session().key().user
            }

            /// The client it belongs to.
            pub fn client(&self) -> &Client {
                &self.client
            }

            /// The session all handles of this user share, for who drives the steps by hand.
            pub fn session(&self) -> &std::sync::Arc<$crate::Session> {
                &self.member.session
            }

            /// The user's calendars.
            pub fn calendars(&self) -> Calendars<'_> {
                Calendars { user: self }
            }

            /// The user's events.
            pub fn events(&self) -> Events<'_> {
                Events { user: self }
            }

            /// The accounts the user has connected.
            pub fn connections(&self) -> Connections<'_> {
                Connections { user: self }
            }

            /// The subscriptions to changes of the user's calendars.
            pub fn webhooks(&self) -> Webhooks<'_> {
                Webhooks { user: self }
            }

            /// Calls any endpoint in the user's name: the one door that the named operations go through as well.
            pub $($async)* fn send<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<E::Answer, Error> {
                Ok(self.reply(endpoint)$($wait)*?.value)
            }

            /// As [`send`](Self::send), with the status and the headers of the answer.
            pub $($async)* fn reply<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<Reply<E::Answer>, Error> {
                let client = self.client();
                let step = $crate::Call::start(self.session(), endpoint, client.now());
                let response = client.drive(step)$($wait)*?;
                Reply::read(endpoint, response)
            }

            /// Takes this user's tokens from elsewhere, such as another SDK: saved first, then in use. Pairs of
            /// this user that were in use before are replaced.
            pub $($async)* fn import(&self, tokens: Tokens) -> Result<(), Error> {
                let step = self.session().import(tokens, self.client().now());
                self.client().keep(self.session(), step)$($wait)*
            }

            /// Signs the user out: revokes the tokens at the service, then deletes them here whatever the
            /// service said. The service's error is returned after the deletion.
            pub $($async)* fn sign_out(&self) -> Result<(), Error> {
                let step = self.session().sign_out();
                self.client().keep(self.session(), step)$($wait)*
            }
        }

        /// Signing users in: see [`Client::auth`].
        #[derive(Clone, Copy, Debug)]
        pub struct Auth<'a> {
            client: &'a Client,
        }

        impl Auth<'_> {
            /// Starts a sign-in. Send the user's browser to its `url()`, and keep it in the web session until
            /// they come back.
            pub fn sign_in(self, sign_in: SignIn) -> Result<PendingSignIn, Error> {
                sign_in.start(self.client.app(), self.client.now())
            }

            /// Finishes a sign-in with the query of the request to the redirect URI (or the whole URL): checks
            /// the state, exchanges the code, checks that the tokens are this user's, saves them.
            pub $($async)* fn finish(self, sign_in: PendingSignIn, callback: &str) -> Result<User, Error> {
                let callback = Callback::parse(callback)?;
                let user = self.client.user(sign_in.user());
                let step = sign_in.finish(user.session(), &callback, self.client.now());
                self.client.keep(user.session(), step)$($wait)*?;
                Ok(user)
            }
        }

        /// The user's calendars: see [`User::calendars`].
        #[derive(Clone, Copy, Debug)]
        pub struct Calendars<'a> {
            user: &'a User,
        }

        impl Calendars<'_> {
            /// All calendars of all connected accounts (`GET /calendars`). Needs the scope `read`.
            pub $($async)* fn list(self) -> Result<Vec<Calendar>, Error> {
                self.user.send(&ListCalendars::new())$($wait)*
            }
        }

        /// The user's events: see [`User::events`].
        #[derive(Clone, Copy, Debug)]
        pub struct Events<'a> {
            user: &'a User,
        }

        impl Events<'_> {
            /// The events of a time, over all calendars unless some are named, sorted by start, page by page as
            /// they are consumed (`GET /events`). With the scope `free-busy` they have no titles.
            pub fn list(self, request: ListEvents) -> Pages<ListEvents> {
                Pages::new(self.user.clone(), request)
            }

            /// Creates an event (`POST /event`). Sent again only where it surely was not processed; an error
            /// that [`may_have_happened`](Error::may_have_happened) is worth a look before the next try.
            pub $($async)* fn create(self, event: NewEvent) -> Result<Event, Error> {
                Ok(self.user.send(&event)$($wait)*?.into_event(event.target()))
            }

            /// Changes what the update sets or clears (`PUT /event`).
            pub $($async)* fn update(self, change: UpdateEvent) -> Result<Event, Error> {
                Ok(self.user.send(&change)$($wait)*?.into_event(change.target()))
            }

            /// Deletes an event (`DELETE /event`).
            pub $($async)* fn delete(self, event: DeleteEvent) -> Result<(), Error> {
                self.user.send(&event)$($wait)*.map(|_: Acknowledged| ())
            }
        }

        /// The accounts the user has connected: see [`User::connections`].
        #[derive(Clone, Copy, Debug)]
        pub struct Connections<'a> {
            user: &'a User,
        }

        impl Connections<'_> {
            /// Which accounts are connected and how they are (`GET /oauth/connection-status`).
            pub $($async)* fn status(self) -> Result<ConnectionStatus, Error> {
                self.user.send(&GetConnectionStatus::new())$($wait)*
            }

            /// Disconnects one account, or all of a provider (`POST /oauth/disconnect`).
            pub $($async)* fn disconnect(self, which: Disconnect) -> Result<(), Error> {
                self.user.send(&which)$($wait)*.map(|_: Acknowledged| ())
            }
        }

        /// The subscriptions to changes: see [`User::webhooks`].
        #[derive(Clone, Copy, Debug)]
        pub struct Webhooks<'a> {
            user: &'a User,
        }

        impl Webhooks<'_> {
            /// Has changes of a calendar sent to the application's webhook URL (`POST /subscribe-webhook`).
            pub $($async)* fn subscribe(self, calendar: SubscribeWebhook) -> Result<Subscribed, Error> {
                self.user.send(&calendar)$($wait)*
            }

            /// Ends a subscription (`POST /unsubscribe-webhook`).
            pub $($async)* fn unsubscribe(self, channel: UnsubscribeWebhook) -> Result<(), Error> {
                self.user.send(&channel)$($wait)*.map(|_: Acknowledged| ())
            }
        }
    };
}

/// Expands to how both clients are set up, but for the store and the transport.
#[doc(hidden)]
#[macro_export]
macro_rules! builder {
    () => {
        impl Client {
            /// A client of the application with these credentials. The redirect URI is the registered one.
            pub fn builder(
                client_id: impl Into<String>,
                client_secret: impl Into<$crate::Secret>,
                redirect_uri: impl Into<String>,
            ) -> Builder {
                Builder::new($crate::Config::new(client_id, client_secret, redirect_uri, seed()))
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
            /// Where the API is. Default: Mobiscroll Connect.
            #[must_use]
            pub fn base_url(mut self, url: impl Into<String>) -> Self {
                self.config.base_url = url.into();
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

            /// Trusts these certificates (PEM) as well as the usual ones. There is no way to trust everything.
            #[must_use]
            pub fn root_certificates(mut self, pem: impl Into<Vec<u8>>) -> Self {
                self.network.root_certificates.push(pem.into());
                self
            }

            /// Goes through this HTTP proxy for https, instead of the one in `HTTPS_PROXY`. Loopback addresses
            /// are never reached through a proxy.
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
