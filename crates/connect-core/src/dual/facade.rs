//! The named operations, written once for both clients.
//!
//! [`facade!`](crate::facade) is expanded by each client with its own colour, `async` or `blocking`, in a module
//! that has `Client`, its `Gates` and `Pages` in scope, and functions that drive the steps;
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
    pub fn read<E: crate::endpoint::Endpoint<Answer = T>>(
        endpoint: &E,
        response: crate::base::Response,
    ) -> Result<Self, crate::base::Error> {
        let attempts = response.extensions().get::<crate::call::Attempts>().map_or(1, |attempts| attempts.0);
        let value = endpoint.decode(&response).map_err(|error| error.with_attempts(attempts))?;
        let (parts, _) = response.into_parts();
        Ok(Self { value, status: parts.status, headers: parts.headers, attempts })
    }
}

/// What came of a create that is to happen once.
#[derive(Clone, Debug)]
pub enum Once {
    /// It was created.
    Created(connect_types::Event),
    /// The answer was lost, but the event is there.
    Found(connect_types::Event),
    /// The answer was lost, for this reason, and the event is not there.
    Absent(crate::base::Error),
    /// The answer was lost, for this reason, and whether the event is there could not be found out.
    Unknown(crate::base::Error),
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
            AuthorizationCode, Callback, Endpoint, Error, Grant, Once, Paged, PendingSignIn, Reply, SignIn, Tokens, oauth::{GetMetadata, Profile},
            types::{Event, NewEvent, UpdateEvent},
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

            /// Exchanges a grant for tokens that are handed out and not kept. It is sent once; if this is given up, so
            /// are the tokens. See [`User::exchange`] for tokens that are kept.
            pub $($async)* fn grant(&self, grant: &Grant) -> Result<Tokens, Error> {
                let response = self.transmit(grant.request(self.app(), self.now())?)$($wait)*?;
                grant.read(self.app(), &response, self.now())
            }

            /// The profile of an authorization server, by the metadata it publishes about itself (RFC 8414, OpenID Connect
            /// Discovery). Any client can ask, also one of [`anonymous_builder`](Self::anonymous_builder).
            pub $($async)* fn discover(&self, issuer: &str) -> Result<Profile, Error> {
                let [oauth, openid] = Profile::metadata_urls(issuer)?;
                let found = match self.send(&GetMetadata::new(&oauth)?)$($wait)* {
                    // Not every server has both.
                    Err(error) if matches!(error.kind(), $crate::ErrorKind::NotFound) => {
                        self.send(&GetMetadata::new(&openid)?)$($wait)*
                    }
                    found => found,
                };
                Profile::from_metadata(issuer, found?.get().as_bytes())
            }

            /// Nobody: for what is written for a [`User`] and calls endpoints that need none.
            pub fn nobody(&self) -> User {
                self.user("")
            }

            /// A list that comes page by page, of an endpoint that needs no user.
            pub fn pages<E: Paged + Sync>(&self, request: E) -> Pages<E> {
                self.nobody().pages(request)
            }

