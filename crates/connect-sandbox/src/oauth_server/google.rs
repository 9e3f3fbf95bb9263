//! What Google does in its own way: refresh tokens on the first consent, scopes that add up, the popup, and revocation.

use super::AuthorizationServer;
use super::Servers;
use super::back::{Back, Mode};
use super::clients::Client;
use super::issued::Owner;
use super::parameters::Parameters;
use super::refused::{Refused, tokens, unstored};
use crate::reply::{Reply, json_reply};
use crate::sandbox::Call;
use crate::settings::{GoogleConsent, Popup, Publishing};
use http::StatusCode;
use serde_json::json;

/// What stands for a redirect URI where the code goes to a callback of the page (Google Identity Services, popup).
const POSTMESSAGE: &str = "postmessage";

/// Refresh tokens of an application that is being tested live for 7 days.
const TESTING: u64 = 7 * 24 * 3600;

/// Only the code of an application on a server is handed over so: it is exchanged there.
pub(super) fn is_popup(client: &Client, redirect_uri: &str) -> bool {
    redirect_uri == POSTMESSAGE && !client.is_public()
}

impl Servers<'_> {
    /// The scopes that are granted: those of Google's own, and with `include_granted_scopes` those of before. The switch
    /// `google_consent` lets the user tick the first one only.
    pub(super) fn google_scopes(
        &self,
        mut scopes: Vec<String>,
        query: &Parameters,
        owner: &Owner,
    ) -> Result<Vec<String>, Refused> {
        let known = |scope: &String| {
            ["openid", "email", "profile"].contains(&scope.as_str())
                || scope.strip_prefix("https://www.googleapis.com/auth/").is_some_and(|name| !name.is_empty())
        };
        if let Some(scope) = scopes.iter().find(|scope| !known(scope)) {
            return Err(Refused::Scope(scope.clone()));
        }
        if self.world.settings.google.consent == GoogleConsent::First {
            scopes.truncate(1);
        }
        if query.find("include_granted_scopes") == Some("true") {
            for scope in self.own.issued.consented(owner) {
                if !scopes.contains(scope) {
                    scopes.push(scope.clone());
                }
            }
        }
        Ok(scopes)
    }

    /// A refresh token comes on the first consent and with `prompt=consent`, if it is asked for at all. The popup has no
    /// parameter for it: its codes always ask.
    pub(super) fn google_offline(
        &self,
        query: &Parameters,
        owner: &Owner,
        back: &Back,
    ) -> Result<bool, Refused> {
        let offline = match query.find("access_type") {
            Some("offline") => true,
            Some("online") | None => back.mode == Mode::Popup,
            Some(_) => return Err(Refused::Value("access_type")),
        };
        let prompted =
            query.find("prompt").is_some_and(|prompt| prompt.split(' ').any(|one| one == "consent"));
        Ok(offline && (prompted || self.own.issued.consented(owner).is_empty()))
    }

    /// What the exchange has to name. For the popup Google's guides disagree: `postmessage`, or the page's origin.
    pub(super) fn bound_redirect_uri(&self, back: &Back) -> String {
        let origin = back.mode == Mode::Popup && self.world.settings.google.popup == Popup::Origin;
        let registered = back.client.app.redirect_uris.first();
        registered.filter(|_| origin).and_then(|uri| origin_of(uri)).unwrap_or(&back.redirect_uri).to_owned()
    }

    pub(super) fn google_refresh_lifetime(&self) -> Option<u64> {
        (self.world.settings.google.publishing == Publishing::Testing).then_some(TESTING)
    }

    /// A token in the query or in a form, and no client authentication. An unknown token is a 400, where RFC 7009 2.2 has a
    /// 200.
    pub(super) fn google_revoke(&mut self, call: &Call) -> Reply {
        let server = AuthorizationServer::Google;
        let token = Parameters::anywhere(call).and_then(|sent| {
            sent.once()?;
            sent.need("token").map(str::to_owned)
        });
        match token {
            Err(refused) => self.refuse(server, &refused, call),
            Ok(token) if self.own.issued.revoke_token(&token, server) => {
                self.world.stats.providers.of(server).revocations += 1;
                tokens(&json!({}))
            }
            Ok(_) => unstored(json_reply(StatusCode::BAD_REQUEST, &json!({ "error": "invalid_token" }))),
        }
    }
}

/// Scheme, host and port.
fn origin_of(uri: &str) -> Option<&str> {
    let start = uri.find("://")? + 3;
    let length = uri.get(start..)?.find(['/', '?']).unwrap_or(uri.len() - start);
    uri.get(..start + length)
}
