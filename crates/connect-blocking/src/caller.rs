//! Implements [`Caller`] for [`User`].

use std::time::Duration;

use connect_core::{Caller, Endpoint, Error, PendingSignIn, SignIn, Tokens};

use crate::User;

impl Caller for User {
    fn id(&self) -> &str {
        self.id()
    }

    fn call<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<E::Output, Error> {
        self.send(endpoint)
    }

    fn tokens(&self, max_age: Duration) -> Result<Tokens, Error> {
        self.tokens(max_age)
    }

    fn sign_in(&self, request: SignIn) -> Result<PendingSignIn, Error> {
        self.client().auth().sign_in(request)
    }

    fn finish(&self, sign_in: PendingSignIn, callback: &str) -> Result<(), Error> {
        self.client().auth().finish(sign_in, callback).map(drop)
    }

    fn sign_out(&self) -> Result<(), Error> {
        self.sign_out()
    }
}
