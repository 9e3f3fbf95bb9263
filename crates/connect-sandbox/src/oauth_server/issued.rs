//! The codes, tokens and grants that the authorization servers issued.
//!
//! Exchanging a code creates a grant. Revoking a grant invalidates all its tokens.

use super::AuthorizationServer;
use super::device::DeviceRequest;
use super::error::OAuthError;
use super::parameters::Parameters;
use super::pkce::{Challenge, check_verifier};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct AuthorizationCode {
    pub(super) owner: GrantOwner,
    /// The redirect URI that the exchange must send.
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<Challenge>,
    pub(super) scopes: Vec<String>,
    /// Whether the token response contains a refresh token.
    pub(super) offline: bool,
    /// The nonce for the ID token (OpenID Connect Core 3.1.2.1).
    pub(super) nonce: Option<String>,
    pub(super) issued: Timestamp,
    /// The grant that the exchange of the code created; `None` before the exchange.
    pub(super) used: Option<GrantId>,
}

/// The server, application and user that a code or grant belongs to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct GrantOwner {
    pub(super) server: AuthorizationServer,
    pub(super) client: String,
    pub(crate) user: String,
}

/// The time in which a code can be exchanged. RFC 6749 4.1.2 recommends at most 10 minutes.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GrantId(usize);

/// The access that a user granted to an application in one sign-in.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Grant {
    pub(super) owner: GrantOwner,
    pub(super) scopes: Vec<String>,
    pub(super) offline: bool,
    pub(super) nonce: Option<String>,
    revoked: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccessToken {
    grant: GrantId,
    scopes: Vec<String>,
    expires: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RefreshToken {
    grant: GrantId,
    expires: Option<Timestamp>,
}

/// The properties of an access token of Google, Microsoft or Apptoto.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderToken {
    /// The authorization server that issued the token.
    pub server: AuthorizationServer,
    /// The client id of the application that the token was issued to.
    pub client_id: String,
    /// The user who granted access.
    pub user: String,
    /// The scopes of the token. The user may have granted more scopes in the sign-in.
    pub scopes: Vec<String>,
    /// The expiry time by the sandbox's clock; `None` if the token does not expire.
    pub expires: Option<Timestamp>,
}

/// The reason why an access token is not valid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvalidToken {
    /// The token is unknown, revoked, or from another server.
    Unknown,
    Expired,
}

/// The codes, tokens and grants of all servers.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Issued {
    codes: BTreeMap<String, AuthorizationCode>,
    access: BTreeMap<String, AccessToken>,
    refresh: BTreeMap<String, RefreshToken>,
    grants: Vec<Grant>,
    pub(super) devices: Vec<DeviceRequest>,
    /// The scopes that each user has granted to each application so far.
    #[serde(with = "crate::stored::pairs")]
    consents: BTreeMap<GrantOwner, Vec<String>>,
}

impl Issued {
    pub(super) fn add_code(&mut self, code: String, grant: AuthorizationCode) {
        self.codes.insert(code, grant);
    }

    /// Exchanges a code for a grant. `narrow` selects the scopes of the first access token from the granted
    /// scopes.
    ///
    /// Fails if the code was exchanged before, has expired, or was issued to another application, and if the
    /// redirect URI or the code verifier does not match. If `revoking` is true, a second exchange also
    /// revokes the grant (RFC 6749 4.1.2).
    pub(super) fn redeem(
        &mut self,
        exchange: &CodeExchange<'_>,
        revoking: bool,
        narrow: impl Fn(&[String]) -> Result<Vec<String>, OAuthError>,
    ) -> Result<(GrantId, Vec<String>), OAuthError> {
        let code = self.codes.get_mut(exchange.code).ok_or(OAuthError::Code)?;
        if code.owner.server != exchange.server || code.owner.client != exchange.client {
            return Err(OAuthError::Code);
        }
        if let Some(grant) = code.used {
            if revoking {
                self.revoke(grant);
            }
            return Err(OAuthError::CodeUsed);
        }
        if code.issued.duration_until(exchange.now) > CODE_LIFE {
            return Err(OAuthError::CodeExpired);
        }
        if code.redirect_uri != exchange.redirect_uri {
            return Err(OAuthError::RedirectMismatch);
        }
        check_verifier(code.challenge.as_ref(), exchange.verifier)?;
        let narrowed = narrow(&code.scopes)?;
        let id = GrantId(self.grants.len());
        code.used = Some(id);
        let (owner, scopes, nonce) = (code.owner.clone(), code.scopes.clone(), code.nonce.clone());
        self.grants.push(Grant { owner, scopes, offline: code.offline, nonce, revoked: false });
        Ok((id, narrowed))
    }

    pub(super) fn add_grant(&mut self, owner: GrantOwner, scopes: Vec<String>, offline: bool) -> GrantId {
        self.grants.push(Grant { owner, scopes, offline, nonce: None, revoked: false });
        GrantId(self.grants.len() - 1)
    }

    /// Returns the grant of a refresh token that was issued to this application.
    pub(super) fn grant_of_refresh_token(
        &self,
        token: &str,
        server: AuthorizationServer,
        client: &str,
        now: Timestamp,
    ) -> Result<GrantId, OAuthError> {
        let refresh = self.refresh.get(token).ok_or(OAuthError::RefreshToken)?;
        let grant = self.grant(refresh.grant).ok_or(OAuthError::RefreshToken)?;
        if grant.owner.server != server || grant.owner.client != client {
            return Err(OAuthError::RefreshToken);
        }
        match refresh.expires {
            Some(expires) if now >= expires => Err(OAuthError::RefreshExpired),
            _ => Ok(refresh.grant),
        }
    }