            /// Calls an endpoint that needs no user.
            pub $($async)* fn send<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<E::Answer, Error> {
                let step = $crate::machine::Call::anonymous(self.app(), endpoint, self.now());
                let response = self.drive(step, None)$($wait)*?;
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
            member: std::sync::Arc<$crate::machine::Member<Gates>>,
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
            pub fn session(&self) -> &std::sync::Arc<$crate::machine::Session> {
                &self.member.session
            }

            /// Calls any endpoint in the user's name: the one door that the named operations go through as well.
            pub $($async)* fn send<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<E::Answer, Error> {
                Ok(self.reply(endpoint)$($wait)*?.value)
            }

            /// A list that comes page by page: nothing is sent before it is consumed.
            pub fn pages<E: Paged + Sync>(&self, request: E) -> Pages<E> {
                Pages::new(self.clone(), request)
            }

            /// As [`send`](Self::send), with the status and the headers of the answer.
            pub $($async)* fn reply<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<Reply<E::Answer>, Error> {
                let client = self.client();
                let step = $crate::machine::Call::start(self.session(), endpoint, client.now());
                let response = client.drive(step, Some(&self.member.gate))$($wait)*?;
                Reply::read(endpoint, response)
            }

            /// Takes this user's tokens from elsewhere, such as another SDK: saved first, then in use. Pairs of
            /// this user that were in use before are replaced.
            pub $($async)* fn import(&self, tokens: Tokens) -> Result<(), Error> {
                let session = self.session();
                self.client().persist(session, |now| session.import(tokens, now))$($wait)*
            }

            /// Exchanges the tokens for a new pair now. Calls do this by themselves when it is time: this is for
            /// who wants to see that it works. One exchange serves all who wait for one.
            pub $($async)* fn refresh(&self) -> Result<(), Error> {
                let client = self.client();
                let deadline = client.now().monotonic.saturating_add(client.app().config().timeout);
                while let Some(first) = self.session().before_refresh(deadline) {
                    client.refresh(first)$($wait)*?;
                }
                client.refresh(self.session().refresh(client.now(), deadline)?)$($wait)*
            }

            /// The tokens in use, for who hands an access token on: exchanged for a new pair first unless they were minted
            /// within `max_age`. Only where the answer to an exchange was lost they are older, for as long as they may work.
            pub $($async)* fn tokens(&self, max_age: std::time::Duration) -> Result<Tokens, Error> {
                let client = self.client();
                let asked = client.now();
                let deadline = asked.monotonic.saturating_add(client.app().config().timeout);
                while let Some(first) = self.session().before_refresh(deadline) {
                    client.refresh(first)$($wait)*?;
                }
                // The first refresh may find what another process has minted, and that may be too old as well.
                for _ in 0..2 {
                    if let Some(tokens) = self.session().tokens_within(max_age, asked) {
                        return Ok(tokens);
                    }
                    client.refresh(self.session().refresh(client.now(), deadline)?)$($wait)*?;
                }
                self.session().tokens()
            }

            /// Signs the user in with a code that came by another way than a redirect, such as from Google's popup:
            /// exchanges it and saves the tokens. See [`AuthorizationCode`] for what its caller has to check.
            pub $($async)* fn exchange(&self, code: &AuthorizationCode) -> Result<Tokens, Error> {
                let session = self.session();
                self.client().persist(session, |now| session.exchange(code, now))$($wait)*?;
                // Those of a sign-in that came later, if there is one.
                self.tokens(std::time::Duration::MAX)$($wait)*
            }

            /// Signs the user out: revokes the tokens at the service, then deletes them here whatever the
            /// service said. The service's error is returned after the deletion. One sign-out serves all callers that wait
            /// for one.
            pub $($async)* fn sign_out(&self) -> Result<(), Error> {
                let client = self.client();
                let deadline = client.now().monotonic.saturating_add(client.app().config().timeout);
                client.refresh(self.session().sign_out(deadline))$($wait)*
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
                let session = user.session();
                self.client.persist(session, |now| sign_in.finish(session, &callback, now))$($wait)*?;
                Ok(user)
            }
        }

        impl Events<'_> {
            /// Creates an event (`POST /event`). Sent again only where it surely was not processed; an error
            /// that [`may_have_happened`](Error::may_have_happened) is worth a look before the next try.
            pub $($async)* fn create(self, event: NewEvent) -> Result<Event, Error> {
                Ok(self.user.send(&event)$($wait)*?.into_event(event.target()))
            }

            /// As [`create`](Self::create), but so that a lost answer does not make two events of one: `key`, the
            /// application's own id of the event, is noted in its `custom` fields (`externalEventId`), and after a
            /// failure that leaves open whether the event was created it is looked for by that.
            ///
            /// With [`Once::Absent`] and [`Once::Unknown`], or after a crash, look again with
            /// [`find_once`](Self::find_once) before the next try: a server that is slow may create it yet.
            ///
            /// # Errors
            /// When the event was surely not created.
            pub $($async)* fn create_once(self, key: &str, event: NewEvent) -> Result<Once, Error> {
                if key.is_empty() {
                    return Err(Error::validation("the key of an event must not be empty"));
                }
                let event = event.external_event_id(key);
                let error = match self.create(event.clone())$($wait)* {
                    Ok(created) => return Ok(Once::Created(created)),
                    Err(error) if error.may_have_happened() => error,
                    Err(error) => return Err(error),
                };
                Ok(match self.find_once(key, &event)$($wait)* {
                    Ok(Some(found)) => Once::Found(found),
                    Ok(None) => Once::Absent(error),
                    Err(_) => Once::Unknown(error),
                })
            }

            /// The event that [`create_once`](Self::create_once) created with this key: looked for in its calendar,
            /// around its time.
            pub $($async)* fn find_once(self, key: &str, event: &NewEvent) -> Result<Option<Event>, Error> {
                let mut events = self.list(event.whereabouts()).items();
                while let Some(found) = events.next()$($wait)* {
                    let found = found?;
                    if found.external_event_id().as_deref() == Some(key) {
                        return Ok(Some(found));
                    }
                }
                Ok(None)
            }

            /// Changes what the update sets or clears (`PUT /event`).
            pub $($async)* fn update(self, change: UpdateEvent) -> Result<Event, Error> {
                Ok(self.user.send(&change)$($wait)*?.into_event(change.target()))
            }
        }
    };
}
