//! How the Google authorization server differs from the defaults of `Rules`. The main differences are the
//! conditions for a refresh token, incremental scopes, the popup flow, and revocation.

use super::openid::{DEVICE, GoogleOpenId};
use crate::call::Call;
use crate::oauth_server::Endpoint::{
    Authorize, Certificates, Decide, DeviceAuthorization, DeviceDecision, DevicePage, Keys, Metadata, Revoke,
    Token, UserInfo,
};
use crate::oauth_server::{
    AuthorizationRequest, Client, ConsentWords, Descriptions, DeviceRules, OAuthError, OpenIdRules,
    Parameters, Prefixes, RedirectTarget, ResponseMode, Routes, Rules, loopback, uncached,
};
use crate::reply::{Reply, json_reply};
use crate::settings::{GoogleConsent, Popup, Publishing, Settings};
use crate::world::random::Random;
use http::StatusCode;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

/// The prefix of scopes that Google defines.
pub(super) const SCOPE_PREFIX: &str = "https://www.googleapis.com/auth/";

/// The `redirect_uri` of the popup flow. Google Identity Services passes the code to a JavaScript function of
/// the page.
const POSTMESSAGE: &str = "postmessage";

/// The lifetime of a refresh token if the publishing status of the application is "Testing": 7 days.
const TESTING_REFRESH_TTL_SECONDS: u64 = 7 * 24 * 3600;

pub(crate) struct GoogleRules;

impl Rules for GoogleRules {
    fn name(&self) -> &'static str {
        "google"
    }

    fn routes(&self) -> Routes {
        &[
            ("GET /google/o/oauth2/v2/auth", Authorize),
            ("POST /google/o/oauth2/v2/auth", Decide),
            ("POST /google/token", Token),
            ("POST /google/revoke", Revoke),
            ("GET /google/.well-known/openid-configuration", Metadata),
            ("GET /google/oauth2/v3/certs", Keys),
            ("GET /google/oauth2/v1/certs", Certificates),
            ("GET /google/v1/userinfo", UserInfo),
            ("POST /google/v1/userinfo", UserInfo),
            ("GET /google/oauth2/v3/userinfo", UserInfo),
            ("POST /google/device/code", DeviceAuthorization),
            ("GET /google/device", DevicePage),
            ("POST /google/device", DeviceDecision),
        ]
    }

    /// Returns the texts of the consent page. Google's documentation does not contain these texts.
    fn consent_words(&self) -> ConsentWords {
        ConsentWords { heading: "{} wants access to your Google Account", allow: "Continue", deny: "Cancel" }
    }

    fn descriptions(&self) -> Descriptions {
        DESCRIPTIONS
    }

    fn short_scope<'a>(&self, scope: &'a str) -> Cow<'a, str> {
        scope.strip_prefix(SCOPE_PREFIX).unwrap_or(scope).into()
    }

    /// Google lets installed applications send a client secret.
    fn public_apps_have_secrets(&self) -> bool {
        true
    }

    fn openid(&self) -> Option<&'static dyn OpenIdRules> {
        Some(&GoogleOpenId)
    }

    fn device(&self) -> Option<&'static DeviceRules> {
        Some(&DEVICE)
    }

    /// Accepts the registered redirect URIs of an application. Accepts every loopback redirect URI for an
    /// installed application, and `postmessage` for a confidential application.
    fn allows(&self, client: &Client, redirect_uri: &str) -> bool {
        let more =
            if client.is_public() { loopback(redirect_uri).is_some() } else { redirect_uri == POSTMESSAGE };
        more || client.has_registered(redirect_uri)
    }

    fn response_mode(&self, redirect_uri: &str, _query: &Parameters) -> Result<ResponseMode, OAuthError> {
        Ok(if redirect_uri == POSTMESSAGE { ResponseMode::Popup } else { ResponseMode::Query })
    }

    /// Returns the redirect URI that the exchange must send. In the popup flow, the switch `google_popup`
    /// selects `postmessage` or the origin of the page, because Google's guides contradict each other.
    fn bound_redirect_uri<'a>(&self, target: &'a RedirectTarget, settings: &Settings) -> &'a str {
        let origin = target.mode == ResponseMode::Popup && settings.google.popup == Popup::Origin;
        let registered = target.client.app.redirect_uris.first();
        registered.filter(|_| origin).and_then(|uri| origin_of(uri)).unwrap_or(&target.redirect_uri)
    }

    /// Google replaces the scopes `email` and `profile` with URLs, also in token responses.
    fn expand(&self, scopes: Vec<String>) -> Vec<String> {
        let full = |scope: String| match scope.as_str() {
            "email" | "profile" => format!("{SCOPE_PREFIX}userinfo.{scope}"),
            _ => scope,
        };
        scopes.into_iter().map(full).collect()
    }

    fn accepts_plain_challenge(&self, _settings: &Settings) -> bool {
        false
    }

    /// Returns whether to issue a refresh token. The request must ask for offline access, as
    /// requests of the popup flow always do. The request must also be the user's first consent, or
    /// have `prompt=consent`.
    fn is_offline(&self, request: &AuthorizationRequest<'_>) -> Result<bool, OAuthError> {
        let query = request.query;
        let offline = match query.find("access_type") {
            Some("offline") => true,
            Some("online") | None => request.target.mode == ResponseMode::Popup,
            Some(_) => return Err(OAuthError::Value("access_type")),
        };
        let prompted =
            query.find("prompt").is_some_and(|prompt| prompt.split(' ').any(|one| one == "consent"));
        Ok(offline && (prompted || request.issued.consented(request.owner).is_empty()))
    }

    /// Returns the granted scopes. With `include_granted_scopes`, also returns the scopes that the
    /// user granted earlier. If the switch `google_consent` is `first`, the user grants only the
    /// first requested scope.
    fn granted(&self, request: &AuthorizationRequest<'_>) -> Result<Vec<String>, OAuthError> {
        let known = |scope: &String| {
            ["openid", "email", "profile"].contains(&scope.as_str())
                || scope.strip_prefix(SCOPE_PREFIX).is_some_and(|name| !name.is_empty())
        };
        if let Some(scope) = request.scopes.iter().find(|scope| !known(scope)) {
            return Err(OAuthError::Scope(scope.clone()));
        }
        let mut scopes = request.scopes.to_vec();
        if request.settings.google.consent == GoogleConsent::First {
            scopes.truncate(1);
        }
        if request.query.find("include_granted_scopes") == Some("true") {
            for scope in request.issued.consented(request.owner) {
                if !scopes.contains(scope) {
                    scopes.push(scope.clone());
                }
            }
        }
        Ok(scopes)
    }

    /// Returns prefixes with slashes, as in the codes and tokens of the Google documentation.
    fn prefixes(&self) -> Prefixes {
        Prefixes { code: "4/0", access_token: "1/", refresh_token: "1//" }
    }

    fn lifetime(&self, settings: &Settings) -> Option<u64> {
        Some(settings.google.token_ttl.0)
    }

    fn refresh_lifetime(&self, settings: &Settings) -> Option<u64> {
        (settings.google.publishing == Publishing::Testing).then_some(TESTING_REFRESH_TTL_SECONDS)
    }

    fn error_code(&self, error: &OAuthError) -> &'static str {
        match error {
            OAuthError::RedirectUri | OAuthError::RedirectMismatch => "redirect_uri_mismatch",
            _ => error.code(),
        }
    }

    fn error_status(&self, error: &OAuthError) -> StatusCode {
        match error {
            OAuthError::DevicePending => StatusCode::PRECONDITION_REQUIRED,
            OAuthError::DeviceTooFast | OAuthError::DeviceDenied => StatusCode::FORBIDDEN,
            _ if self.error_code(error) == "invalid_client" => StatusCode::UNAUTHORIZED,
            _ => StatusCode::BAD_REQUEST,
        }
    }

    /// The guide for limited-input devices describes these errors with the reason phrase of their status.
    fn error_members(&self, error: &OAuthError, _call: &Call, _random: &mut Random) -> Map<String, Value> {
        let reason = match error {
            OAuthError::DevicePending | OAuthError::DeviceTooFast | OAuthError::DeviceDenied => {
                self.error_status(error).canonical_reason()
            }
            _ => None,
        };
        reason.map(|reason| ("error_description".to_owned(), json!(reason))).into_iter().collect()
    }

    /// Google does not authenticate the client of a revocation request. The query or the form of a
    /// revocation request contains only the token.
    fn authenticates_revocations(&self) -> bool {
        false
    }

    fn unknown_token(&self) -> Reply {
        uncached(json_reply(StatusCode::BAD_REQUEST, &json!({ "error": "invalid_token" })))
    }
}

