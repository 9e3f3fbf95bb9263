//! The parts of OpenID Connect that Google and Microsoft have in common.
//!
//! - metadata and keys: Discovery 1.0
//! - ID tokens and userinfo: Core 1.0, sections 2 and 5.3
//! - sign-out: RP-Initiated Logout 1.0

use super::clients::Client;
use super::consent::message_page;
use super::error::uncached;
use super::issued::Grant;
use super::parameters::Parameters;
use super::signing_key::{self, KEY_ID};
use super::{AuthorizationServer, Servers};
use crate::call::Call;
use crate::connect::oauth::with_query;
use crate::reply::{Reply, json_reply, ok, redirect};
use crate::sandbox::no_such_endpoint;
use crate::settings::{IdTokenFault, Settings};
use crate::world::random::Random;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use http::header::{HeaderValue, WWW_AUTHENTICATE};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// The lifetime of an ID token in seconds.
const LIFETIME_SECONDS: i64 = 3600;

/// The rules of one OpenID provider.
pub(crate) trait OpenIdRules {
    /// Returns the metadata. `base` is the URL under which the client reached the server.
    fn metadata(&self, base: &str, call: &Call, settings: &Settings) -> Value;

    /// Adds the members to a key of the key set in which this provider differs from others.
    fn complete_key(&self, key: &mut Value, base: &str);

    /// Returns the claims of an ID token in which this provider differs from others, with the issuer.
    fn claims(&self, identity: &Identity<'_>, base: &str, call: &Call, settings: &Settings) -> Value;

    /// Returns whether an ID token from the token endpoint has the claim `at_hash`.
    fn has_access_token_hash(&self) -> bool {
        false
    }

    /// Returns the subject identifier of the user.
    fn subject(&self, identity: &Identity<'_>) -> String;

    /// Returns whether these scopes give access to the userinfo endpoint.
    fn may_read_userinfo(&self, identity: &Identity<'_>) -> bool;

    /// Returns the content of the member `client_info`, which a token request can ask for.
    fn client_info(&self, _identity: &Identity<'_>, _call: &Call, _settings: &Settings) -> Option<Value> {
        None
    }
}

/// A user, the application that the user signed in to, and the granted scopes.
pub(crate) struct Identity<'a> {
    pub(crate) user: &'a str,
    pub(crate) client: &'a str,
    pub(crate) scopes: &'a [String],
}

/// The token response that an ID token belongs to.
#[derive(Clone, Copy)]
pub(super) struct IssuedToken<'a> {
    pub(super) grant: &'a Grant,
    pub(super) scopes: &'a [String],
    pub(super) access_token: &'a str,
    /// The nonce of the authorization request.
    pub(super) nonce: Option<&'a str>,
}

impl Identity<'_> {
    /// Returns whether the scope was granted, in its short form or as a Google URL.
    pub(crate) fn has(&self, scope: &str) -> bool {
        let is_scope = |known: &String| {
            known == scope || known.rsplit_once("/userinfo.").is_some_and(|known| known.1 == scope)
        };
        self.scopes.iter().any(is_scope)
    }

    /// Returns random values that are always the same for the same user and `parts`.
    pub(crate) fn values(&self, parts: &[&str]) -> Random {
        Random::named(0, &[&[self.user], parts].concat())
    }
}

/// Returns the names of the user, made from the e-mail address: the full name and its parts.
pub(crate) fn names(user: &str) -> Map<String, Value> {
    let local = user.split('@').next().unwrap_or_default();
    let capital = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_uppercase().chain(letters).collect::<String>())
    };
    let words: Vec<_> = local.split(['.', '-', '_', '+']).filter_map(capital).collect();
    let mut names = Map::from_iter([("name".to_owned(), json!(words.join(" ")))]);
    if let [given, .., family] = words.as_slice() {
        names.insert("family_name".to_owned(), json!(family));
        names.insert("given_name".to_owned(), json!(given));
    } else {
        names.insert("given_name".to_owned(), json!(words.join(" ")));
    }
    names
}

