//! The token endpoint (RFC 6749 4.1.3 and 6).

use super::AuthorizationServer;
use super::Servers;
use super::clients::Client;
use super::issued::{GrantId, Wanted};
use super::microsoft;
use super::parameters::{Parameters, scope_tokens};
use super::refused::{Refused, tokens};
use crate::reply::Reply;
use crate::sandbox::Call;
use crate::settings::{CodeReuse, RefreshTokens};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

impl Servers<'_> {
    pub(super) fn token(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        let (kind, result) = match Parameters::form(call) {
            Ok(form) => (form.find("grant_type").map(str::to_owned), self.exchange_at(server, call, &form)),
            Err(refused) => (crate::connect::oauth::grant_type(call), Err(refused)),
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
            Ok(body) => tokens(&body),
            Err(refused) => self.refuse(server, &refused, call),
        }
    }

    fn exchange_at(
        &mut self,
        server: AuthorizationServer,
        call: &Call,
        form: &Parameters,
    ) -> Result<Value, Refused> {
        if server == AuthorizationServer::Microsoft {
            microsoft::tenant(call)?;
        }
        let client = self.authenticate_at(server, call, form)?;
        match form.need("grant_type")? {
            "authorization_code" => self.redeem_code(&client, call, form),
            "refresh_token" => self.refresh_at(&client, call, form),
            _ => Err(Refused::GrantType),
        }
    }

    fn redeem_code(&mut self, client: &Client, call: &Call, form: &Parameters) -> Result<Value, Refused> {
        let wanted = Wanted::read(client.server, &client.id, form, call.now)?;
        let asked = asked_scopes(form)?;
        let revoking = self.world.settings.oauth.code_reuse == CodeReuse::Revoke;
        let narrow = |granted: &[String]| match client.server {
            AuthorizationServer::Google | AuthorizationServer::Apptoto => {
                narrowed(granted.to_vec(), asked.clone())
            }
            AuthorizationServer::Microsoft => microsoft::for_one_resource(granted, asked.clone()),
        };
        let (grant, scopes) = self.own.issued.redeem(&wanted, revoking, narrow)?;
        Ok(self.issue(client.server, grant, scopes, call.now, true))
    }

    fn refresh_at(&mut self, client: &Client, call: &Call, form: &Parameters) -> Result<Value, Refused> {
        let token = form.need("refresh_token")?;
        let grant = self.own.issued.refreshed(token, client.server, &client.id, call.now)?;
        let granted = self.own.issued.grant(grant).map(|grant| grant.scopes.clone());
        let (granted, asked) = (granted.unwrap_or_default(), asked_scopes(form)?);
        let scopes = match client.server {
            AuthorizationServer::Google | AuthorizationServer::Apptoto => narrowed(granted, asked)?,
            AuthorizationServer::Microsoft => microsoft::for_one_resource(&granted, asked)?,
        };
        Ok(self.issue(client.server, grant, scopes, call.now, false))
    }

    /// A new access token, and a refresh token where one comes.
    fn issue(
        &mut self,
        server: AuthorizationServer,
        grant: GrantId,
        scopes: Vec<String>,
        now: Timestamp,
        first: bool,
    ) -> Value {
        let offline = self.own.issued.grant(grant).is_some_and(|grant| grant.offline);
        let lifetime = self.lifetime(server);
        let mut body = Map::new();
        body.insert("token_type".to_owned(), json!("Bearer"));
        body.insert("scope".to_owned(), json!(self.told_scope(server, &scopes)));
        if let Some(lifetime) = lifetime {
            body.insert("expires_in".to_owned(), json!(lifetime));
        }
        if offline && (first || self.rotates(server)) {
            let (token, lifetime) = (self.new_refresh_token(server), self.refresh_lifetime(server));
            if let Some(lifetime) = lifetime {
                body.insert("refresh_token_expires_in".to_owned(), json!(lifetime));
            }
            body.insert("refresh_token".to_owned(), json!(token));
            self.own.issued.add_refresh(token, grant, lifetime.map(|seconds| after(now, seconds)));
        }
        let token = self.new_access_token(server);
        body.insert("access_token".to_owned(), json!(token));
        let expires = lifetime.map(|seconds| after(now, seconds));
        self.own.issued.add_access(token, grant, scopes, expires);
        body.into()
    }

    fn told_scope(&self, server: AuthorizationServer, scopes: &[String]) -> String {
        match server {
            AuthorizationServer::Google | AuthorizationServer::Apptoto => scopes.join(" "),
            AuthorizationServer::Microsoft => self.microsoft_scope(scopes),
        }
    }

    /// Google's codes and tokens have slashes in them, as in its documentation.
    pub(super) fn new_code(&mut self, server: AuthorizationServer) -> String {
        let random = self.own.random.token(32);
        match server {
            AuthorizationServer::Google => format!("4/0{random}"),
            AuthorizationServer::Microsoft | AuthorizationServer::Apptoto => random,
        }
    }

    fn new_access_token(&mut self, server: AuthorizationServer) -> String {
        let random = self.own.random.token(40);
        match server {
            AuthorizationServer::Google => format!("1/{random}"),
            AuthorizationServer::Microsoft | AuthorizationServer::Apptoto => random,
        }
    }

    fn new_refresh_token(&mut self, server: AuthorizationServer) -> String {
        let random = self.own.random.token(48);
        match server {
            AuthorizationServer::Google => format!("1//{random}"),
            AuthorizationServer::Microsoft | AuthorizationServer::Apptoto => random,
        }
    }

    /// The lifetime of an access token in seconds, where it is told.
    fn lifetime(&self, server: AuthorizationServer) -> Option<u64> {
        match server {
            AuthorizationServer::Google => Some(self.world.settings.google.token_ttl.0),
            AuthorizationServer::Microsoft => Some(self.world.settings.microsoft.token_ttl.0),
            AuthorizationServer::Apptoto => self.apptoto_lifetime(),
        }
    }

    /// The same of a refresh token.
    fn refresh_lifetime(&self, server: AuthorizationServer) -> Option<u64> {
        match server {
            AuthorizationServer::Google => self.google_refresh_lifetime(),
            AuthorizationServer::Microsoft | AuthorizationServer::Apptoto => None,
        }
    }

    /// Whether a refresh gives a new refresh token as well. The one before stays good.
    fn rotates(&self, server: AuthorizationServer) -> bool {
        match server {
            AuthorizationServer::Google => false,
            AuthorizationServer::Microsoft => true,
            AuthorizationServer::Apptoto => self.world.settings.apptoto.refresh_tokens == RefreshTokens::New,
        }
    }
}

/// The scopes that are asked for, which must not go beyond the grant (RFC 6749 6), or all of it.
fn narrowed(granted: Vec<String>, asked: Option<Vec<String>>) -> Result<Vec<String>, Refused> {
    let Some(scopes) = asked else { return Ok(granted) };
    match scopes.iter().find(|scope| !granted.contains(scope)) {
        Some(scope) => Err(Refused::Scope(scope.clone())),
        None => Ok(scopes),
    }
}

/// The `scope` of an exchange.
fn asked_scopes(form: &Parameters) -> Result<Option<Vec<String>>, Refused> {
    form.find("scope").map(scope_tokens).transpose()
}

fn after(now: Timestamp, seconds: u64) -> Timestamp {
    let life = SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX));
    now.checked_add(life).unwrap_or(Timestamp::MAX)
}
