//! What Apptoto does in its own way: scopes that are ticked at registration, and much that its documentation leaves open.
//!
//! It names the two endpoints, `code`, PKCE in place of a secret, and that deleting an application revokes its tokens.
//! Refresh tokens, lifetimes, revocation and the methods of PKCE are nowhere described: each is a switch.

use super::AuthorizationServer;
use super::Servers;
use super::clients::Client;
use super::description::APPTOTO;
use super::parameters::Parameters;
use super::refused::{Refused, tokens};
use crate::reply::{Problem, Reply};
use crate::sandbox::{Call, no_such_endpoint};
use serde_json::json;

/// The older, coarse scope of the developer page's example.
const COARSE: &str = "api";

/// The names of the scopes that can be ticked.
pub(super) fn scopes() -> impl Iterator<Item = &'static str> {
    APPTOTO.iter().map(|(scope, _)| *scope)
}

impl Servers<'_> {
    /// The scopes asked for, each of which has to be ticked.
    pub(super) fn apptoto_scopes(
        &self,
        scopes: Vec<String>,
        client: &Client,
    ) -> Result<Vec<String>, Refused> {
        let coarse = self.world.settings.apptoto.scope_api;
        let allowed = |scope: &String| coarse && scope == COARSE || client.app.scopes.contains(scope);
        match scopes.iter().find(|scope| !allowed(scope)) {
            Some(scope) => Err(Refused::Scope(scope.clone())),
            None => Ok(scopes),
        }
    }

    /// An application is there for the user who registered it alone, until Apptoto publishes it.
    pub(super) fn apptoto_admits(&self, client: &Client, user: &str) -> Result<(), Refused> {
        let owner = client.owner.as_deref().unwrap_or(user);
        if self.world.settings.apptoto.published || owner == user {
            return Ok(());
        }
        Err(Refused::Denied)
    }

    pub(super) fn apptoto_lifetime(&self) -> Option<u64> {
        self.world.settings.apptoto.token_ttl
    }

    /// The form of RFC 7009, with client authentication: 200 also for a token that is unknown (2.2).
    pub(super) fn apptoto_revoke(&mut self, call: &Call) -> Result<Reply, Problem> {
        if !self.world.settings.apptoto.revoke {
            return Err(no_such_endpoint());
        }
        let server = AuthorizationServer::Apptoto;
        let result = Parameters::form(call).and_then(|form| {
            let client = self.authenticate_at(server, call, &form)?;
            let token = form.need("token")?;
            Ok(self.own.issued.revoke_token_of(token, server, &client.id))
        });
        match result {
            Err(refused) => Ok(self.refuse(server, &refused, call)),
            Ok(found) => {
                self.world.stats.providers.of(server).revocations += u64::from(found);
                Ok(tokens(&json!({})))
            }
        }
    }
}
