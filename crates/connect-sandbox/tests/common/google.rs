//! The requests that applications send to Google.

use super::App;
use super::oauth::*;
use serde_json::Value;

pub const AUTHORIZE: &str = "/google/o/oauth2/v2/auth";
pub const TOKEN: &str = "/google/token";
pub const REVOKE: &str = "/google/revoke";
pub const READ: &str = "https://www.googleapis.com/auth/calendar.readonly";
pub const WRITE: &str = "https://www.googleapis.com/auth/calendar.events.owned";

/// An authorization request of the confidential application.
pub const ASK: Pairs<'_> = &[
    ("client_id", "google-client"),
    ("redirect_uri", REDIRECT),
    ("response_type", "code"),
    ("scope", READ),
    ("access_type", "offline"),
    ("code_challenge", CHALLENGE),
    ("code_challenge_method", "S256"),
];

/// The parameters that the public application sends instead of those of the confidential
/// application.
pub const PUBLIC: Pairs<'_> = &[("client_id", "google-public-client"), ("redirect_uri", LOOPBACK)];

/// The token request that exchanges a code of the confidential application, without the code.
pub const EXCHANGE: Pairs<'_> = &[
    ("grant_type", "authorization_code"),
    ("client_id", "google-client"),
    ("client_secret", "google-secret"),
    ("redirect_uri", REDIRECT),
    ("code_verifier", VERIFIER),
];

pub fn exchange(app: &mut App, code: &str, changes: Pairs<'_>) -> (u16, String) {
    app.refused(TOKEN, &with(&with(EXCHANGE, &[("code", code)]), changes))
}

pub fn sign_in(app: &mut App, changes: Pairs<'_>) -> Value {
    let code = app.new_code(AUTHORIZE, &with(ASK, changes));
    app.granted(TOKEN, &with(EXCHANGE, &[("code", &code)]))
}

pub fn refresh(token: &str) -> [(&str, &str); 4] {
    [
        ("grant_type", "refresh_token"),
        ("client_id", "google-client"),
        ("client_secret", "google-secret"),
        ("refresh_token", token),
    ]
}
