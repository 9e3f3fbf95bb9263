//! What an authorization server does in its own way.
//!
//! The defaults are what RFC 6749, RFC 7636 and RFC 7009 say. A server states its name, its endpoints, the words of its
//! consent page, and every rule in which it differs.
//!
//! To add a server: implement [`Rules`] in a file of its own, and register it with a variant of
//! [`AuthorizationServer`](super::AuthorizationServer), and with its figures in [`Providers`](crate::stats::Providers).

use super::back::{Back, Mode};
use super::clients::Client;
use super::issued::{Issued, Owner};
use super::parameters::Parameters;
use super::refused::{Refused, tokens};
use super::{AuthorizationServer, Endpoint};
use crate::call::Call;
use crate::reply::Reply;
use crate::settings::{PublicPkce, Settings};
use crate::world::random::Random;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// The rules of one authorization server.
pub(crate) trait Rules {
    /// The name in paths, switches and figures.
    fn name(&self) -> &'static str;

    /// The endpoints.
    fn routes(&self) -> Routes;

    fn consent_words(&self) -> ConsentWords;

    /// What the consent page says of each scope, by its short name; a scope that is not there stands for itself.
    fn descriptions(&self) -> Descriptions {
        &[]
    }

    /// The name of a scope among the descriptions.
    fn short_scope<'a>(&self, scope: &'a str) -> Cow<'a, str> {
        scope.into()
    }

    /// What stands between two scopes (RFC 6749 3.3).
    fn scope_separator(&self) -> &'static str {
        " "
    }

    /// Whether the scopes of an application are chosen when it is registered, out of those with a description.
    fn registers_scopes(&self) -> bool {
        false
    }

    fn takes_one_redirect_uri(&self) -> bool {
        false
    }

    /// Whether a public application has a secret as well, which it may leave out (RFC 6749 2.1 knows of none).
    fn public_apps_have_secrets(&self) -> bool {
        false
    }

    /// Whether a secret may come with an `Origin` header, so from the script of a page.
    fn takes_secrets_of_pages(&self) -> bool {
        true
    }

    /// Whether authorize knows `login_hint`, and takes its parameters as a form (OpenID Connect Core 3.1.2.1).
    fn is_openid_provider(&self) -> bool {
        false
    }

    /// Checks what an endpoint's path leaves open.
    fn check_path(&self, _call: &Call) -> Result<(), Refused> {
        Ok(())
    }

    /// The path of the issuer identifier (RFC 9207 2).
    fn issuer_path(&self, _call: &Call) -> String {
        format!("/{}", self.name())
    }

    /// Whether authorize may redirect there.
    fn allows(&self, client: &Client, redirect_uri: &str) -> bool {
        client.has_registered(redirect_uri)
    }

    /// How authorize answers: in the query (RFC 6749 4.1.2).
    fn response_mode(&self, _redirect_uri: &str, _query: &Parameters) -> Result<Mode, Refused> {
        Ok(Mode::Query)
    }

    /// The redirect URI that the exchange of the code has to name: that of authorize (RFC 6749 4.1.3).
    fn bound_redirect_uri<'a>(&self, back: &'a Back, _settings: &Settings) -> &'a str {
        &back.redirect_uri
    }

    /// Whether the method `plain` is taken (RFC 7636 4.2).
    fn takes_plain(&self, _settings: &Settings) -> bool {
        true
    }

    /// Whether a public application has to send a code challenge.
    fn needs_pkce(&self, settings: &Settings) -> bool {
        settings.oauth.public_pkce == PublicPkce::Required
    }

    /// Whether a refresh token comes with the code. It is asked before the scopes are granted.
    fn is_offline(&self, _request: &AuthorizationRequest<'_>) -> Result<bool, Refused> {
        Ok(true)
    }

    /// The scopes that the user grants.
    fn granted(&self, request: &AuthorizationRequest<'_>) -> Result<Vec<String>, Refused> {
        Ok(request.scopes.to_vec())
    }

    /// The scopes of an access token: those the request names, which must not go beyond the grant (RFC 6749 6), or all.
    fn narrowed(&self, granted: &[String], asked: Option<Vec<String>>) -> Result<Vec<String>, Refused> {
        let Some(scopes) = asked else { return Ok(granted.to_vec()) };
        match scopes.iter().find(|scope| !granted.contains(scope)) {
            Some(scope) => Err(Refused::Scope(scope.clone())),
            None => Ok(scopes),
        }
    }

    /// The scopes as the token endpoint tells them.
    fn told(&self, scopes: &[String], _settings: &Settings) -> Vec<String> {
        scopes.to_vec()
    }

    fn prefixes(&self) -> Prefixes {
        Prefixes::default()
    }

    /// The lifetime of an access token in seconds, where it is told (RFC 6749 5.1).
    fn lifetime(&self, _settings: &Settings) -> Option<u64> {
        Some(3600)
    }

    /// The same of a refresh token.
    fn refresh_lifetime(&self, _settings: &Settings) -> Option<u64> {
        None
    }

    /// Whether a refresh gives a new refresh token as well (RFC 6749 6). The one before stays good.
    fn rotates(&self, _settings: &Settings) -> bool {
        false
    }

    /// The value of `error`.
    fn error(&self, refused: &Refused) -> &'static str {
        refused.error()
    }

    /// The members of an error beside `error` and `error_description`, or in their place.
    fn error_members(&self, _refused: &Refused, _call: &Call, _random: &mut Random) -> Map<String, Value> {
        Map::new()
    }

    /// Whether the revocation endpoint is there.
    fn revokes(&self, _settings: &Settings) -> bool {
        true
    }

    /// Whether only the client of a token, authenticated and by a form, can revoke it (RFC 7009 2.1).
    fn authenticates_revocations(&self) -> bool {
        true
    }

    /// The answer to the revocation of a token that is unknown: a success (RFC 7009 2.2).
    fn unknown_token(&self) -> Reply {
        tokens(&json!({}))
    }
}

/// Endpoints by method and path.
pub(crate) type Routes = &'static [(&'static str, fn(AuthorizationServer) -> Endpoint)];

/// Scopes with the words that users see at the real servers.
pub(crate) type Descriptions = &'static [(&'static str, &'static str)];

/// The consent page's words; in the heading `{}` stands for the application's name.
pub(crate) struct ConsentWords {
    pub(crate) heading: &'static str,
    pub(crate) allow: &'static str,
    pub(crate) deny: &'static str,
}

/// How codes and tokens begin; what follows is random.
#[derive(Default)]
pub(crate) struct Prefixes {
    pub(crate) code: &'static str,
    pub(crate) access_token: &'static str,
    pub(crate) refresh_token: &'static str,
}

/// A request of an application for a user, before it is granted.
pub(crate) struct AuthorizationRequest<'a> {
    pub(crate) back: &'a Back,
    pub(crate) query: &'a Parameters,
    pub(crate) owner: &'a Owner,
    pub(crate) scopes: &'a [String],
    pub(crate) settings: &'a Settings,
    pub(crate) issued: &'a Issued,
}
