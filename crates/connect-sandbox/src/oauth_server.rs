//! What the authorization servers beside Connect's own have in common. They are on the same origin.
//!
//! ```text
//! authorize ──▶ client and redirect URI ──wrong──▶ 400, and no redirect (RFC 6749 4.1.2.1)
//!                      │
//!                      ▼
//!               the request ──wrong──▶ redirect with error and state
//!                      │
//!                      ▼
//!               consent (`auto_consent`) ──▶ redirect with code and state
//! ```
//!
//! The steps are shared; what a server does in its own way, its [`Rules`] say. A client whose endpoints can be configured
//! signs in against them as against the real ones. An access token is looked up with [`Sandbox::provider_token`].
//!
//! [`Sandbox::provider_token`]: crate::Sandbox::provider_token

mod authorize;
mod back;
mod client_auth;
mod clients;
mod consent;
mod issued;
mod parameters;
mod pkce;
mod refused;
mod revoke;
mod rules;
mod token;

use crate::apptoto::oauth::ApptotoRules;
use crate::call::Call;
use crate::google::oauth::GoogleRules;
use crate::microsoft::oauth::MicrosoftRules;
use crate::reply::{Problem, Reply};
use crate::world::World;
use crate::world::random::Random;
use serde::{Deserialize, Serialize};

pub(crate) use back::{Back, Mode};
pub(crate) use clients::{Client, loopback};
pub use clients::{ClientType, OAuthApp, OAuthCredentials};
pub use issued::ProviderToken;
pub(crate) use issued::{InvalidToken, Issued};
pub(crate) use parameters::Parameters;
pub(crate) use refused::{Refused, unstored};
pub(crate) use rules::{AuthorizationRequest, ConsentWords, Descriptions, Prefixes, Routes, Rules};

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
        self.rules().name()
    }

    pub(crate) fn rules(self) -> &'static dyn Rules {
        match self {
            Self::Google => &GoogleRules,
            Self::Microsoft => &MicrosoftRules,
            Self::Apptoto => &ApptotoRules,
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

/// The endpoints of all servers, by method and path.
pub(crate) fn routes() -> impl Iterator<Item = (&'static str, Endpoint)> {
    AuthorizationServer::ALL.into_iter().flat_map(|server| {
        server.rules().routes().iter().map(move |(name, endpoint)| (*name, endpoint(server)))
    })
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
            Endpoint::Revoke(server) => self.revoke(server, call),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn server_is_read_by_the_name_of_its_rules() {
        for server in AuthorizationServer::ALL {
            assert_eq!(serde_json::to_value(server).unwrap(), server.name());
        }
    }

    #[test]
    fn endpoint_belongs_to_one_server() {
        let names: BTreeSet<_> = routes().map(|(name, _)| name).collect();
        assert_eq!(names.len(), routes().count());
    }
}
