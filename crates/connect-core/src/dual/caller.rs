//! Traits for code that calls endpoints as a user and works with any client.

use std::{future::Future, time::Duration};

use crate::{
    base::Error,
    endpoint::Endpoint,
    sign_in::{PendingSignIn, SignIn},
    tokens::Tokens,
};

/// A signed-in user of a blocking client. `connect_blocking::User` implements this trait.
///
/// ```
/// use connect_core::{Caller, Error, types::{Calendar, ListCalendars}};
///
/// fn titles(user: &impl Caller) -> Result<Vec<String>, Error> {
///     let calendars = user.call(&ListCalendars::new())?;
///     Ok(calendars.into_iter().map(|calendar: Calendar| calendar.title).collect())
/// }
/// ```
pub trait Caller: Send + Sync {
    /// Returns the id that the application gave the user. The id is empty for the anonymous user.
    fn id(&self) -> &str;

    /// Calls an endpoint.
    fn call<E: Endpoint + Sync>(&self, endpoint: &E) -> Result<E::Output, Error>;

    /// Returns the user's tokens. Refreshes the tokens first if they are older than `max_age`.
    fn tokens(&self, max_age: Duration) -> Result<Tokens, Error>;

    /// Starts a sign-in.
    fn sign_in(&self, request: SignIn) -> Result<PendingSignIn, Error>;

    /// Finishes a sign-in with the query of the request to the redirect URI.
    fn finish(&self, sign_in: PendingSignIn, callback: &str) -> Result<(), Error>;

    /// Signs the user out.
    fn sign_out(&self) -> Result<(), Error>;
}

/// A signed-in user of an async client. `connect_hyper::User` implements this trait.
///
/// ```
/// use connect_core::{AsyncCaller, Error, types::{Calendar, ListCalendars}};
///
/// async fn titles(user: &impl AsyncCaller) -> Result<Vec<String>, Error> {
///     let calendars = user.call(&ListCalendars::new()).await?;
///     Ok(calendars.into_iter().map(|calendar: Calendar| calendar.title).collect())
/// }
/// ```
pub trait AsyncCaller: Send + Sync {
    /// Returns the id that the application gave the user. The id is empty for the anonymous user.
    fn id(&self) -> &str;

    /// Calls an endpoint.
    fn call<E: Endpoint + Sync>(&self, endpoint: &E)
    -> impl Future<Output = Result<E::Output, Error>> + Send;

    /// Returns the user's tokens. Refreshes the tokens first if they are older than `max_age`.
    fn tokens(&self, max_age: Duration) -> impl Future<Output = Result<Tokens, Error>> + Send;

    /// Starts a sign-in.
    fn sign_in(&self, request: SignIn) -> Result<PendingSignIn, Error>;

    /// Finishes a sign-in with the query of the request to the redirect URI.
    fn finish(
        &self,
        sign_in: PendingSignIn,
        callback: &str,
    ) -> impl Future<Output = Result<(), Error>> + Send;

    /// Signs the user out.
    fn sign_out(&self) -> impl Future<Output = Result<(), Error>> + Send;
}
