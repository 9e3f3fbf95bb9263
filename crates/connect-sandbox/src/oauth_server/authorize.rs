//! The authorization endpoint (RFC 6749 4.1.1).

use super::AuthorizationServer;
use super::Servers;
use super::back::Back;
use super::consent::{Decision, page};
use super::issued::{Code, Owner};
use super::microsoft;
use super::parameters::{Parameters, scope_tokens};
use super::pkce::Challenge;
use super::refused::Refused;
use crate::reply::Reply;
use crate::sandbox::Call;
use crate::settings::{Pkce, PublicPkce, RefreshTokens};

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
            Err(Refused::Missing(_)) if server != AuthorizationServer::Apptoto => {
                self.authorize(server, call)
            }
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
        if query.need("response_type")? != "code" {
            return Err(Refused::ResponseType);
        }
        let challenge = Challenge::asked(query, self.takes_plain(client.server))?;
        if challenge.is_none() && client.is_public() && self.needs_pkce(client.server) {
            return Err(Refused::Missing("code_challenge"));
        }
        // Apptoto has no parameter that names the user.
        let hint = query.find("login_hint").filter(|_| client.server != AuthorizationServer::Apptoto);
        let user = hint.unwrap_or(&self.world.settings.oauth.user).to_owned();
        let owner = Owner { server: client.server, client: client.id.clone(), user };
        let scopes = scope_tokens(query.need("scope")?)?;
        let (scopes, offline) = match client.server {
            AuthorizationServer::Google => {
                let offline = self.google_offline(query, &owner, back)?;
                (self.google_scopes(scopes, query, &owner)?, offline)
            }
            AuthorizationServer::Microsoft => {
                let offline = microsoft::is_offline(&scopes);
                (scopes, offline)
            }
            AuthorizationServer::Apptoto => {
                self.apptoto_admits(client, &owner.user)?;
                (
                    self.apptoto_scopes(scopes, client)?,
                    self.world.settings.apptoto.refresh_tokens != RefreshTokens::Off,
                )
            }
        };
        Ok(Asked { owner, scopes, challenge, offline })
    }

    fn give_code(&mut self, call: &Call, back: &Back, asked: Asked) -> Reply {
        let code = self.new_code(asked.owner.server);
        let redirect_uri = self.bound_redirect_uri(back);
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

    /// Whether the method `plain` of RFC 7636 is known to be taken.
    fn takes_plain(&self, server: AuthorizationServer) -> bool {
        match server {
            AuthorizationServer::Google => false,
            AuthorizationServer::Microsoft => true,
            AuthorizationServer::Apptoto => self.world.settings.apptoto.pkce == Pkce::Any,
        }
    }

    /// Whether a public application must prove itself: Apptoto has PKCE in place of a secret, the others recommend it.
    fn needs_pkce(&self, server: AuthorizationServer) -> bool {
        server == AuthorizationServer::Apptoto
            || self.world.settings.oauth.public_pkce == PublicPkce::Required
    }
}
