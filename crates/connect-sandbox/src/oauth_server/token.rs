//! The token endpoint (RFC 6749 4.1.3 and 6, RFC 8628 3.4).

use super::AuthorizationServer;
use super::Servers;
use super::clients::Client;
use super::error::{OAuthError, token_reply};
use super::issued::{CodeExchange, GrantId};
use super::openid::IssuedToken;
use super::parameters::{Parameters, scope_tokens};
use crate::call::Call;
use crate::reply::Reply;
use crate::settings::CodeReuse;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

impl Servers<'_> {
    pub(super) fn token(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        let (kind, result) = match Parameters::form(call) {
            Ok(form) => (form.find("grant_type").map(str::to_owned), self.exchange_at(server, call, &form)),
            Err(error) => (crate::connect::oauth::grant_type(call), Err(error)),
        };
        let counts = self.world.stats.providers.of(server);
        let counts = match kind.as_deref() {
            Some("authorization_code") => Some(&mut counts.code),
            Some("refresh_token") => Some(&mut counts.refresh),
            _ => None,
        };
        if let Some(counts) = counts {
            counts.granted += u64::from(result.is_ok());
            counts.refused += u64::from(result.is_err());
        }
        match result {
            Ok(body) => token_reply(&body),
            Err(error) => self.error_reply(server, &error, call),
        }
    }

    fn exchange_at(
        &mut self,
        server: AuthorizationServer,
        call: &Call,
        form: &Parameters,
    ) -> Result<Value, OAuthError> {
        server.rules().check_path(call)?;
        let client = self.authenticate_at(server, call, form)?;
        match form.need("grant_type")? {
            "authorization_code" => self.redeem_code(&client, call, form),
            "refresh_token" => self.refresh_at(&client, call, form),
            other if is_device_grant(client.server, other) => self.exchange_device(&client, call, form),
            _ => Err(OAuthError::GrantType),
        }
    }

    fn redeem_code(&mut self, client: &Client, call: &Call, form: &Parameters) -> Result<Value, OAuthError> {
        let exchange = CodeExchange::read(client.server, &client.id, form, call.now)?;
        let requested = requested_scopes(form, client.server)?;
        let revoking = self.world.settings.oauth.code_reuse == CodeReuse::Revoke;
        let narrow = |granted: &[String]| client.server.rules().token_scopes(granted, requested.clone());
        let (grant, scopes) = self.own.issued.redeem(&exchange, revoking, narrow)?;
        Ok(self.issue(call, form, grant, scopes, true))
    }

    fn exchange_device(
        &mut self,
        client: &Client,
        call: &Call,
        form: &Parameters,
    ) -> Result<Value, OAuthError> {
        let requested = requested_scopes(form, client.server)?;
        let narrow = |granted: &[String]| client.server.rules().token_scopes(granted, requested.clone());
        let (grant, scopes) = self.redeem_device(client, form, call.now, narrow)?;
        Ok(self.issue(call, form, grant, scopes, true))
    }

    fn refresh_at(&mut self, client: &Client, call: &Call, form: &Parameters) -> Result<Value, OAuthError> {
        let token = form.need("refresh_token")?;
        let grant = self.own.issued.grant_of_refresh_token(token, client.server, &client.id, call.now)?;
        let granted = self.own.issued.grant(grant).map_or(&[][..], |grant| &grant.scopes);
        let scopes = client.server.rules().token_scopes(granted, requested_scopes(form, client.server)?)?;
        Ok(self.issue(call, form, grant, scopes, false))
    }

    /// Issues an access token and, for OpenID Connect, an ID token. If the grant has offline access, the
    /// first exchange also issues a refresh token. If the server also rotates refresh tokens, each refresh of
    /// such a grant issues a new refresh token.
    fn issue(
        &mut self,
        call: &Call,
        form: &Parameters,
        id: GrantId,
        scopes: Vec<String>,
        first: bool,
    ) -> Value {
        let mut body = Map::new();
        let Some(grant) = self.own.issued.grant(id).cloned() else { return body.into() };
        let (rules, settings) = (grant.owner.server.rules(), &self.world.settings);
        let (lifetime, prefixes) = (rules.lifetime(settings), rules.prefixes());
        let told = rules.response_scopes(&scopes, settings).join(rules.scope_separator());
        body.insert("token_type".to_owned(), json!("Bearer"));
        body.insert("scope".to_owned(), json!(told));
        if let Some(lifetime) = lifetime {
            body.insert("expires_in".to_owned(), json!(lifetime));
        }
        if grant.offline && (first || rules.rotates(settings)) {
            let token = format!("{}{}", prefixes.refresh_token, self.own.random.token(48));
            let lifetime = rules.refresh_lifetime(settings);
            if let Some(lifetime) = lifetime {
                body.insert("refresh_token_expires_in".to_owned(), json!(lifetime));
            }
            body.insert("refresh_token".to_owned(), json!(token));
            self.own.issued.add_refresh(token, id, lifetime.map(|seconds| after(call.now, seconds)));
        }
        let token = format!("{}{}", prefixes.access_token, self.own.random.token(40));
        body.insert("access_token".to_owned(), json!(token));
        // The ID token of a sign-in is about the scopes of the sign-in, even if the access token has fewer.
        let issued = IssuedToken {
            grant: &grant,
            scopes: if first { &grant.scopes } else { &scopes },
            access_token: &token,
            nonce: grant.nonce.as_deref().filter(|_| first),
        };
        if let Some(id_token) = self.id_token(&issued, call) {
            body.insert("id_token".to_owned(), json!(id_token));
            body.extend(self.client_info(&issued, call, form));
        }
        let expires = lifetime.map(|seconds| after(call.now, seconds));
        self.own.issued.add_access(token, id, scopes, expires);
        body.into()
    }
}

fn is_device_grant(server: AuthorizationServer, grant_type: &str) -> bool {
    server.rules().device().is_some_and(|device| device.grant_types.contains(&grant_type))
}

/// Returns the requested scopes of an exchange.
fn requested_scopes(
    form: &Parameters,
    server: AuthorizationServer,
) -> Result<Option<Vec<String>>, OAuthError> {
    let separator = server.rules().scope_separator();
    let scopes = form.find("scope").map(|scope| scope_tokens(scope, separator)).transpose()?;
    Ok(scopes.map(|scopes| server.rules().expand(scopes)))
}

fn after(now: Timestamp, seconds: u64) -> Timestamp {
    let life = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    now.checked_add(life).unwrap_or(Timestamp::MAX)
}
