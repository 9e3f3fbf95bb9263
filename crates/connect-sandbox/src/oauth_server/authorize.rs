//! The authorization endpoint (RFC 6749 4.1.1).

use super::AuthorizationServer;
use super::Servers;
use super::back::Back;
use super::consent::{Decision, page};
use super::issued::{Code, Owner};
use super::parameters::{Parameters, scope_tokens};
use super::pkce::Challenge;
use super::refused::Refused;
use super::rules::AuthorizationRequest;
use crate::call::Call;
use crate::reply::Reply;

/// A request of an application, checked.
pub(super) struct Asked {
    pub(super) owner: Owner,
    pub(super) scopes: Vec<String>,
    challenge: Option<Challenge>,
    /// Whether a refresh token comes with it.
    offline: bool,
}

impl Servers<'_> {
    pub(super) fn authorize(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        let asks = !self.world.settings.oauth.auto_consent;
        self.authorized(server, call, if asks { Decision::Ask } else { Decision::Approve })
    }

    /// The form of the consent page; or a request whose parameters are a form, which an OpenID Provider takes as well
    /// (OpenID Connect Core 3.1.2.1).
    pub(super) fn decide(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        match Decision::read(call) {
            Ok(decision) => self.authorized(server, call, decision),
            Err(Refused::Missing(_)) if server.rules().is_openid_provider() => self.authorize(server, call),
            Err(refused) => self.refuse(server, &refused, call),
        }
    }

    fn authorized(&mut self, server: AuthorizationServer, call: &Call, decision: Decision) -> Reply {
        let asked = Parameters::anywhere(call).and_then(|query| {
            let back = self.way_back(server, call, &query)?;
            Ok((query, back))
        });
        let (query, back) = match asked {
            Ok(asked) => asked,
            Err(refused) => {
                self.world.stats.providers.of(server).authorizations.refused += 1;
                return self.refuse(server, &refused, call);
            }
        };
        let asked = self.asked(&back, &query).and_then(|asked| match decision {
            Decision::Deny => Err(Refused::Denied),
            Decision::Ask | Decision::Approve => Ok(asked),
        });
        match asked {
            Ok(asked) if decision == Decision::Ask => page(call, &back.client, &asked),
            Ok(asked) => {
                self.world.stats.providers.of(server).authorizations.granted += 1;
                self.give_code(call, &back, asked)
            }
            Err(refused) => {
                self.world.stats.providers.of(server).authorizations.refused += 1;
                back.error(&refused)
            }
        }
    }

    fn asked(&self, back: &Back, query: &Parameters) -> Result<Asked, Refused> {
        query.once()?;
        let client = &back.client;
        let (rules, settings) = (client.server.rules(), &self.world.settings);
        if query.need("response_type")? != "code" {
            return Err(Refused::ResponseType);
        }
        let challenge = Challenge::asked(query, rules.takes_plain(settings))?;
        if challenge.is_none() && client.is_public() && rules.needs_pkce(settings) {
            return Err(Refused::Missing("code_challenge"));
        }
        let hint = query.find("login_hint").filter(|_| rules.is_openid_provider());
        let user = hint.unwrap_or(&settings.oauth.user).to_owned();
        let owner = Owner { server: client.server, client: client.id.clone(), user };
        let scopes = scope_tokens(query.need("scope")?, rules.scope_separator())?;
        let request = AuthorizationRequest {
            back,
            query,
            owner: &owner,
            scopes: &scopes,
            settings,
            issued: &self.own.issued,
        };
        let offline = rules.is_offline(&request)?;
        let scopes = rules.granted(&request)?;
        Ok(Asked { owner, scopes, challenge, offline })
    }

    fn give_code(&mut self, call: &Call, back: &Back, asked: Asked) -> Reply {
        let rules = asked.owner.server.rules();
        let code = format!("{}{}", rules.prefixes().code, self.own.random.token(32));
        let redirect_uri = rules.bound_redirect_uri(back, &self.world.settings).to_owned();
        self.own.issued.consent(asked.owner.clone(), &asked.scopes);
        let grant = Code {
            owner: asked.owner,
            redirect_uri,
            challenge: asked.challenge,
            scopes: asked.scopes,
            offline: asked.offline,
            issued: call.now,
            used: None,
        };
        self.own.issued.add_code(code.clone(), grant);
        back.reply(&[("code", &code)])
    }
}
