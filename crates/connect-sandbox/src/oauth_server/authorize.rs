//! The authorization endpoint (RFC 6749 4.1.1).

use super::AuthorizationServer;
use super::Servers;
use super::consent::{Decision, page};
use super::error::OAuthError;
use super::issued::{AuthorizationCode, GrantOwner};
use super::parameters::{Parameters, scope_tokens};
use super::pkce::Challenge;
use super::redirect_target::RedirectTarget;
use super::rules::AuthorizationRequest;
use crate::call::Call;
use crate::reply::Reply;

/// A valid authorization request.
struct CheckedRequest {
    owner: GrantOwner,
    scopes: Vec<String>,
    challenge: Option<Challenge>,
    /// Whether the token response contains a refresh token.
    offline: bool,
    nonce: Option<String>,
}

impl Servers<'_> {
    pub(super) fn authorize(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        let asks = !self.world.settings.oauth.auto_consent;
        self.authorized(server, call, if asks { Decision::Ask } else { Decision::Approve })
    }

    /// Handles a submitted consent page. An OpenID provider also accepts an authorization request
    /// as a form on the path of the consent page (OpenID Connect Core 3.1.2.1).
    pub(super) fn decide(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        match Decision::read(call) {
            Ok(decision) => self.authorized(server, call, decision),
            Err(OAuthError::Missing(_)) if server.rules().openid().is_some() => self.authorize(server, call),
            Err(error) => self.error_reply(server, &error, call),
        }
    }

    fn authorized(&mut self, server: AuthorizationServer, call: &Call, decision: Decision) -> Reply {
        let parsed = Parameters::query_or_form(call).and_then(|query| {
            let target = self.redirect_target(server, call, &query)?;
            Ok((query, target))
        });
        let (query, target) = match parsed {
            Ok(parsed) => parsed,
            Err(error) => {
                self.world.stats.providers.of(server).authorizations.refused += 1;
                return self.error_reply(server, &error, call);
            }
        };
        let request = self.check_request(&target, &query).and_then(|request| match decision {
            Decision::Deny => Err(OAuthError::Denied),
            Decision::Ask | Decision::Approve => Ok(request),
        });
        match request {
            Ok(request) if decision == Decision::Ask => {
                page(call, &target.client, &request.owner.user, &request.scopes)
            }
            Ok(request) => {
                self.world.stats.providers.of(server).authorizations.granted += 1;
                self.issue_code(call, &target, request)
            }
            Err(error) => {
                self.world.stats.providers.of(server).authorizations.refused += 1;
                target.error_reply(&error)
            }
        }
    }

    fn check_request(
        &self,
        target: &RedirectTarget,
        query: &Parameters,
    ) -> Result<CheckedRequest, OAuthError> {
        query.check_not_repeated()?;
        let client = &target.client;
        let (rules, settings) = (client.server.rules(), &self.world.settings);
        if query.need("response_type")? != "code" {
            return Err(OAuthError::ResponseType);
        }
        let challenge = Challenge::read(query, rules.accepts_plain_challenge(settings))?;
        if challenge.is_none() && client.is_public() && rules.needs_pkce(settings) {
            return Err(OAuthError::Missing("code_challenge"));
        }
        let hint = query.find("login_hint").filter(|_| rules.openid().is_some());
        let user = hint.unwrap_or(&settings.oauth.user).to_owned();
        let owner = GrantOwner { server: client.server, client: client.id.clone(), user };
        let scopes = rules.expand(scope_tokens(query.need("scope")?, rules.scope_separator())?);
        let request = AuthorizationRequest {
            target,
            query,
            owner: &owner,
            scopes: &scopes,
            settings,
            issued: &self.own.issued,
        };
        let offline = rules.is_offline(&request)?;
        let scopes = rules.granted(&request)?;
        let nonce = query.find("nonce").map(str::to_owned);
        Ok(CheckedRequest { owner, scopes, challenge, offline, nonce })
    }

    fn issue_code(&mut self, call: &Call, target: &RedirectTarget, request: CheckedRequest) -> Reply {
        let rules = request.owner.server.rules();
        let code = format!("{}{}", rules.prefixes().code, self.own.random.token(32));
        let redirect_uri = rules.bound_redirect_uri(target, &self.world.settings).to_owned();
        self.own.issued.consent(request.owner.clone(), &request.scopes);
        let grant = AuthorizationCode {
            owner: request.owner,
            redirect_uri,
            challenge: request.challenge,
            scopes: request.scopes,
            offline: request.offline,
            nonce: request.nonce,
            issued: call.now,
            used: None,
        };
        self.own.issued.add_code(code.clone(), grant);
        target.reply(&[("code", &code)])
    }
}
