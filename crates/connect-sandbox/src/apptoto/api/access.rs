//! Who calls, and what they may do: an access token of the sandbox's own Apptoto with its scopes, or an account's e-mail
//! address with an API key, which has none.

use super::ApptotoApi;
use super::account::LONGEST_MINUTE;
use super::refused::Refused;
use super::{Api, Endpoint};
use crate::apptoto::oauth::COARSE;
use crate::call::Call;
use crate::oauth_server::{AuthorizationServer, InvalidToken};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;

impl Endpoint {
    /// The scope a token needs. `events:read` for one event and `imports:write` are documented, the others inferred.
    fn scope(self) -> &'static str {
        match self {
            Self::ListEvents | Self::GetEvent => "events:read",
            Self::CreateEvents | Self::UpsertEvents | Self::DeleteEvent => "events:write",
            Self::GetContact => "contacts:read",
            Self::CreateContacts | Self::UpsertContacts => "contacts:write",
            Self::ListAddressBooks => "address_books:read",
            Self::BookNow => "bookings:write",
            Self::SendMessage => "messaging:send",
            Self::StartImport => "imports:write",
            Self::GetImport => "imports:read",
        }
    }
}

impl ApptotoApi<'_> {
    /// The e-mail address of the account.
    pub(super) fn caller(&self, endpoint: Endpoint, call: &Call) -> Result<String, Refused> {
        if let Some(key) = call.credentials("basic") {
            return self.key_owner(key).ok_or_else(Refused::basic);
        }
        let token = call.credentials("bearer").ok_or_else(Refused::no_credentials)?;
        let token = self.tokens.bearer(token, AuthorizationServer::Apptoto, call.now);
        let token = token.map_err(|invalid| {
            Refused::token(match invalid {
                InvalidToken::Unknown => "The access token is invalid",
                InvalidToken::Expired => "The access token expired",
            })
        })?;
        let scope = endpoint.scope();
        if token.scopes.iter().any(|one| one == scope || one == COARSE) {
            Ok(token.user)
        } else {
            Err(Refused::scope(scope))
        }
    }

    /// The account has to be there: that of a seed, one that was called for before, or that of the user at the browser.
    fn key_owner(&self, encoded: &str) -> Option<String> {
        let pair = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (email, key) = pair.split_once(':')?;
        let account = self.own.accounts.get(email);
        let known = account.is_some() || email == &*self.settings.oauth.user;
        let own = account.and_then(|account| account.api_key.as_deref());
        let right = own.unwrap_or(&self.settings.apptoto.api_key);
        (known && key == right).then(|| email.to_owned())
    }
}

impl Api<'_> {
    /// The switch `apptoto_rate`.
    pub(super) fn check_rate(&mut self) -> Result<(), Refused> {
        let Some(most) = self.settings.apptoto.rate else { return Ok(()) };
        let recent = &mut self.account.recent;
        while recent.front().is_some_and(|call| call.duration_until(self.now) >= SignedDuration::from_mins(1))
        {
            recent.pop_front();
        }
        if recent.len() as u64 >= most.min(LONGEST_MINUTE) {
            return Err(Refused::rate());
        }
        recent.push_back(self.now);
        Ok(())
    }
}
