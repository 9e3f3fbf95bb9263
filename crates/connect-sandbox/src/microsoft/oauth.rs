//! How the Microsoft identity platform differs from the defaults of `Rules`. The differences are tenants,
//! `offline_access`, access tokens for one resource, and numbered errors.

use super::openid::{DEVICE, MicrosoftOpenId};
use crate::call::Call;
use crate::oauth_server::Endpoint::{
    Authorize, Decide, DeviceAuthorization, DeviceDecision, DevicePage, Instances, Keys, Metadata, SignOut,
    Token, UserInfo,
};
use crate::oauth_server::{
    AuthorizationRequest, ConsentWords, Descriptions, DeviceRules, OAuthError, OpenIdRules, Parameters,
    ResponseMode, Routes, Rules,
};
use crate::settings::{ScopeForm, Settings};
use crate::world::random::Random;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

const OFFLINE_ACCESS: &str = "offline_access";

/// The scopes that belong to no resource: the scopes of OpenID Connect, and `offline_access`.
const OPENID: [&str; 4] = ["openid", "profile", "email", OFFLINE_ACCESS];

pub(super) const GRAPH: &str = "https://graph.microsoft.com";

/// The permission name that refers to all permissions that are registered for an application.
const DEFAULT: &str = ".default";

const REGISTERED: [&str; 3] = ["Calendars.ReadWrite", "MailboxSettings.ReadWrite", "User.Read"];

pub(crate) struct MicrosoftRules;

impl Rules for MicrosoftRules {
    fn name(&self) -> &'static str {
        "microsoft"
    }

    fn routes(&self) -> Routes {
        &[
            ("GET /microsoft/{tenant}/oauth2/v2.0/authorize", Authorize),
            ("POST /microsoft/{tenant}/oauth2/v2.0/authorize", Decide),
            ("POST /microsoft/{tenant}/oauth2/v2.0/token", Token),
            ("GET /microsoft/{tenant}/v2.0/.well-known/openid-configuration", Metadata),
            ("GET /microsoft/{tenant}/discovery/v2.0/keys", Keys),
            ("GET /microsoft/{tenant}/discovery/instance", Instances),
            ("GET /microsoft/graph/oidc/userinfo", UserInfo),
            ("POST /microsoft/graph/oidc/userinfo", UserInfo),
            ("POST /microsoft/{tenant}/oauth2/v2.0/devicecode", DeviceAuthorization),
            ("GET /microsoft/common/oauth2/deviceauth", DevicePage),
            ("POST /microsoft/common/oauth2/deviceauth", DeviceDecision),
            ("GET /microsoft/{tenant}/oauth2/v2.0/logout", SignOut),
            ("POST /microsoft/{tenant}/oauth2/v2.0/logout", SignOut),
        ]
    }

    /// Returns the texts of the consent page, which are not from Microsoft's documentation.
    fn consent_words(&self) -> ConsentWords {
        ConsentWords { heading: "Permissions requested: {}", allow: "Accept", deny: "Cancel" }
    }

    fn descriptions(&self) -> Descriptions {
        DESCRIPTIONS
    }

    fn short_scope<'a>(&self, scope: &'a str) -> Cow<'a, str> {
        short_scope(scope).into()
    }

    fn accepts_browser_secrets(&self) -> bool {
        false
    }

    fn openid(&self) -> Option<&'static dyn OpenIdRules> {
        Some(&MicrosoftOpenId)
    }

    fn device(&self) -> Option<&'static DeviceRules> {
        Some(&DEVICE)
    }

    /// Checks the tenant. The page for the code of a device has the same path for every tenant.
    fn check_path(&self, call: &Call) -> Result<(), OAuthError> {
        if call.path_parameter("tenant").is_some() { tenant(call).map(drop) } else { Ok(()) }
    }

    /// Adds the permissions that `.default` of Graph means: those that are registered for the application.
    /// In the sandbox, every application has registered the same permissions.
    fn expand(&self, mut scopes: Vec<String>) -> Vec<String> {
        if scopes.iter().any(|scope| short_scope(scope) == DEFAULT && resource(scope) == Some(GRAPH)) {
            let known =
                |name: &&&str| !scopes.iter().any(|scope| short_scope(scope) == name.to_ascii_lowercase());
            let added: Vec<_> =
                REGISTERED.iter().filter(known).map(|name| format!("{GRAPH}/{name}")).collect();
            scopes.extend(added);
        }
        scopes
    }

    fn issuer_path(&self, call: &Call) -> String {
        format!("/microsoft/{}/v2.0", tenant(call).as_deref().unwrap_or("common"))
    }

    /// Returns the response mode. An unknown `response_mode` is reported without a redirect, because the
    /// server cannot know the form of the redirect.
    fn response_mode(&self, _redirect_uri: &str, query: &Parameters) -> Result<ResponseMode, OAuthError> {
        match query.find("response_mode") {
            None | Some("query") => Ok(ResponseMode::Query),
            Some("fragment") => Ok(ResponseMode::Fragment),
            Some("form_post") => Ok(ResponseMode::FormPost),
            Some(_) => Err(OAuthError::Value("response_mode")),
        }
    }

    fn is_offline(&self, request: &AuthorizationRequest<'_>) -> Result<bool, OAuthError> {
        Ok(request.scopes.iter().any(|scope| scope == OFFLINE_ACCESS))
    }

    fn token_scopes(
        &self,
        granted: &[String],
        requested: Option<Vec<String>>,
    ) -> Result<Vec<String>, OAuthError> {
        for_one_resource(granted, requested)
    }

    /// Returns the scopes for the token response, as requested by default. If the switch `microsoft_scope` is
    /// `resource`, returns the scopes in reverse order and without `offline_access`; each Graph scope then
    /// begins with the address of Graph.
    fn response_scopes(&self, scopes: &[String], settings: &Settings) -> Vec<String> {
        if settings.microsoft.scope == ScopeForm::AsAsked {
            return scopes.to_vec();
        }
        let permissions = scopes.iter().rev().filter(|scope| *scope != OFFLINE_ACCESS);
        let spelled = permissions.map(|scope| match resource(scope) {
            Some(GRAPH) if !scope.contains('/') => format!("{GRAPH}/{scope}"),
            _ => scope.clone(),
        });
        spelled.collect()
    }

    fn lifetime(&self, settings: &Settings) -> Option<u64> {
        Some(settings.microsoft.token_ttl.0)
    }

    fn rotates(&self, _settings: &Settings) -> bool {
        true
    }

    fn error_code(&self, error: &OAuthError) -> &'static str {
        match error {
            OAuthError::UnknownClient => "unauthorized_client",
            OAuthError::DeviceDenied => "authorization_declined",
            OAuthError::DeviceCode => "bad_verification_code",
            _ => error.code(),
        }
    }

    /// Microsoft's error descriptions begin with the error number.
    fn error_members(&self, error: &OAuthError, call: &Call, random: &mut Random) -> Map<String, Value> {
        let (trace, correlation) = (random.uuid(), random.uuid());
        let time = call.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let number = number(error);
        let text = format!(
            "AADSTS{number}: {}. Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
            error.description(),
        );
        let members = [
            ("error_description", json!(text)),
            ("error_codes", json!([number])),
            ("timestamp", json!(time)),
            ("trace_id", json!(trace)),
            ("correlation_id", json!(correlation)),
        ];
        members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }
}

