//! The revocation endpoint (RFC 7009).

use super::AuthorizationServer;
use super::Servers;
use super::error::{OAuthError, token_reply};
use super::parameters::Parameters;
use crate::call::Call;
use crate::reply::{Problem, Reply};
use crate::sandbox::no_such_endpoint;
use serde_json::json;

impl Servers<'_> {
    pub(super) fn revoke(&mut self, server: AuthorizationServer, call: &Call) -> Result<Reply, Problem> {
        let rules = server.rules();
        if !rules.revokes(&self.world.settings) {
            return Err(no_such_endpoint());
        }
        let revoked = if rules.authenticates_revocations() {
            self.revoke_own(server, call)
        } else {
            self.revoke_any(server, call)
        };
        Ok(match revoked {
            Ok(true) => {
                self.world.stats.providers.of(server).revocations += 1;
                token_reply(&json!({}))
            }
            Ok(false) => rules.unknown_token(),
            Err(error) => self.error_reply(server, &error, call),
        })
    }

    /// Revokes a token if it was issued to the client that sent the request.
    fn revoke_own(&mut self, server: AuthorizationServer, call: &Call) -> Result<bool, OAuthError> {
        let form = Parameters::form(call)?;
        let client = self.authenticate_at(server, call, &form)?;
        Ok(self.own.issued.revoke_token_of(form.need("token")?, server, &client.id))
    }

    fn revoke_any(&mut self, server: AuthorizationServer, call: &Call) -> Result<bool, OAuthError> {
        let sent = Parameters::query_or_form(call)?;
        sent.check_not_repeated()?;
        Ok(self.own.issued.revoke_token(sent.need("token")?, server))
    }
}
