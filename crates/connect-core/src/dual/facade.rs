//! The methods of clients and users, as one macro for both clients.
//!
//! Each client expands [`facade!`](crate::facade) with `async` or `blocking` in the module of its `Client`,
//! and [`builder!`](crate::builder) in the module of its `Builder`. Therefore both clients have methods and
//! settings with equal names and documentation. The module of `Client` must also define or
//! import the types `SessionLocks`, `Events` and `Pages`, and must define the methods of `Client` that the
//! macro calls: `now`, `transmit`, `drive`, `refresh` and `persist`.

/// A successful response with its status and headers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply<T> {
    /// The decoded body.
    pub value: T,
    /// The HTTP status.
    pub status: http::StatusCode,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The number of times the request was sent.
    pub attempts: u32,
}

impl<T> Reply<T> {
    /// Decodes the response to a call.
    pub fn read<E: crate::endpoint::Endpoint<Output = T>>(
        endpoint: &E,
        response: crate::base::Response,
    ) -> Result<Self, crate::base::Error> {
        let attempts = response.extensions().get::<crate::call::Attempts>().map_or(1, |attempts| attempts.0);
        let value = endpoint.decode(&response).map_err(|error| error.with_attempts(attempts))?;
        let (parts, _) = response.into_parts();
        Ok(Self { value, status: parts.status, headers: parts.headers, attempts })
    }
}

/// The outcome of the clients' `create_once`.
#[derive(Clone, Debug)]
pub enum CreateOutcome {
    /// The event was created.
    Created(connect_types::Event),
    /// A search found the event: an earlier call created it, or the response of this call was lost.
    Found(connect_types::Event),
    /// The request failed with the contained error, and a search did not find the event.
    Absent(crate::base::Error),
    /// The request failed with the contained error, and the search failed as well.
    Unknown(crate::base::Error),
}

/// Expands to the text of a doc test with the given code. `.await` stands between the parts of the code.
///
/// The code can use `client`, `user`, a new event `new`, an event `event` and the crate `connect`.
#[doc(hidden)]
#[macro_export]
macro_rules! example {
    ([async] $first:literal $(, $next:literal)*) => {
        concat!(
            " ```no_run\n # use connect_hyper as connect;\n # async fn example(client: connect::Client, user: connect::User, new: connect::types::NewEvent, event: connect::types::Event) ",
            "-> Result<(), connect::Error> {\n", $first $(, ".await", $next)*, "\n # Ok(()) }\n ```"
        )
    };
    ([] $first:literal $(, $next:literal)*) => {
        concat!(
            " ```no_run\n # use connect_blocking as connect;\n # fn example(client: connect::Client, user: connect::User, new: connect::types::NewEvent, event: connect::types::Event) ",
            "-> Result<(), connect::Error> {\n", $first $(, $next)*, "\n # Ok(()) }\n ```"
        )
    };
}