/// Returns the tenant in the path: `common`, `organizations`, `consumers`, an id, or a domain.
pub(super) fn tenant(call: &Call) -> Result<String, OAuthError> {
    let tenant = call.path_parameter("tenant").unwrap_or_default();
    let word = ["common", "organizations", "consumers"].contains(&tenant.as_str());
    if word || is_id(&tenant) || is_domain(&tenant) { Ok(tenant) } else { Err(OAuthError::Tenant) }
}

/// Returns whether the text is a UUID: hexadecimal digits in groups of 8, 4, 4, 4 and 12.
pub(crate) fn is_id(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_domain(text: &str) -> bool {
    let plain = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric())
    };
    text.contains('.') && text.split('.').all(plain)
}

/// Returns the scopes of an access token, which is valid for one resource. Without `requested`, returns the
/// granted scopes of the first resource in `granted`, and the granted scopes that belong to no resource.
/// Fails if `requested` names several resources, or a scope that was not granted. Scopes are compared without
/// the address of Graph.
fn for_one_resource(granted: &[String], requested: Option<Vec<String>>) -> Result<Vec<String>, OAuthError> {
    let Some(requested) = requested else {
        let first = granted.iter().find_map(|scope| resource(scope));
        let of_first = |scope: &&String| resource(scope).is_none_or(|resource| Some(resource) == first);
        return Ok(granted.iter().filter(of_first).cloned().collect());
    };
    let known = |scope: &&String| granted.iter().any(|known| short_scope(known) == short_scope(scope));
    let first = requested.iter().find_map(|scope| resource(scope));
    let of_first = |scope: &&String| resource(scope).is_none_or(|resource| Some(resource) == first);
    match requested.iter().find(|scope| !known(scope) || !of_first(scope)) {
        Some(scope) => Err(OAuthError::Scope(scope.clone())),
        None => Ok(requested),
    }
}

/// Returns the resource URI of a scope; `None` for an OpenID scope. A scope without `/` belongs to Graph.
fn resource(scope: &str) -> Option<&str> {
    match scope.rsplit_once('/') {
        _ if OPENID.contains(&scope) => None,
        Some((resource, _)) => Some(resource),
        None => Some(GRAPH),
    }
}

