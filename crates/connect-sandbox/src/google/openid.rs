//! Google as an OpenID provider, and the rules of its device authorization grant.

use crate::call::Call;
use crate::oauth_server::{DEVICE_GRANT, DeviceRules, Identity, OpenIdRules, names};
use crate::settings::{GoogleIssuer, Settings};
use serde_json::{Value, json};

pub(super) struct GoogleOpenId;

impl OpenIdRules for GoogleOpenId {
    /// Returns the members that Google documents, with the values that the sandbox supports.
    fn metadata(&self, base: &str, _call: &Call, settings: &Settings) -> Value {
        json!({
            "issuer": issuer(base, settings),
            "authorization_endpoint": format!("{base}/o/oauth2/v2/auth"),
            "device_authorization_endpoint": format!("{base}/device/code"),
            "token_endpoint": format!("{base}/token"),
            "userinfo_endpoint": format!("{base}/v1/userinfo"),
            "revocation_endpoint": format!("{base}/revoke"),
            "jwks_uri": format!("{base}/oauth2/v3/certs"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "email", "profile"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "claims_supported": [
                "aud", "email", "email_verified", "exp", "family_name", "given_name", "iat", "iss", "name", "sub",
            ],
            "code_challenge_methods_supported": ["S256"],
            "grant_types_supported": [
                "authorization_code", "refresh_token", DEVICE_GRANT,
            ],
        })
    }

    fn complete_key(&self, key: &mut Value, _base: &str) {
        key["alg"] = json!("RS256");
    }

    fn claims(&self, identity: &Identity<'_>, base: &str, _call: &Call, settings: &Settings) -> Value {
        let mut claims = json!({ "iss": issuer(base, settings), "azp": identity.client });
        if identity.has("email") {
            claims["email"] = json!(identity.user);
            claims["email_verified"] = json!(true);
        }
        if identity.has("profile") {
            names(identity.user).into_iter().for_each(|(name, value)| claims[name] = value);
        }
        claims
    }

    fn has_access_token_hash(&self) -> bool {
        true
    }

    /// Returns 21 digits, the same for every application.
    fn subject(&self, identity: &Identity<'_>) -> String {
        let mut random = identity.values(&["google"]);
        format!("1{:020}", random.number())
    }

    fn may_read_userinfo(&self, identity: &Identity<'_>) -> bool {
        ["openid", "email", "profile"].into_iter().any(|scope| identity.has(scope))
    }
}

fn issuer<'a>(base: &'a str, settings: &Settings) -> &'a str {
    match settings.google.issuer {
        GoogleIssuer::Sandbox => base,
        other => other.as_str(),
    }
}

/// Google's guide for limited-input devices lists the scopes.
pub(super) static DEVICE: DeviceRules = DeviceRules {
    grant_types: &[DEVICE_GRANT],
    page: "/device",
    page_member: "verification_url",
    lifetime_seconds: 1800,
    has_message: false,
    scopes: Some(&[
        "email",
        "openid",
        "profile",
        "https://www.googleapis.com/auth/drive.appdata",
        "https://www.googleapis.com/auth/drive.file",
        "https://www.googleapis.com/auth/youtube",
        "https://www.googleapis.com/auth/youtube.readonly",
    ]),
    only_public_apps: true,
    slows_down: true,
    offline_scope: None,
};