    /// Returns a grant unless it is revoked.
    pub(super) fn grant(&self, id: GrantId) -> Option<&Grant> {
        self.grants.get(id.0).filter(|grant| !grant.revoked)
    }

    pub(super) fn add_access(
        &mut self,
        token: String,
        grant: GrantId,
        scopes: Vec<String>,
        expires: Option<Timestamp>,
    ) {
        self.access.insert(token, AccessToken { grant, scopes, expires });
    }

    pub(super) fn add_refresh(&mut self, token: String, grant: GrantId, expires: Option<Timestamp>) {
        self.refresh.insert(token, RefreshToken { grant, expires });
    }

    /// Revokes the grant of an access or refresh token of this server. Returns false if the server
    /// did not issue the token, or if the grant was already revoked.
    pub(super) fn revoke_token(&mut self, token: &str, server: AuthorizationServer) -> bool {
        let access = self.access.get(token).map(|access| access.grant);
        let Some(id) = access.or_else(|| self.refresh.get(token).map(|refresh| refresh.grant)) else {
            return false;
        };
        let found = self.grant(id).is_some_and(|grant| grant.owner.server == server);
        if found {
            self.revoke(id);
        }
        found
    }

    /// Revokes the grant of a token if the token was issued to this client (RFC 7009 2.1).
    pub(super) fn revoke_token_of(&mut self, token: &str, server: AuthorizationServer, client: &str) -> bool {
        self.client_of(token).is_some_and(|owner| owner == client) && self.revoke_token(token, server)
    }

    fn client_of(&self, token: &str) -> Option<&str> {
        let access = self.access.get(token).map(|access| access.grant);
        let id = access.or_else(|| self.refresh.get(token).map(|refresh| refresh.grant))?;
        self.grant(id).map(|grant| grant.owner.client.as_str())
    }

    fn revoke(&mut self, id: GrantId) {
        if let Some(grant) = self.grants.get_mut(id.0) {
            grant.revoked = true;
            self.consents.remove(&grant.owner);
        }
    }

    /// Revokes the grants of the matching owners, and removes their codes and consents. Returns
    /// false if no grant or consent was found.
    fn revoke_where(&mut self, belongs: impl Fn(&GrantOwner) -> bool) -> bool {
        let grants = self.grants.iter_mut().filter(|grant| !grant.revoked && belongs(&grant.owner));
        let ended = grants.map(|grant| grant.revoked = true).count();
        self.codes.retain(|_, code| !belongs(&code.owner));
        self.devices.retain(|device| !device.approved_by().is_some_and(&belongs));
        let before = self.consents.len();
        self.consents.retain(|owner, _| !belongs(owner));
        ended > 0 || self.consents.len() < before
    }

    pub(super) fn forget_client(&mut self, server: AuthorizationServer, client: &str) {
        self.revoke_where(|owner| owner.server == server && owner.client == client);
    }

    /// Returns the scopes that the user has granted to the application so far.
    pub(crate) fn consented(&self, owner: &GrantOwner) -> &[String] {
        self.consents.get(owner).map_or(&[], Vec::as_slice)
    }

    pub(super) fn consent(&mut self, owner: GrantOwner, scopes: &[String]) {
        let known = self.consents.entry(owner).or_default();
        for scope in scopes {
            if !known.contains(scope) {
                known.push(scope.clone());
            }
        }
    }

    pub(crate) fn expire_all(&mut self) {
        self.access.values_mut().for_each(|access| access.expires = Some(Timestamp::MIN));
    }
}

/// The parameters of a code exchange.
pub(super) struct CodeExchange<'a> {
    pub(super) server: AuthorizationServer,
    pub(super) client: &'a str,
    pub(super) code: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) verifier: Option<&'a str>,
    pub(super) now: Timestamp,
}

impl<'a> CodeExchange<'a> {
    pub(super) fn read(
        server: AuthorizationServer,
        client: &'a str,
        form: &'a Parameters,
        now: Timestamp,
    ) -> Result<Self, OAuthError> {
        let (code, redirect_uri) = (form.need("code")?, form.need("redirect_uri")?);
        Ok(Self { server, client, code, redirect_uri, verifier: form.find("code_verifier"), now })
    }
}

impl Issued {
    pub(crate) fn find(&self, token: &str) -> Option<ProviderToken> {
        let access = self.access.get(token)?;
        let owner = self.grant(access.grant)?.owner.clone();
        Some(ProviderToken {
            server: owner.server,
            client_id: owner.client,
            user: owner.user,
            scopes: access.scopes.clone(),
            expires: access.expires,
        })
    }

    /// Returns the access token, if this server issued it and it has not expired.
    pub(crate) fn bearer(
        &self,
        token: &str,
        server: AuthorizationServer,
        now: Timestamp,
    ) -> Result<ProviderToken, InvalidToken> {
        let token = self.find(token).filter(|token| token.server == server).ok_or(InvalidToken::Unknown)?;
        match token.expires {
            Some(expires) if now >= expires => Err(InvalidToken::Expired),
            _ => Ok(token),
        }
    }

    pub(crate) fn withdraw(&mut self, server: AuthorizationServer, client_id: &str, user: &str) -> bool {
        let owner = GrantOwner { server, client: client_id.to_owned(), user: user.to_owned() };
        self.revoke_where(|other| *other == owner)
    }
}
