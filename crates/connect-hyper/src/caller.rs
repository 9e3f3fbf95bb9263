//! Implements [`AsyncCaller`] for [`User`].

use std::time::Duration;

use connect_core::{AsyncCaller, Endpoint, Error, PendingSignIn, SignIn, Tokens};

use crate::User;

impl AsyncCaller for User {
    fn id(&self) -> &str {
        self.id()
    }

    async fn call<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<E::Output, Error> {
        self.send(endpoint).await
    }

    async fn tokens(&self, max_age: Duration) -> Result<Tokens, Error> {
        self.tokens(max_age).await
    }

    fn sign_in(&self, request: SignIn) -> Result<PendingSignIn, Error> {
        self.client().auth().sign_in(request)
    }

    async fn finish(&self, sign_in: PendingSignIn, callback: &str) -> Result<(), Error> {
        self.client().auth().finish(sign_in, callback).await.map(drop)
    }

    async fn sign_out(&self) -> Result<(), Error> {
        self.sign_out().await
    }
}
