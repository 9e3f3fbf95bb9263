//! How the Apptoto authorization server differs from the defaults of `Rules`. An application chooses its
//! scopes when it is registered.
//!
//! Apptoto documents the authorization endpoint, the token endpoint, the response type `code`, PKCE instead
//! of a secret, and that deleting an application revokes its tokens. Apptoto does not document refresh
//! tokens, the lifetime of access tokens, revocation requests or PKCE methods, so the sandbox has a switch
//! for each.

use crate::call::Call;
use crate::oauth_server::Endpoint::{Authorize, Decide, Revoke, Token};
use crate::oauth_server::{AuthorizationRequest, ConsentWords, Descriptions, OAuthError, Routes, Rules};
use crate::settings::{Pkce, RefreshTokens, Settings};

/// An older scope without a documented meaning, from the example on the developer page. The sandbox
/// allows all calls with this scope.
pub(super) const LEGACY_SCOPE: &str = "api";

pub(crate) struct ApptotoRules;

impl Rules for ApptotoRules {
    fn name(&self) -> &'static str {
        "apptoto"
    }

    fn routes(&self) -> Routes {
        &[
            ("GET /apptoto/www/oauth/authorize", Authorize),
            ("POST /apptoto/www/oauth/authorize", Decide),
            ("POST /apptoto/api/oauth/token", Token),
            ("POST /apptoto/api/oauth/revoke", Revoke),
        ]
    }

    /// Only the text "Authorize" is documented.
    fn consent_words(&self) -> ConsentWords {
        ConsentWords { heading: "Connect {} to Apptoto", allow: "Authorize", deny: "Deny" }
    }

    fn descriptions(&self) -> Descriptions {
        DESCRIPTIONS
    }

    fn registers_scopes(&self) -> bool {
        true
    }

    fn takes_one_redirect_uri(&self) -> bool {
        true
    }

    /// Apptoto's console shows a secret. It is not documented whether requests may contain the secret.
    fn public_apps_have_secrets(&self) -> bool {
        true
    }

    fn issuer_path(&self, _call: &Call) -> String {
        "/apptoto/www".to_owned()
    }

    fn accepts_plain_challenge(&self, settings: &Settings) -> bool {
        settings.apptoto.pkce == Pkce::Any
    }

    fn needs_pkce(&self, _settings: &Settings) -> bool {
        true
    }

    fn is_offline(&self, request: &AuthorizationRequest<'_>) -> Result<bool, OAuthError> {
        Ok(request.settings.apptoto.refresh_tokens != RefreshTokens::Off)
    }

    /// Grants only scopes that the application chose when it was registered. Until Apptoto publishes an
    /// application, only its owner can use it.
    fn granted(&self, request: &AuthorizationRequest<'_>) -> Result<Vec<String>, OAuthError> {
        let (client, settings) = (&request.target.client, &request.settings.apptoto);
        if !settings.published && client.owner.as_ref().is_some_and(|owner| *owner != request.owner.user) {
            return Err(OAuthError::Denied);
        }
        let allowed =
            |scope: &String| settings.scope_api && scope == LEGACY_SCOPE || client.app.scopes.contains(scope);
        match request.scopes.iter().find(|scope| !allowed(scope)) {
            Some(scope) => Err(OAuthError::Scope(scope.clone())),
            None => Ok(request.scopes.to_vec()),
        }
    }

    fn lifetime(&self, settings: &Settings) -> Option<u64> {
        settings.apptoto.token_ttl
    }

    fn rotates(&self, settings: &Settings) -> bool {
        settings.apptoto.refresh_tokens == RefreshTokens::New
    }

    fn revokes(&self, settings: &Settings) -> bool {
        settings.apptoto.revoke
    }
}

/// The scopes that an application can choose, with the descriptions from Apptoto's manual.
const DESCRIPTIONS: Descriptions = &[
    ("calendars:read", "View your calendars"),
    ("address_books:read", "View your address books"),
    ("contacts:read", "View your contacts"),
    ("contacts:write", "Create, update, and delete your contacts"),
    ("events:read", "View your calendar events"),
    ("events:write", "Create, update, and delete events; mark event statuses"),
    ("bookings:read", "View booking page availability and existing bookings"),
    ("bookings:write", "Create bookings on your booking pages"),
    ("imports:read", "Check the status of imports"),
    ("imports:write", "Upload imports (CSV / ICS / XML) that bulk-create data"),
    ("lists:read", "View your opt-in and opt-out lists"),
    ("lists:write", "Modify your opt-in and opt-out lists"),
    ("messaging:read", "View your conversations and message history"),
    ("messaging:send", "Send SMS or email messages on your behalf"),
];
