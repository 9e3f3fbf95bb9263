//! The store of authorization codes, access tokens and refresh tokens.

use super::access::Scope;
use super::rotation::{Family, FamilyId};
use crate::world::users::UserKey;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct CodeGrant {
    pub(crate) user: String,
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: Scope,
    pub(crate) issued: Timestamp,
}

const CODE_LIFETIME: SignedDuration = SignedDuration::from_mins(10);

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AccessToken {
    family: FamilyId,
    serial: u64,
    expires: Timestamp,
}

/// A refresh token, with its generation in the family.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct RefreshToken {
    pub(crate) family: FamilyId,
    pub(crate) generation: u64,
    pub(crate) used: bool,
}

pub(crate) enum Bearer {
    Valid { user: UserKey, scope: Scope },
    Expired,
    Unknown,
}

/// Every code and token that the service issued.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Grants {
    codes: BTreeMap<String, CodeGrant>,
    access: BTreeMap<String, AccessToken>,
    pub(super) refresh: BTreeMap<String, RefreshToken>,
    pub(super) families: Vec<Family>,
    /// The number of access tokens issued, which is the serial of the next access token.
    issued_count: u64,
    /// Access tokens with a lower serial have expired.
    expired_below: u64,
}

impl Grants {
    /// Adds a code, which replaces an earlier code with the same text.
    pub(crate) fn add_code(&mut self, code: String, grant: CodeGrant) {
        self.codes.insert(code, grant);
    }

    /// Removes and returns a code, so that the code works only once.
    ///
    /// The error is the OAuth `error_description`.
    pub(crate) fn take_code(
        &mut self,
        code: &str,
        exchange: &CodeExchange<'_>,
    ) -> Result<CodeGrant, &'static str> {
        let grant = self.codes.get(code).ok_or("Invalid authorization code")?;
        if grant.client != exchange.client {
            return Err("Client mismatch");
        }
        if exchange.redirect_uri.is_some_and(|uri| uri != grant.redirect_uri) {
            return Err("Redirect URI mismatch");
        }
        let grant = self.codes.remove(code).ok_or("Invalid authorization code")?;
        if grant.issued.duration_until(exchange.now) > CODE_LIFETIME {
            return Err("Authorization code expired");
        }
        Ok(grant)
    }

    pub(crate) fn add_access(&mut self, token: String, family: FamilyId, expires: Timestamp) {
        self.access.insert(token, AccessToken { family, serial: self.issued_count, expires });
        self.issued_count += 1;
    }

    pub(crate) fn bearer(&self, token: &str, now: Timestamp) -> Bearer {
        let Some(access) = self.access.get(token) else { return Bearer::Unknown };
        let Some(family) = self.families.get(access.family.0).filter(|family| !family.revoked) else {
            return Bearer::Unknown;
        };
        if access.serial < self.expired_below || now >= access.expires {
            return Bearer::Expired;
        }
        let user = UserKey { client: family.client.clone(), id: family.user.clone() };
        Bearer::Valid { user, scope: family.scope }
    }

    pub(crate) fn expire_all(&mut self) {
        self.expired_below = self.issued_count;
    }

    /// Revokes every sign-in of the user and client to which the access or refresh token was issued.
    ///
    /// Returns false for an unknown token.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        let access = self.access.get(token).map(|access| access.family);
        let family = access.or_else(|| self.refresh.get(token).map(|refresh| refresh.family));
        family.map(|family| self.revoke_authorization(family)).is_some()
    }
}

pub(crate) struct CodeExchange<'a> {
    pub(crate) client: &'a str,
    /// The optional `redirect_uri` of the request.
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) now: Timestamp,
}
