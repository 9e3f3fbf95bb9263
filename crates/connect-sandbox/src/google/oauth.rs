//! What Google's authorization server does in its own way: refresh tokens on the first consent, scopes that add up, the
//! popup, and revocation.

use crate::oauth_server::Endpoint::{Authorize, Decide, Revoke, Token};
use crate::oauth_server::{
    AuthorizationRequest, Back, Client, ConsentWords, Descriptions, Mode, Parameters, Prefixes, Refused,
    Routes, Rules, loopback, unstored,
};
use crate::reply::{Reply, json_reply};
use crate::settings::{GoogleConsent, Popup, Publishing, Settings};
use http::StatusCode;
use serde_json::json;
use std::borrow::Cow;

/// What the names of Google's own scopes begin with.
pub(super) const SCOPES: &str = "https://www.googleapis.com/auth/";

/// What stands for a redirect URI where the code goes to a callback of the page (Google Identity Services, popup).
const POSTMESSAGE: &str = "postmessage";

/// Refresh tokens of an application that is being tested live for 7 days.
const TESTING: u64 = 7 * 24 * 3600;

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
        ]
    }

    /// These rest on general knowledge.
    fn consent_words(&self) -> ConsentWords {
        ConsentWords { heading: "{} wants access to your Google Account", allow: "Continue", deny: "Cancel" }
    }

    fn descriptions(&self) -> Descriptions {
        DESCRIPTIONS
    }

    fn short_scope<'a>(&self, scope: &'a str) -> Cow<'a, str> {
        scope.strip_prefix(SCOPES).unwrap_or(scope).into()
    }

    /// Installed applications may send theirs.
    fn public_apps_have_secrets(&self) -> bool {
        true
    }

    fn is_openid_provider(&self) -> bool {
        true
    }

    /// An installed application registers no redirect URI: every loopback URI is its own. Only the code of an application on
    /// a server is handed over to a popup: it is exchanged there.
    fn allows(&self, client: &Client, redirect_uri: &str) -> bool {
        let more =
            if client.is_public() { loopback(redirect_uri).is_some() } else { redirect_uri == POSTMESSAGE };
        more || client.has_registered(redirect_uri)
    }

    fn response_mode(&self, redirect_uri: &str, _query: &Parameters) -> Result<Mode, Refused> {
        Ok(if redirect_uri == POSTMESSAGE { Mode::Popup } else { Mode::Query })
    }

    /// For the popup Google's guides disagree: `postmessage`, or the page's origin.
    fn bound_redirect_uri<'a>(&self, back: &'a Back, settings: &Settings) -> &'a str {
        let origin = back.mode == Mode::Popup && settings.google.popup == Popup::Origin;
        let registered = back.client.app.redirect_uris.first();
        registered.filter(|_| origin).and_then(|uri| origin_of(uri)).unwrap_or(&back.redirect_uri)
    }

    fn takes_plain(&self, _settings: &Settings) -> bool {
        false
    }

    /// A refresh token comes on the first consent and with `prompt=consent`, if it is asked for at all. The popup has no
    /// parameter for it: its codes always ask.
    fn is_offline(&self, request: &AuthorizationRequest<'_>) -> Result<bool, Refused> {
        let query = request.query;
        let offline = match query.find("access_type") {
            Some("offline") => true,
            Some("online") | None => request.back.mode == Mode::Popup,
            Some(_) => return Err(Refused::Value("access_type")),
        };
        let prompted =
            query.find("prompt").is_some_and(|prompt| prompt.split(' ').any(|one| one == "consent"));
        Ok(offline && (prompted || request.issued.consented(request.owner).is_empty()))
    }

    /// Those of Google's own, and with `include_granted_scopes` those of before. The switch `google_consent` lets the user
    /// tick the first one only.
    fn granted(&self, request: &AuthorizationRequest<'_>) -> Result<Vec<String>, Refused> {
        let known = |scope: &String| {
            ["openid", "email", "profile"].contains(&scope.as_str())
                || scope.strip_prefix(SCOPES).is_some_and(|name| !name.is_empty())
        };
        if let Some(scope) = request.scopes.iter().find(|scope| !known(scope)) {
            return Err(Refused::Scope(scope.clone()));
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

    /// With slashes, as in Google's documentation.
    fn prefixes(&self) -> Prefixes {
        Prefixes { code: "4/0", access_token: "1/", refresh_token: "1//" }
    }

    fn lifetime(&self, settings: &Settings) -> Option<u64> {
        Some(settings.google.token_ttl.0)
    }

    fn refresh_lifetime(&self, settings: &Settings) -> Option<u64> {
        (settings.google.publishing == Publishing::Testing).then_some(TESTING)
    }

    fn error(&self, refused: &Refused) -> &'static str {
        match refused {
            Refused::RedirectUri | Refused::RedirectMismatch => "redirect_uri_mismatch",
            _ => refused.error(),
        }
    }

    /// A token in the query or in a form is enough.
    fn authenticates_revocations(&self) -> bool {
        false
    }

    fn unknown_token(&self) -> Reply {
        unstored(json_reply(StatusCode::BAD_REQUEST, &json!({ "error": "invalid_token" })))
    }
}

/// Scheme, host and port.
fn origin_of(uri: &str) -> Option<&str> {
    let start = uri.find("://")? + 3;
    let length = uri.get(start..)?.find(['/', '?']).unwrap_or(uri.len() - start);
    uri.get(..start + length)
}

/// Those of Google's list of scopes, which its consent screen repeats.
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