/// Expands to the methods of a client and its users. Only the clients of this workspace use this
/// macro.
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
            AuthorizationCode, Callback, Endpoint, Error, Grant, CreateOutcome, Paged, PendingSignIn, Reply, SignIn, Tokens, oauth::{GetMetadata, Profile},
            types::{Event, NewEvent, UpdateEvent},
        };

        impl Client {
            /// Returns a handle of a user. All handles of a user share the user's tokens.
            ///
            /// The first call that needs the tokens loads them from the store.
            pub fn user(&self, id: &str) -> User {
                User { client: self.clone(), member: self.0.registry.member(id) }
            }

            /// Returns the application with its configuration.
            pub fn app(&self) -> &$crate::App {
                self.0.registry.app()
            }

            /// Returns the methods that sign users in.
            pub fn auth(&self) -> Auth<'_> {
                Auth { client: self }
            }

            /// Exchanges a grant for tokens and returns them without storing them.
            ///
            /// The request is not retried. If the call is cancelled, the tokens are lost. To store the
            /// tokens, use [`User::exchange`].
            pub $($async)* fn grant(&self, grant: &Grant) -> Result<Tokens, Error> {
                let response = self.transmit(grant.request(self.app(), self.now())?)$($wait)*?;
                grant.read(self.app(), &response, self.now())
            }

            /// Creates an authorization server's profile from the metadata that the server publishes.
            ///
            /// The metadata format is RFC 8414 or OpenID Connect Discovery. This method needs no user, so it
            /// also works with a client from [`anonymous_builder`](Self::anonymous_builder).
            pub $($async)* fn discover(&self, issuer: &str) -> Result<Profile, Error> {
                let [oauth, openid] = Profile::metadata_urls(issuer)?;
                let found = match self.send(&GetMetadata::new(&oauth)?)$($wait)* {
                    // Many servers publish only one of the two documents.
                    Err(error) if matches!(error.kind(), $crate::ErrorKind::NotFound) => {
                        self.send(&GetMetadata::new(&openid)?)$($wait)*
                    }
                    found => found,
                };
                Profile::from_metadata(issuer, found?.get().as_bytes())
            }

            /// Returns an anonymous [`User`], which can call the endpoints that need no user.
            pub fn nobody(&self) -> User {
                self.user("")
            }

            /// Lists the items of an endpoint that needs no user, page by page.
            pub fn pages<E: Paged + Sync>(&self, request: E) -> Pages<E> {
                self.nobody().pages(request)
            }

            /// Calls an endpoint that needs no user.
            pub $($async)* fn send<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<E::Output, Error> {
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
        ///
        #[doc = $crate::example!([$($async)*]
            "let user = client.user(\"user-123\"); // the tokens are in the store\nfor calendar in user.calendars().list()",
            "? {\n    println!(\"{}\", calendar.title);\n}"
        )]
        #[derive(Clone)]
        pub struct User {
            client: Client,
            member: std::sync::Arc<$crate::machine::Member<SessionLocks>>,
        }

        impl std::fmt::Debug for User {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple("User").field(&self.id()).finish()
            }
        }

        impl User {
            /// Returns the id that the application gave the user.
            pub fn id(&self) -> &str {
                &self.session().key().user
            }

            /// Returns the client of this user.
            pub fn client(&self) -> &Client {
                &self.client
            }

            /// Returns the session that all handles of this user share.
            ///
            /// Only callers that drive the steps themselves need the session.
            pub fn session(&self) -> &std::sync::Arc<$crate::machine::Session> {
                &self.member.session
            }

            /// Calls any endpoint as this user.
            pub $($async)* fn send<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<E::Output, Error> {
                Ok(self.reply(endpoint)$($wait)*?.value)
            }

            /// Lists the items of an endpoint, page by page.
            ///
            /// The first request is sent when the first item is read.
            pub fn pages<E: Paged + Sync>(&self, request: E) -> Pages<E> {
                Pages::new(self.clone(), request)
            }

            /// Calls an endpoint like [`send`](Self::send), and also returns the status and the headers.
            pub $($async)* fn reply<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<Reply<E::Output>, Error> {
                Reply::read(endpoint, self.respond(endpoint)$($wait)*?)
            }

            /// Calls an endpoint, and returns the response without decoding it.
            pub(crate) $($async)* fn respond<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<$crate::Response, Error> {
                let client = self.client();
                let step = $crate::machine::Call::start(self.session(), endpoint, client.now());
                client.drive(step, Some(&self.member.gate))$($wait)*
            }

            /// Stores tokens from another source, such as another SDK, in place of the user's current tokens.
            pub $($async)* fn import(&self, tokens: Tokens) -> Result<(), Error> {
                let session = self.session();
                self.client().persist(session, |now| session.import(tokens, now))$($wait)*
            }

            /// Refreshes the tokens now, for example to check that a refresh works.
            ///
            /// Most applications do not need this method, because each call refreshes the tokens when
            /// necessary. All callers that wait for a refresh of this user share one exchange.
            pub $($async)* fn refresh(&self) -> Result<(), Error> {
                let client = self.client();
                let deadline = client.now().monotonic.saturating_add(client.app().config().timeout);
                while let Some(first) = self.session().before_refresh(deadline) {
                    client.refresh(first)$($wait)*?;
                }
                client.refresh(self.session().refresh(client.now(), deadline)?)$($wait)*
            }

            /// Returns tokens that are at most `max_age` old, for callers that pass an access token on.
            ///
            /// If the current tokens are older than `max_age`, this method refreshes them first. But if
            /// the response to the last refresh was lost, this method returns the current tokens until
            /// they expire.
            pub $($async)* fn tokens(&self, max_age: std::time::Duration) -> Result<Tokens, Error> {
                let client = self.client();
                let asked = client.now();
                let deadline = asked.monotonic.saturating_add(client.app().config().timeout);
                while let Some(first) = self.session().before_refresh(deadline) {
                    client.refresh(first)$($wait)*?;
                }
                // The first refresh may only load the tokens of another process, and these may be too old.
                for _ in 0..2 {
                    if let Some(tokens) = self.session().tokens_within(max_age, asked) {
                        return Ok(tokens);
                    }
                    client.refresh(self.session().refresh(client.now(), deadline)?)$($wait)*?;
                }
                self.session().tokens()
            }

            /// Signs the user in with a code that no redirect delivered, such as a code from Google's popup.
            ///
            /// Exchanges the code, stores the tokens and returns them.
            ///
            /// See [`AuthorizationCode`] for the checks that the caller has to make.
            pub $($async)* fn exchange(&self, code: &AuthorizationCode) -> Result<Tokens, Error> {
                let session = self.session();
                self.client().persist(session, |now| session.exchange(code, now))$($wait)*?;
                // If a later sign-in has ended since the exchange, this returns the tokens of the later one.
                self.tokens(std::time::Duration::MAX)$($wait)*
            }

            /// Signs the user out: revokes the tokens, then deletes them even if the revocation failed.
            ///
            /// If the revocation failed, this method still deletes the tokens, and then returns the
            /// error of the revocation.
            ///
            /// If several callers sign this user out at the same time, a caller that still waits when another
            /// sign-out starts gets the outcome of the other sign-out.
            pub $($async)* fn sign_out(&self) -> Result<(), Error> {
                let client = self.client();
                let deadline = client.now().monotonic.saturating_add(client.app().config().timeout);
                client.refresh(self.session().sign_out(deadline))$($wait)*
            }
        }

        /// Signs users in: see [`Client::auth`].
        ///
        #[doc = $crate::example!([$($async)*]
            "# fn redirect(_: &str) {}\n# let callback_query = \"\";\nuse connect::{SignIn, types::Scope};\n\nlet sign_in = client.auth().sign_in(SignIn::new(\"user-123\").scope(Scope::Read))?;\nredirect(sign_in.url()); // keep `sign_in` in the web session until the callback\nlet user = client.auth().finish(sign_in, callback_query)",
            "?;"
        )]
        #[derive(Clone, Copy, Debug)]
        pub struct Auth<'a> {
            client: &'a Client,
        }

        impl Auth<'_> {
            /// Starts a sign-in.
            ///
            /// Send the user's browser to the `url()` of the returned sign-in. Store the returned sign-in in
            /// the web session until the callback.
            ///
            #[doc = $crate::example!([$($async)*]
                "use connect::SignIn;\n\nlet sign_in = client.auth().sign_in(SignIn::new(\"user-123\").language(\"es\"))?;\nprintln!(\"{}\", sign_in.url());"
            )]
            pub fn sign_in(self, sign_in: SignIn) -> Result<PendingSignIn, Error> {
                sign_in.start(self.client.app(), self.client.now())
            }

            /// Finishes a sign-in with the query (or the whole URL) of the request to the redirect URI.
            ///
            /// Checks the state, exchanges the code and stores the tokens. If the server is Mobiscroll
            /// Connect and the access token is a JSON Web Token, the tokens are stored only if the access
            /// token was issued for the user of the sign-in.
            ///
            #[doc = $crate::example!([$($async)*]
                "# let sign_in = client.auth().sign_in(connect::SignIn::new(\"user-123\"))?;\nlet user = client.auth().finish(sign_in, \"code=4%2F0Ab&state=k3J\")",
                "?;"
            )]
            pub $($async)* fn finish(self, sign_in: PendingSignIn, callback: &str) -> Result<User, Error> {
                let callback = Callback::parse(callback)?;
                let user = self.client.user(sign_in.user());
                let session = user.session();
                self.client.persist(session, |now| sign_in.finish(session, &callback, now))$($wait)*?;
                Ok(user)
            }
        }

        impl Events<'_> {
            /// Creates an event (`POST /event`).
            ///
            /// The request is sent again only if the service certainly did not process it. If this
            /// method returns an error for which [`Error::may_have_happened`] is true, check whether the
            /// event exists before you try again.
            ///
            #[doc = $crate::example!([$($async)*]
                "use connect::{jiff::Timestamp, types::NewEvent};\n\nlet calendars = user.calendars().list()",
                "?;\nlet (start, end): (Timestamp, Timestamp) = (\"2027-01-04T09:00:00Z\".parse().unwrap(), \"2027-01-04T09:30:00Z\".parse().unwrap());\nlet stand_up = NewEvent::new(&calendars[0], \"Stand-up\", start, end).attendee(\"grace@example.com\");\nlet event = user.events().create(stand_up)",
                "?;"
            )]
            pub $($async)* fn create(self, event: NewEvent) -> Result<Event, Error> {
                Ok(self.user.send(&event)$($wait)*?.into_event(event.target()))
            }

            /// Creates an event unless an event with the same key exists, even if a response is lost.
            ///
            /// `key` is the id that the application gives the event. The key is stored in the
            /// `custom` fields of the event (`externalEventId`). The client searches for an event with this
            /// key first, and again if it is unknown whether a failed request created the event.
            ///
            /// After [`CreateOutcome::Absent`], [`CreateOutcome::Unknown`] or a crash, wait before the next
            /// attempt, because a slow server may still create the event. Two calls at the same time can
            /// create two events, because the service does not compare keys.
            ///
            /// # Errors
            /// If the event was certainly not created by this call.
            ///
            #[doc = $crate::example!([$($async)*]
                "use connect::CreateOutcome;\n\nmatch user.events().create_once(\"order-17\", new)",
                "? {\n    CreateOutcome::Created(event) | CreateOutcome::Found(event) => println!(\"{}\", event.id),\n    CreateOutcome::Absent(error) | CreateOutcome::Unknown(error) => eprintln!(\"check again later: {error}\"),\n}"
            )]
            pub $($async)* fn create_once(self, key: &str, event: NewEvent) -> Result<CreateOutcome, Error> {
                if key.is_empty() {
                    return Err(Error::validation("the key of the event is empty (expected the id that the application gives the event)"));
                }
                if let Some(found) = self.find_once(key, &event)$($wait)*? {
                    return Ok(CreateOutcome::Found(found));
                }
                let event = event.external_event_id(key);
                let error = match self.create(event.clone())$($wait)* {
                    Ok(created) => return Ok(CreateOutcome::Created(created)),
                    Err(error) if error.may_have_happened() => error,
                    Err(error) => return Err(error),
                };
                Ok(match self.find_once(key, &event)$($wait)* {
                    Ok(Some(found)) => CreateOutcome::Found(found),
                    Ok(None) => CreateOutcome::Absent(error),
                    Err(_) => CreateOutcome::Unknown(error),
                })
            }

            /// Returns the event that [`create_once`](Self::create_once) created with `key`, if any.
            ///
            /// Searches the calendar of `event` around the time of `event`.
            ///
            #[doc = $crate::example!([$($async)*]
                "if let Some(event) = user.events().find_once(\"order-17\", &new)",
                "? {\n    println!(\"{} exists\", event.id);\n}"
            )]
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

            /// Updates an event (`PUT /event`): changes only the fields that `change` sets or clears.
            ///
            #[doc = $crate::example!([$($async)*]
                "let event = user.events().update(event.change()?.location(\"Room 5\").clear_description())",
                "?;"
            )]
            pub $($async)* fn update(self, change: UpdateEvent) -> Result<Event, Error> {
                Ok(self.user.send(&change)$($wait)*?.into_event(change.target()))
            }
        }
    };
}