impl Servers<'_> {
    /// Returns the URL under which the client reached the server. The URL is the origin, and the name of the
    /// server unless the client uses the path of the real server.
    pub(super) fn base(&self, server: AuthorizationServer, call: &Call) -> String {
        let prefix = format!("/{}", server.name());
        let path = call.request.uri().path();
        let named = path.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with('/'));
        format!("{}{}", self.world.origin, if named { prefix.as_str() } else { "" })
    }

    pub(super) fn metadata(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        let base = self.base(server, call);
        self.document(server, call, |rules, settings| rules.metadata(&base, call, settings))
    }

    /// Returns the key set (RFC 7517 5).
    pub(super) fn keys(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        let base = self.base(server, call);
        self.document(server, call, |rules, _| {
            let mut key = signing_key::public_key();
            rules.complete_key(&mut key, &base);
            json!({ "keys": [key] })
        })
    }

    fn document(
        &mut self,
        server: AuthorizationServer,
        call: &Call,
        content: impl FnOnce(&dyn OpenIdRules, &Settings) -> Value,
    ) -> Reply {
        match (server.rules().check_path(call), server.rules().openid()) {
            (Ok(()), Some(rules)) => ok(&content(rules, &self.world.settings)),
            (Ok(()), None) => no_such_endpoint().into(),
            (Err(error), _) => self.error_reply(server, &error, call),
        }
    }

    /// Creates an ID token, if the scope `openid` was granted.
    pub(super) fn id_token(&self, issued: &IssuedToken<'_>, call: &Call) -> Option<String> {
        let IssuedToken { grant, scopes, access_token, nonce } = *issued;
        let server = grant.owner.server;
        let rules = server.rules().openid()?;
        let identity = Identity { user: &grant.owner.user, client: &grant.owner.client, scopes };
        if !identity.has("openid") {
            return None;
        }
        let now = call.now.as_second();
        let mut claims = rules.claims(&identity, &self.base(server, call), call, &self.world.settings);
        claims["aud"] = json!(identity.client);
        claims["sub"] = json!(rules.subject(&identity));
        claims["iat"] = json!(now);
        claims["exp"] = json!(now + LIFETIME_SECONDS);
        if let Some(nonce) = nonce {
            claims["nonce"] = json!(nonce);
        }
        if rules.has_access_token_hash() {
            claims["at_hash"] = json!(at_hash(access_token));
        }
        let fault = self.world.settings.oauth.id_token_fault;
        match fault {
            IdTokenFault::Issuer => claims["iss"] = json!("https://issuer.invalid"),
            IdTokenFault::Audience => claims["aud"] = json!("another-client"),
            IdTokenFault::Nonce => claims["nonce"] = json!("another-nonce"),
            IdTokenFault::Expired => claims["exp"] = json!(now - LIFETIME_SECONDS),
            IdTokenFault::Off | IdTokenFault::Key | IdTokenFault::Signature => {}
        }
        let key_id = if fault == IdTokenFault::Key { "another-key" } else { KEY_ID };
        let token = signing_key::sign(&claims, key_id)?;
        if fault == IdTokenFault::Signature {
            let other = signing_key::sign(&json!({}), key_id)?;
            let (message, _) = token.rsplit_once('.')?;
            return Some(format!("{message}.{}", other.rsplit_once('.')?.1));
        }
        Some(token)
    }

    /// Returns the member `client_info` of a token response.
    pub(super) fn client_info(
        &self,
        issued: &IssuedToken<'_>,
        call: &Call,
        form: &Parameters,
    ) -> Option<(String, Value)> {
        let owner = &issued.grant.owner;
        let identity = Identity { user: &owner.user, client: &owner.client, scopes: issued.scopes };
        let info = owner.server.rules().openid()?.client_info(&identity, call, &self.world.settings)?;
        let asked = form.find("client_info") == Some("1");
        asked.then(|| ("client_info".to_owned(), json!(URL_SAFE_NO_PAD.encode(info.to_string()))))
    }

    /// Returns claims about the user of an access token.
    pub(super) fn userinfo(&self, server: AuthorizationServer, call: &Call) -> Reply {
        let token = call.credentials("bearer").ok_or(());
        let token = token.and_then(|token| self.own.issued.bearer(token, server, call.now).map_err(drop));
        let (Ok(token), Some(rules)) = (token, server.rules().openid()) else {
            return bearer_error(StatusCode::UNAUTHORIZED, "invalid_token");
        };
        let identity = Identity { user: &token.user, client: &token.client_id, scopes: &token.scopes };
        if !rules.may_read_userinfo(&identity) {
            return bearer_error(StatusCode::FORBIDDEN, "insufficient_scope");
        }
        let mut claims = Map::from_iter([("sub".to_owned(), json!(rules.subject(&identity)))]);
        if identity.has("profile") {
            claims.extend(names(identity.user));
        }
        if identity.has("email") {
            claims.insert("email".to_owned(), json!(identity.user));
            if server == AuthorizationServer::Google {
                claims.insert("email_verified".to_owned(), json!(true));
            }
        }
        uncached(ok(&claims.into()))
    }

    /// Redirects to `post_logout_redirect_uri` if an application has registered that URI. No session ends,
    /// because the sandbox has no sessions of browsers.
    pub(super) fn sign_out(&mut self, server: AuthorizationServer, call: &Call) -> Reply {
        let query = match server.rules().check_path(call).and_then(|()| Parameters::query_or_form(call)) {
            Ok(query) => query,
            Err(error) => return self.error_reply(server, &error, call),
        };
        let named = |client: &&Client| query.find("client_id").is_none_or(|id| id == client.id);
        let mut clients = self.own.clients.iter().filter(|client| client.server == server).filter(named);
        match query.find("post_logout_redirect_uri") {
            Some(uri) if clients.any(|client| client.allows(uri)) => {
                redirect(&with_query(uri, &[("state", query.find("state"))])).unwrap_or_else(Reply::from)
            }
            _ => message_page("You signed out", ""),
        }
    }
}

/// Returns the left half of the SHA-256 hash of an access token (OpenID Connect Core 3.1.3.6).
pub(super) fn at_hash(access_token: &str) -> String {
    let hash = Sha256::digest(access_token.as_bytes());
    URL_SAFE_NO_PAD.encode(&hash[..16])
}

/// Creates an error response of a protected resource (RFC 6750 3.1).
fn bearer_error(status: StatusCode, error: &'static str) -> Reply {
    let mut reply = uncached(json_reply(status, &json!({ "error": error })));
    if let Ok(challenge) = HeaderValue::try_from(format!("Bearer error=\"{error}\"")) {
        reply.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    reply
}