/// Returns a scope without Graph's address, in lower case. Graph's scopes are case-insensitive.
pub(super) fn short_scope(scope: &str) -> String {
    let name = scope.strip_prefix(GRAPH).and_then(|rest| rest.strip_prefix('/')).unwrap_or(scope);
    name.to_ascii_lowercase()
}

/// Returns the AADSTS number of an error. Clients should use the member `error`, not the number,
/// because Microsoft changes the numbers. Some AADSTS numbers in this function are unconfirmed.
fn number(error: &OAuthError) -> u32 {
    match error {
        OAuthError::NoForm | OAuthError::Missing(_) => 900_144,
        OAuthError::Repeated(_) | OAuthError::Value(_) => 90_100,
        OAuthError::Tenant => 90_002,
        OAuthError::UnknownClient => 700_016,
        OAuthError::RedirectUri => 50_011,
        OAuthError::ResponseType => 700_054,
        OAuthError::Challenge | OAuthError::ChallengeMethod => 501_491,
        OAuthError::Scope(_) => 70_011,
        OAuthError::Denied => 65_004,
        OAuthError::Secret => 7_000_215,
        OAuthError::SecretMissing => 7_000_218,
        OAuthError::PublicSecret => 700_025,
        OAuthError::TwoMethods => 90_023,
        OAuthError::CrossOrigin => 9_002_326,
        OAuthError::GrantType => 70_003,
        OAuthError::Code | OAuthError::RefreshToken => 70_000,
        OAuthError::CodeUsed => 54_005,
        OAuthError::CodeExpired => 70_008,
        OAuthError::RedirectMismatch => 500_112,
        OAuthError::VerifierMissing | OAuthError::Verifier => 501_481,
        OAuthError::RefreshExpired => 700_082,
        OAuthError::DevicePending | OAuthError::DeviceTooFast => 70_016,
        OAuthError::DeviceCode | OAuthError::DeviceDenied => 70_018,
        OAuthError::DeviceExpired => 70_019,
        OAuthError::DeviceScope(_) => 70_011,
        OAuthError::DeviceClient => 7_000_218,
    }
}

/// Descriptions by short scope name, from Graph's permissions reference. The descriptions of
/// `openid` and of the scopes for shared calendars and basic details are not from the permissions
/// reference.
const DESCRIPTIONS: Descriptions = &[
    ("openid", "Sign in as you"),
    ("profile", "View your basic profile"),
    ("email", "View your email address"),
    ("offline_access", "Maintain access to data you have given it access to"),
    ("user.read", "Sign you in and read your profile"),
    ("calendars.read", "Read your calendars"),
    ("calendars.readwrite", "Have full access to your calendars"),
    ("calendars.readbasic", "Read basic details of your calendars"),
    ("calendars.read.shared", "Read calendars you can access"),
    ("calendars.readwrite.shared", "Read and write to your and shared calendars"),
];

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(scopes: &str) -> Vec<String> {
        scopes.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn request_for_two_resources_is_refused() {
        let granted =
            owned("openid Calendars.Read https://graph.microsoft.com/User.Read https://a.example/x");
        let get = |requested: Option<&str>| for_one_resource(&granted, requested.map(owned));
        assert_eq!(get(None).unwrap(), owned("openid Calendars.Read https://graph.microsoft.com/User.Read"));
        assert_eq!(get(Some("https://a.example/x")).unwrap(), ["https://a.example/x"]);
        let spelled = get(Some("https://graph.microsoft.com/calendars.read user.read"));
        assert_eq!(spelled.unwrap().len(), 2, "another spelling");
        assert!(get(Some("Calendars.Read https://a.example/x")).is_err());
        assert!(get(Some("Calendars.ReadWrite")).is_err());
    }

    #[test]
    fn tenant_names_ids_and_domains_are_accepted() {
        let read = |path: &str| {
            let request = http::Request::get(path).body(bytes::Bytes::new()).unwrap();
            let endpoint = "POST /microsoft/{tenant}/oauth2/v2.0/token";
            tenant(&Call::new(endpoint, request, jiff::Timestamp::UNIX_EPOCH))
        };
        for name in
            ["common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad", "a.example"]
        {
            assert_eq!(read(&format!("/microsoft/{name}/oauth2/v2.0/token")).as_deref(), Ok(name));
        }
        for name in ["Common", "x", "..", ".", "a..b", "%2e", "9188040d-6c67-4c5b-b112-36a304b66da", ""] {
            assert!(read(&format!("/microsoft/{name}/oauth2/v2.0/token")).is_err(), "{name}");
        }
    }
}
