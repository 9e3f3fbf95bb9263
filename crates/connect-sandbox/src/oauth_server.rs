//! The authorization servers of Google, Microsoft and Apptoto, at the origin of the sandbox.
//!
//! ```text
//! authorize ──▶ client and redirect URI ──invalid──▶ 400 without a redirect (RFC 6749 4.1.2.1)
//!                      │
//!                      ▼
//!               the request ──invalid──▶ redirect with error and state
//!                      │
//!                      ▼
//!               consent (`auto_consent`) ──▶ redirect with code and state
//! ```
//!
//! All servers follow the steps above. The [`Rules`] of a server define how it differs from the
//! other servers. To sign in at the sandbox instead of at the real server, a client needs only
//! other endpoint URLs. [`Sandbox::provider_token`] looks up an access token.
//!
//! [`Sandbox::provider_token`]: crate::Sandbox::provider_token

mod authorize;
mod client_auth;
mod clients;
mod consent;
mod device;
mod error;
mod issued;
mod openid;
mod parameters;
mod pkce;
mod redirect_target;
mod revoke;
mod rules;
mod signing_key;
mod token;

use crate::apptoto::oauth::ApptotoRules;
use crate::call::Call;
use crate::google::oauth::GoogleRules;
use crate::microsoft::oauth::MicrosoftRules;
use crate::microsoft::openid::instances;
use crate::reply::{Problem, Reply, ok};
use crate::world::World;
use crate::world::random::Random;
use serde::{Deserialize, Serialize};
use serde_json::json;
pub(crate) use signing_key::CERTIFICATE;
use signing_key::{KEY_ID, certificate};

pub(crate) use clients::{Client, loopback};
pub use clients::{ClientType, OAuthApp, OAuthCredentials};
pub(crate) use device::{DEVICE_GRANT, DeviceRules};
pub(crate) use error::{OAuthError, uncached};
pub use issued::ProviderToken;
pub(crate) use issued::{InvalidToken, Issued};
pub(crate) use openid::{Identity, OpenIdRules, names};
pub(crate) use parameters::Parameters;
pub(crate) use redirect_target::{RedirectTarget, ResponseMode};
pub(crate) use rules::{AuthorizationRequest, ConsentWords, Descriptions, Prefixes, Routes, Rules};

/// An authorization server of Google, Microsoft or Apptoto.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum AuthorizationServer {
    /// Google, under `/google`.
    Google,
    /// Microsoft's identity platform v2, under `/microsoft/{tenant}`.
    Microsoft,
    /// Apptoto, under `/apptoto/www` and `/apptoto/api`, because the real Apptoto has two hosts.
    Apptoto,
}

impl AuthorizationServer {
    /// All authorization servers except the authorization server of Connect.
    pub const ALL: [Self; 3] = [Self::Google, Self::Microsoft, Self::Apptoto];

    /// Returns the name of the server in paths, switches and statistics.
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

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// The authorization endpoint (RFC 6749 3.1).
    Authorize(AuthorizationServer),
    /// The endpoint that receives the submitted consent page, on the path of the authorization endpoint.
    Decide(AuthorizationServer),
    /// The token endpoint (RFC 6749 3.2).
    Token(AuthorizationServer),
    /// The revocation endpoint (RFC 7009).
    Revoke(AuthorizationServer),
    /// The metadata of an OpenID provider (OpenID Connect Discovery 4).
    Metadata(AuthorizationServer),
    /// The keys that sign ID tokens (RFC 7517 5).
    Keys(AuthorizationServer),
    /// The keys that sign ID tokens, as X.509 certificates by key id.
    Certificates(AuthorizationServer),
    /// The userinfo endpoint (OpenID Connect Core 5.3).
    UserInfo(AuthorizationServer),
    /// The endpoint to which a browser is sent to sign out (OpenID Connect RP-Initiated Logout 2).
    SignOut(AuthorizationServer),
    /// The device authorization endpoint (RFC 8628 3.1).
    DeviceAuthorization(AuthorizationServer),
    /// The page on which the user enters the code of a device (RFC 8628 3.3).
    DevicePage(AuthorizationServer),
    /// The endpoint that receives the consent of a device, on the path of [`Endpoint::DevicePage`].
    DeviceDecision(AuthorizationServer),
    /// Microsoft's list of the host names of its clouds.
    Instances(AuthorizationServer),
}

/// Returns the endpoints of all servers, with their methods and paths.
pub(crate) fn routes() -> impl Iterator<Item = (&'static str, Endpoint)> {
    AuthorizationServer::ALL.into_iter().flat_map(|server| {
        server.rules().routes().iter().map(move |(name, endpoint)| (*name, endpoint(server)))
    })
}

/// The authorization servers, with the shared world and their own state.
pub(crate) struct Servers<'a> {
    pub(crate) world: &'a mut World,
    pub(crate) own: &'a mut State,
}

/// The registered applications, and the codes and tokens issued to them.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct State {
    clients: Vec<Client>,
    pub(crate) issued: Issued,
    /// Generates codes, tokens and client ids. Connect has its own generator, so that sign-ins at
    /// Google, Microsoft and Apptoto do not change the values that Connect generates.
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
            Endpoint::Metadata(server) => Ok(self.metadata(server, call)),
            Endpoint::Keys(server) => Ok(self.keys(server, call)),
            Endpoint::Certificates(_) => Ok(ok(&json!({ KEY_ID: certificate() }))),
            Endpoint::UserInfo(server) => Ok(self.userinfo(server, call)),
            Endpoint::SignOut(server) => Ok(self.sign_out(server, call)),
            Endpoint::DeviceAuthorization(server) => Ok(self.device_authorization(server, call)),
            Endpoint::DevicePage(server) => Ok(self.device_page(server, call)),
            Endpoint::DeviceDecision(server) => Ok(self.device_decision(server, call)),
            Endpoint::Instances(server) => Ok(ok(&instances(&self.base(server, call), call))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn server_is_serialized_as_its_name() {
        for server in AuthorizationServer::ALL {
            assert_eq!(serde_json::to_value(server).unwrap(), server.name());
        }
    }

    #[test]
    fn endpoints_of_servers_do_not_overlap() {
        let names: BTreeSet<_> = routes().map(|(name, _)| name).collect();
        assert_eq!(names.len(), routes().count());
    }
}
