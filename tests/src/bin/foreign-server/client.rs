//! A trait with which each check runs on the blocking and the async client.

use std::{borrow::Cow, convert::identity};

use connect_core::{
    Endpoint, Error, MemoryStore, PendingSignIn, Service, SignIn, TokenKey, Tokens,
    oauth::Profile,
    types::{Auth, Raw},
};
use http::Method;

use crate::{Application, REDIRECT_URI, USER, browser::origin};

/// A blocking or async client with one user.
pub(crate) trait TestClient: Sized {
    fn anonymous() -> Result<Self, Error>;
    fn new(app: &Application, profile: &Profile, store: &MemoryStore) -> Result<Self, Error>;
    fn key(&self) -> TokenKey;
    fn discover(&self, issuer: &str) -> Result<Profile, Error>;
    fn send(&self, endpoint: &Get) -> Result<Raw, Error>;
    fn start(&self, sign_in: SignIn) -> Result<PendingSignIn, Error>;
    fn finish(&self, pending: PendingSignIn, callback: &str) -> Result<(), Error>;
    fn call(&self, endpoint: &Get) -> Result<Raw, Error>;
    fn refresh(&self) -> Result<(), Error>;
    fn import(&self, tokens: Tokens) -> Result<(), Error>;
    fn sign_out(&self) -> Result<(), Error>;
}

macro_rules! test_client {
    ($name:ident, $client:ident, $wait:path) => {
        pub(crate) struct $name($client::Client);

        impl TestClient for $name {
            fn anonymous() -> Result<Self, Error> {
                Ok(Self($client::Client::anonymous_builder().build()?))
            }

            fn new(app: &Application, profile: &Profile, store: &MemoryStore) -> Result<Self, Error> {
                let builder = match &app.secret {
                    Some(secret) => {
                        $client::Client::builder(&app.id, secret.as_str()).redirect_uri(REDIRECT_URI)
                    }
                    None => $client::Client::public_builder(&app.id).redirect_uri(REDIRECT_URI),
                };
                Ok(Self(builder.profile(profile.clone()).store(store.clone()).build()?))
            }

            fn key(&self) -> TokenKey {
                self.0.app().token_key(USER)
            }

            fn discover(&self, issuer: &str) -> Result<Profile, Error> {
                $wait(self.0.discover(issuer))
            }

            fn send(&self, endpoint: &Get) -> Result<Raw, Error> {
                $wait(self.0.send(endpoint))
            }

            fn start(&self, sign_in: SignIn) -> Result<PendingSignIn, Error> {
                self.0.auth().sign_in(sign_in)
            }

            fn finish(&self, pending: PendingSignIn, callback: &str) -> Result<(), Error> {
                $wait(self.0.auth().finish(pending, callback)).map(drop)
            }

            fn call(&self, endpoint: &Get) -> Result<Raw, Error> {
                $wait(self.0.user(USER).send(endpoint))
            }

            fn refresh(&self) -> Result<(), Error> {
                $wait(self.0.user(USER).refresh())
            }

            fn import(&self, tokens: Tokens) -> Result<(), Error> {
                $wait(self.0.user(USER).import(tokens))
            }

            fn sign_out(&self) -> Result<(), Error> {
                $wait(self.0.user(USER).sign_out())
            }
        }
    };
}

test_client!(Blocking, connect_blocking, identity);
test_client!(Hyper, connect_hyper, block_on);

thread_local! {
    static RUNTIME: tokio::runtime::Runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
}

fn block_on<F: Future>(future: F) -> F::Output {
    RUNTIME.with(|runtime| runtime.block_on(future))
}

/// A `GET` of a URL at the authorization server.
pub(crate) struct Get {
    service: Service,
    path: String,
    auth: Auth,
}

impl Get {
    /// Creates a request without an access token.
    pub(crate) fn anonymous(url: &str) -> Self {
        let origin = origin(url);
        let service = Service::new(origin).unwrap();
        Self { service, path: url[origin.len()..].to_owned(), auth: Auth::None }
    }

    /// Creates a request with the user's access token.
    pub(crate) fn of_user(url: &str) -> Self {
        Self { auth: Auth::Bearer, ..Self::anonymous(url) }
    }
}

impl Endpoint for Get {
    type Output = Raw;

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(self.path.as_str().into())
    }

    fn auth(&self) -> Auth {
        self.auth
    }

    fn service<'a>(&'a self, _: &'a Service) -> &'a Service {
        &self.service
    }
}
