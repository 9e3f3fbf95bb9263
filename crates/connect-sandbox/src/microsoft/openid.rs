//! Microsoft as an OpenID provider, and the rules of its device authorization grant.

use super::oauth::{GRAPH, is_id, tenant};
use crate::call::Call;
use crate::oauth_server::{CERTIFICATE, DEVICE_GRANT, DeviceRules, Identity, OpenIdRules, names};
use crate::settings::Settings;
use crate::world::random::Random;
use serde_json::{Value, json};

/// The tenant of personal accounts.
const CONSUMERS: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

pub(super) struct MicrosoftOpenId;

impl OpenIdRules for MicrosoftOpenId {
    /// Returns the members that Microsoft sends, with the values that the sandbox supports. The issuer of
    /// `common` and `organizations` has the placeholder `{tenantid}`, which a client replaces with the claim
    /// `tid`.
    fn metadata(&self, base: &str, call: &Call, settings: &Settings) -> Value {
        let tenant = tenant(call).unwrap_or_default();
        let id = match tenant.as_str() {
            "common" | "organizations" => "{tenantid}".to_owned(),
            _ => tenant_id(call, settings),
        };
        let oauth = format!("{base}/{tenant}/oauth2/v2.0");
        let origin = base.trim_end_matches("/microsoft");
        json!({
            "issuer": issuer(base, &id),
            "authorization_endpoint": format!("{oauth}/authorize"),
            "device_authorization_endpoint": format!("{oauth}/devicecode"),
            "token_endpoint": format!("{oauth}/token"),
            "end_session_endpoint": format!("{oauth}/logout"),
            "userinfo_endpoint": format!("{origin}/microsoft/graph/oidc/userinfo"),
            "jwks_uri": format!("{base}/{tenant}/discovery/v2.0/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
            "response_modes_supported": ["query", "fragment", "form_post"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "response_types_supported": ["code"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "request_uri_parameter_supported": false,
            "claims_supported": [
                "sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver", "email",
            ],
            "msgraph_host": GRAPH.trim_start_matches("https://"),
        })
    }

    fn complete_key(&self, key: &mut Value, base: &str) {
        key["x5t"] = key["kid"].clone();
        key["x5c"] = json!([CERTIFICATE]);
        key["issuer"] = json!(issuer(base, "{tenantid}"));
    }

    fn claims(&self, identity: &Identity<'_>, base: &str, call: &Call, settings: &Settings) -> Value {
        let tenant = tenant_id(call, settings);
        let mut claims = json!({
            "iss": issuer(base, &tenant),
            "tid": tenant,
            "nbf": call.now.as_second(),
            "ver": "2.0",
        });
        if identity.has("profile") {
            claims["oid"] = json!(object_id(identity.user, &tenant));
            claims["preferred_username"] = json!(identity.user);
            claims["name"] = names(identity.user)["name"].clone();
        }
        if identity.has("email") {
            claims["email"] = json!(identity.user);
        }
        claims
    }

    /// Returns an identifier that is different for each application.
    fn subject(&self, identity: &Identity<'_>) -> String {
        identity.values(&["microsoft", identity.client]).token(32)
    }

    fn may_read_userinfo(&self, identity: &Identity<'_>) -> bool {
        identity.has("openid")
    }

    /// Returns the ids of the user and of the user's home tenant, which MSAL uses as the key of its cache.
    fn client_info(&self, identity: &Identity<'_>, call: &Call, settings: &Settings) -> Option<Value> {
        let tenant = tenant_id(call, settings);
        identity.has("profile").then(|| json!({ "uid": object_id(identity.user, &tenant), "utid": tenant }))
    }
}

fn issuer(base: &str, tenant_id: &str) -> String {
    format!("{base}/{tenant_id}/v2.0")
}

/// Returns the id of the user in a tenant. A user has another id in each tenant.
fn object_id(user: &str, tenant_id: &str) -> String {
    Random::named(0, &[user, "microsoft", tenant_id]).uuid()
}

/// Returns the id of the user in the home tenant, which Graph shows.
pub(crate) fn user_id(user: &str, settings: &Settings) -> String {
    object_id(user, &settings.microsoft.tenant.to_ascii_lowercase())
}

/// Returns the id of the tenant that the user signs in to. The path can have an id, a domain or an alias.
fn tenant_id(call: &Call, settings: &Settings) -> String {
    match tenant(call).unwrap_or_default().to_ascii_lowercase().as_str() {
        "common" | "organizations" => settings.microsoft.tenant.to_ascii_lowercase(),
        "consumers" => CONSUMERS.to_owned(),
        id if is_id(id) => id.to_owned(),
        domain => Random::named(0, &["tenant", domain]).uuid(),
    }
}

/// Returns the host names of the public cloud, which MSAL treats as one authority.
pub(crate) fn instances(base: &str, call: &Call) -> Value {
    let authority = call.query("authorization_endpoint").unwrap_or_default();
    let tenant = authority.split('/').nth(3).filter(|tenant| !tenant.is_empty()).unwrap_or("common");
    json!({
        "tenant_discovery_endpoint": format!("{base}/{tenant}/v2.0/.well-known/openid-configuration"),
        "api-version": "1.1",
        "metadata": [{
            "preferred_network": "login.microsoftonline.com",
            "preferred_cache": "login.windows.net",
            "aliases": [
                "login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net",
            ],
        }],
    })
}

pub(super) static DEVICE: DeviceRules = DeviceRules {
    // MSAL for Node.js sends the short name.
    grant_types: &[DEVICE_GRANT, "device_code"],
    page: "/common/oauth2/deviceauth",
    page_member: "verification_uri",
    lifetime_seconds: 900,
    has_message: true,
    scopes: None,
    only_public_apps: false,
    slows_down: false,
    offline_scope: Some("offline_access"),
};
