//! Authenticates callers and checks scopes. A caller sends an access token, or the e-mail address and API key
//! of an account. API keys have no scopes.

use super::ApptotoApi;
use super::account::MAX_CALLS_PER_MINUTE;
use super::error::ApiError;
use super::{Api, Endpoint};
use crate::apptoto::oauth::LEGACY_SCOPE;
use crate::call::Call;
use crate::oauth_server::{AuthorizationServer, InvalidToken};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;

impl Endpoint {
    /// Returns the required scope. Only `events:read` for a single event and `imports:write` are documented.
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
    /// Authenticates the caller and returns the e-mail address of the account.
    pub(super) fn authenticate(&self, endpoint: Endpoint, call: &Call) -> Result<String, ApiError> {
        if let Some(key) = call.credentials("basic") {
            return self.key_owner(key).ok_or_else(ApiError::basic);
        }
        let token = call.credentials("bearer").ok_or_else(ApiError::no_credentials)?;
        let token = self.tokens.bearer(token, AuthorizationServer::Apptoto, call.now);
        let token = token.map_err(|invalid| {
            ApiError::token(match invalid {
                InvalidToken::Unknown => "The access token is invalid",
                InvalidToken::Expired => "The access token expired",
            })
        })?;
        let scope = endpoint.scope();
        if token.scopes.iter().any(|one| one == scope || one == LEGACY_SCOPE) {
            Ok(token.user)
        } else {
            Err(ApiError::scope(scope))
        }
    }

    /// Returns the e-mail address in Basic credentials if the API key is right. The address must belong to
    /// an existing account, or be the value of the switch `oauth_user`.
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
    /// Fails if the account had as many calls in the last minute as the switch `apptoto_rate` allows.
    pub(super) fn check_rate(&mut self) -> Result<(), ApiError> {
        let Some(most) = self.settings.apptoto.rate else { return Ok(()) };
        let recent = &mut self.account.recent;
        while recent.front().is_some_and(|call| call.duration_until(self.now) >= SignedDuration::from_mins(1))
        {
            recent.pop_front();
        }
        if recent.len() as u64 >= most.min(MAX_CALLS_PER_MINUTE) {
            return Err(ApiError::rate());
        }
        recent.push_back(self.now);
        Ok(())
    }
}
