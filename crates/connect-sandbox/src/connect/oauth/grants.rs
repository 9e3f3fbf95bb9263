//! Codes and tokens: which exist, whose they are, and which still work.

use super::access::Scope;
use super::rotation::{Family, FamilyId};
use crate::world::users::UserKey;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// An authorization code, once authorize gave it out.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) user: String,
    pub(crate) client: String,
    pub(crate) redirect_uri: String,
    pub(crate) scope: Scope,
    pub(crate) issued: Timestamp,
}

/// How long a code can be exchanged.
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);

#[derive(Clone, Debug)]
struct AccessToken {
    family: FamilyId,
    serial: u64,
    expires: Timestamp,
}

/// A refresh token: its place in the family's line.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RefreshToken {
    pub(crate) family: FamilyId,
    pub(crate) generation: u64,
    pub(crate) used: bool,
}

/// What an access token is worth.
pub(crate) enum Bearer {
    Valid { user: UserKey, scope: Scope },
    Expired,
    Unknown,
}

/// Every code and token the service gave out.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    codes: BTreeMap<String, Code>,
    access: HashMap<String, AccessToken>,
    pub(super) refresh: HashMap<String, RefreshToken>,
    pub(super) families: Vec<Family>,
    /// Access tokens so far; those below `expired_below` were made to expire.
    minted: u64,
    expired_below: u64,
}

impl Grants {
    /// A code that equals an earlier one takes its place.
    pub(crate) fn add_code(&mut self, code: String, grant: Code) {
        self.codes.insert(code, grant);
    }

    /// Takes a code away: it works once. The error is the description OAuth asks for.
    pub(crate) fn take_code(&mut self, code: &str, wanted: &Wanted<'_>) -> Result<Code, &'static str> {
        let grant = self.codes.get(code).ok_or("Invalid authorization code")?;
        if grant.client != wanted.client {
            return Err("Client mismatch");
        }
        if wanted.redirect_uri.is_some_and(|uri| uri != grant.redirect_uri) {
            return Err("Redirect URI mismatch");
        }
        let grant = self.codes.remove(code).ok_or("Invalid authorization code")?;
        if grant.issued.duration_until(wanted.now) > CODE_LIFE {
            return Err("Authorization code expired");
        }
        Ok(grant)
    }

    pub(crate) fn add_access(&mut self, token: String, family: FamilyId, expires: Timestamp) {
        self.access.insert(token, AccessToken { family, serial: self.minted, expires });
        self.minted += 1;
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
        self.expired_below = self.minted;
    }

    /// Ends every sign-in of the user and client behind `token`, an access or a refresh token; false if it is unknown.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        let access = self.access.get(token).map(|access| access.family);
        let family = access.or_else(|| self.refresh.get(token).map(|refresh| refresh.family));
        family.map(|family| self.revoke_authorization(family)).is_some()
    }
}

/// What a code has to fit.
pub(crate) struct Wanted<'a> {
    pub(crate) client: &'a str,
    /// As sent with the exchange; it may be left out.
    pub(crate) redirect_uri: Option<&'a str>,
    pub(crate) now: Timestamp,
}
