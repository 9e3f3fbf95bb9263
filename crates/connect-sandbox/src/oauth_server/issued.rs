//! Codes, tokens, and the grants behind them.
//!
//! Every code that is exchanged starts a grant; all tokens that come from it end with it.

use super::AuthorizationServer;
use super::parameters::Parameters;
use super::pkce::{Challenge, prove};
use super::refused::Refused;

use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, HashMap};

/// An authorization code.
#[derive(Clone, Debug)]
pub(super) struct Code {
    pub(super) owner: Owner,
    /// What the exchange has to name again.
    pub(super) redirect_uri: String,
    pub(super) challenge: Option<Challenge>,
    pub(super) scopes: Vec<String>,
    /// Whether a refresh token comes with it.
    pub(super) offline: bool,
    pub(super) issued: Timestamp,
    /// The grant it was exchanged for.
    pub(super) used: Option<GrantId>,
}

/// Whose something is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Owner {
    pub(super) server: AuthorizationServer,
    pub(super) client: String,
    pub(crate) user: String,
}

/// How long a code can be exchanged: ten minutes at the most (RFC 6749 4.1.2).
const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);

/// The place of a grant in the list of all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct GrantId(usize);

/// What a user allowed an application, from one code.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    pub(super) owner: Owner,
    pub(super) scopes: Vec<String>,
    pub(super) offline: bool,
    revoked: bool,
}

#[derive(Clone, Debug)]
struct Access {
    grant: GrantId,
    scopes: Vec<String>,
    expires: Option<Timestamp>,
}

#[derive(Clone, Copy, Debug)]
struct Refresh {
    grant: GrantId,
    expires: Option<Timestamp>,
}

/// An access token of Google, Microsoft or Apptoto.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProviderToken {
    /// Who gave it out.
    pub server: AuthorizationServer,
    /// The application it was given to.
    pub client_id: String,
    /// The user who allowed it.
    pub user: String,
    /// What it may do; it can be less than the sign-in may.
    pub scopes: Vec<String>,
    /// When it stops working on the sandbox's clock; `None` for never.
    pub expires: Option<Timestamp>,
}

/// Why an access token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InvalidToken {
    /// It is unknown, revoked, or another server's.
    Unknown,
    Expired,
}

/// Every code and token they gave out.
#[derive(Debug, Default)]
pub(crate) struct Issued {
    codes: HashMap<String, Code>,
    access: HashMap<String, Access>,
    refresh: HashMap<String, Refresh>,
    grants: Vec<Grant>,
    /// The scopes each user allowed each application so far.
    consents: BTreeMap<Owner, Vec<String>>,
}

impl Issued {
    pub(super) fn add_code(&mut self, code: String, grant: Code) {
        self.codes.insert(code, grant);
    }

    /// Exchanges a code: once, in time, and by whom it was given to. With `revoking` a second exchange ends the grant of
    /// the first (RFC 6749 4.1.2).
    /// `narrow` gives the scopes of the first access token.
    pub(super) fn redeem(
        &mut self,
        wanted: &Wanted<'_>,
        revoking: bool,
        narrow: impl Fn(&[String]) -> Result<Vec<String>, Refused>,
    ) -> Result<(GrantId, Vec<String>), Refused> {
        let code = self.codes.get_mut(wanted.code).ok_or(Refused::Code)?;
        if code.owner.server != wanted.server || code.owner.client != wanted.client {
            return Err(Refused::Code);
        }
        if let Some(grant) = code.used {
            if revoking {
                self.revoke(grant);
            }
            return Err(Refused::CodeUsed);
        }
        if code.issued.duration_until(wanted.now) > CODE_LIFE {
            return Err(Refused::CodeExpired);
        }
        if code.redirect_uri != wanted.redirect_uri {
            return Err(Refused::RedirectMismatch);
        }
        prove(code.challenge.as_ref(), wanted.verifier)?;
        let narrowed = narrow(&code.scopes)?;
        let id = GrantId(self.grants.len());
        code.used = Some(id);
        let (owner, scopes) = (code.owner.clone(), code.scopes.clone());
        self.grants.push(Grant { owner, scopes, offline: code.offline, revoked: false });
        Ok((id, narrowed))
    }

    /// The grant behind a refresh token of this application.
    pub(super) fn refreshed(
        &self,
        token: &str,
        server: AuthorizationServer,
        client: &str,
        now: Timestamp,
    ) -> Result<GrantId, Refused> {
        let refresh = self.refresh.get(token).ok_or(Refused::RefreshToken)?;
        let grant = self.grant(refresh.grant).ok_or(Refused::RefreshToken)?;
        if grant.owner.server != server || grant.owner.client != client {
            return Err(Refused::RefreshToken);
        }
        match refresh.expires {
            Some(expires) if now >= expires => Err(Refused::RefreshExpired),
            _ => Ok(refresh.grant),
        }
    }

    /// A grant that still stands.
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
        self.access.insert(token, Access { grant, scopes, expires });
    }

    pub(super) fn add_refresh(&mut self, token: String, grant: GrantId, expires: Option<Timestamp>) {
        self.refresh.insert(token, Refresh { grant, expires });
    }

    /// Ends the grant behind `token`, an access or a refresh token of this server; false if there is none that stands.
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

    /// The same where a token has to be the client's own (RFC 7009 2.1).
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

    /// Ends what `belongs` says, codes that were not exchanged included; whether there was anything.
    fn forget(&mut self, belongs: impl Fn(&Owner) -> bool) -> bool {
        let grants = self.grants.iter_mut().filter(|grant| !grant.revoked && belongs(&grant.owner));
        let ended = grants.map(|grant| grant.revoked = true).count();
        self.codes.retain(|_, code| !belongs(&code.owner));
        let before = self.consents.len();
        self.consents.retain(|owner, _| !belongs(owner));
        ended > 0 || self.consents.len() < before
    }

    pub(super) fn forget_client(&mut self, server: AuthorizationServer, client: &str) {
        self.forget(|owner| owner.server == server && owner.client == client);
    }

    /// What the user allowed the application before; empty if it is the first time.
    pub(crate) fn consented(&self, owner: &Owner) -> &[String] {
        self.consents.get(owner).map_or(&[], Vec::as_slice)
    }

    pub(super) fn consent(&mut self, owner: Owner, scopes: &[String]) {
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

/// What a code has to fit.
pub(super) struct Wanted<'a> {
    pub(super) server: AuthorizationServer,
    pub(super) client: &'a str,
    pub(super) code: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) verifier: Option<&'a str>,
    pub(super) now: Timestamp,
}

impl<'a> Wanted<'a> {
    pub(super) fn read(
        server: AuthorizationServer,
        client: &'a str,
        form: &'a Parameters,
        now: Timestamp,
    ) -> Result<Self, Refused> {
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

    /// The access token, if it is this server's and still works.
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
        let owner = Owner { server, client: client_id.to_owned(), user: user.to_owned() };
        self.forget(|other| *other == owner)
    }
}
