//! The OAuth halves of three other systems, on the same origin as Connect: Google, Microsoft and Apptoto.
//!
//! ```text
//! GET  /google/o/oauth2/v2/auth                    POST /google/token   POST /google/revoke
//! GET  /microsoft/{tenant}/oauth2/v2.0/authorize   POST /microsoft/{tenant}/oauth2/v2.0/token
//! GET  /apptoto/www/oauth/authorize                POST /apptoto/api/oauth/token   (and /revoke, by a switch)
//!
//! authorize ──▶ client and redirect URI ──wrong──▶ 400, and no redirect (RFC 6749 4.1.2.1)
//!                      │
//!                      ▼
//!               the request ──wrong──▶ redirect with error and state
//!                      │
//!                      ▼
//!               consent (`auto_consent`) ──▶ redirect with code and state
//! ```
//!
//! The steps are shared; what a system does in its own way is in the file of its name. A client whose endpoints can be
//! configured signs in against them as against the real ones. An access token is looked up with
//! [`Sandbox::provider_token`].

mod apptoto;
mod authorize;
mod back;
mod client_auth;
mod clients;
mod consent;
mod description;
mod google;
mod issued;
mod microsoft;
mod parameters;
mod pkce;
mod refused;
mod routes;
mod token;

use crate::reply::{Problem, Reply};
use crate::sandbox::{Call, no_such_endpoint};
use crate::world::World;
use crate::world::random::Random;
use clients::Client;
pub use clients::{ClientType, OAuthApp, OAuthCredentials};
pub(crate) use issued::Issued;
pub use issued::ProviderToken;
use serde::{Deserialize, Serialize};

pub(crate) use routes::ROUTES;

/// An authorization server beside Connect's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AuthorizationServer {
    /// Google, under `/google`.
    Google,
    /// Microsoft's identity platform v2, under `/microsoft/{tenant}`.
    Microsoft,
    /// Apptoto, under `/apptoto/www` and `/apptoto/api`: in reality these are two hosts.
    Apptoto,
}

impl AuthorizationServer {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Google, Self::Microsoft, Self::Apptoto];

    /// The name in paths, switches and figures.
    pub fn name(self) -> &'static str {
        match self {
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::Apptoto => "apptoto",
        }
    }
}

/// An endpoint of one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// RFC 6749 3.1.
    Authorize(AuthorizationServer),
    /// The answer to the consent page of the same path.
    Decide(AuthorizationServer),
    /// RFC 6749 3.2.
    Token(AuthorizationServer),
    /// RFC 7009.
    Revoke(AuthorizationServer),
}

/// Those servers, over the world.
pub(crate) struct Servers<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) own: &'a mut State,
}

/// Their applications, and what they gave out.
#[derive(Debug)]
pub(crate) struct State {
    clients: Vec<Client>,
    pub(crate) issued: Issued,
    /// A stream of their own: who signs in here moves nothing of Connect's.
    random: Random,
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self { clients: clients::defaults(), issued: Issued::default(), random: stream(seed) }
    }

    pub(crate) fn reseed(&mut self, seed: u64) {
        self.random = stream(seed);
    }
}

fn stream(seed: u64) -> Random {
    Random::named(seed, &["neighbours"])
}

impl Servers<'_> {
    pub(crate) fn serve(&mut self, endpoint: Endpoint, call: &Call) -> Result<Reply, Problem> {
        match endpoint {
            Endpoint::Authorize(server) => Ok(self.authorize(server, call)),
            Endpoint::Decide(server) => Ok(self.decide(server, call)),
            Endpoint::Token(server) => Ok(self.token(server, call)),
            Endpoint::Revoke(AuthorizationServer::Google) => Ok(self.google_revoke(call)),
            Endpoint::Revoke(AuthorizationServer::Apptoto) => self.apptoto_revoke(call),
            // There is none, and no route to it.
            Endpoint::Revoke(AuthorizationServer::Microsoft) => Err(no_such_endpoint()),
        }
    }
}