/// Returns the scheme, host and port of a URI.
fn origin_of(uri: &str) -> Option<&str> {
    let start = uri.find("://")? + 3;
    let length = uri.get(start..)?.find(['/', '?']).unwrap_or(uri.len() - start);
    uri.get(..start + length)
}

/// The descriptions of scopes on the consent page. The texts are from Google Identity's list of scopes.
const DESCRIPTIONS: Descriptions = &[
    ("openid", "Associate you with your personal info on Google"),
    ("email", "See your primary Google Account email address"),
    ("userinfo.email", "See your primary Google Account email address"),
    ("profile", "See your personal info, including any personal info you've made publicly available"),
    (
        "userinfo.profile",
        "See your personal info, including any personal info you've made publicly available",
    ),
    (
        "calendar",
        "See, edit, share, and permanently delete all the calendars you can access using Google Calendar",
    ),
    ("calendar.readonly", "See and download any calendar you can access using your Google Calendar"),
    (
        "calendar.app.created",
        "Make secondary Google calendars, and see, create, change, and delete events on them",
    ),
    ("calendar.acls", "See and change the sharing permissions of Google calendars you own"),
    ("calendar.acls.readonly", "See the sharing permissions of Google calendars you own"),
    ("calendar.calendarlist", "See, add, and remove Google calendars you’re subscribed to"),
    ("calendar.calendarlist.readonly", "See the list of Google calendars you’re subscribed to"),
    (
        "calendar.calendars",
        "See and change the properties of Google calendars you have access to, and create secondary calendars",
    ),
    (
        "calendar.calendars.readonly",
        "See the title, description, default time zone, and other properties of Google calendars you have access to",
    ),
    ("calendar.events", "View and edit events on all your calendars"),
    ("calendar.events.readonly", "View events on all your calendars"),
    ("calendar.events.freebusy", "See the availability on Google calendars you have access to"),
    ("calendar.events.owned", "See, create, change, and delete events on Google calendars you own"),
    ("calendar.events.owned.readonly", "See the events on Google calendars you own"),
    ("calendar.events.public.readonly", "See the events on public calendars"),
    ("calendar.freebusy", "View your availability in your calendars"),
    ("calendar.settings.readonly", "View your Calendar settings"),
];
