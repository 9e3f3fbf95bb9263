//! What Microsoft's identity platform does in its own way: tenants, `offline_access`, one resource a token, and errors
//! with numbers.

use crate::call::Call;
use crate::oauth_server::Endpoint::{Authorize, Decide, Token};
use crate::oauth_server::{
    AuthorizationRequest, ConsentWords, Descriptions, Mode, Parameters, Refused, Routes, Rules,
};
use crate::settings::{Scope, Settings};
use crate::world::random::Random;
use serde_json::{Map, Value, json};
use std::borrow::Cow;

const OFFLINE_ACCESS: &str = "offline_access";

/// Those that belong to no resource: OpenID Connect's, and the one for refresh tokens.
const OPENID: [&str; 4] = ["openid", "profile", "email", OFFLINE_ACCESS];

const GRAPH: &str = "https://graph.microsoft.com";

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
        ]
    }

    /// These rest on general knowledge.
    fn consent_words(&self) -> ConsentWords {
        ConsentWords { heading: "Permissions requested: {}", allow: "Accept", deny: "Cancel" }
    }

    fn descriptions(&self) -> Descriptions {
        DESCRIPTIONS
    }

    fn short_scope<'a>(&self, scope: &'a str) -> Cow<'a, str> {
        short_scope(scope).into()
    }

    fn takes_secrets_of_pages(&self) -> bool {
        false
    }

    fn is_openid_provider(&self) -> bool {
        true
    }

    fn check_path(&self, call: &Call) -> Result<(), Refused> {
        tenant(call).map(drop)
    }

    fn issuer_path(&self, call: &Call) -> String {
        format!("/microsoft/{}/v2.0", tenant(call).as_deref().unwrap_or("common"))
    }

    /// A mode that is not known is not told by a redirect: it would say how to redirect.
    fn response_mode(&self, _redirect_uri: &str, query: &Parameters) -> Result<Mode, Refused> {
        match query.find("response_mode") {
            None | Some("query") => Ok(Mode::Query),
            Some("fragment") => Ok(Mode::Fragment),
            Some("form_post") => Ok(Mode::FormPost),
            Some(_) => Err(Refused::Value("response_mode")),
        }
    }

    fn is_offline(&self, request: &AuthorizationRequest<'_>) -> Result<bool, Refused> {
        Ok(request.scopes.iter().any(|scope| scope == OFFLINE_ACCESS))
    }

    fn narrowed(&self, granted: &[String], asked: Option<Vec<String>>) -> Result<Vec<String>, Refused> {
        for_one_resource(granted, asked)
    }

    /// As they were asked for, or in another spelling and order, without scopes that are not permissions.
    fn told(&self, scopes: &[String], settings: &Settings) -> Vec<String> {
        if settings.microsoft.scope == Scope::AsAsked {
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

    fn error(&self, refused: &Refused) -> &'static str {
        match refused {
            Refused::UnknownClient => "unauthorized_client",
            _ => refused.error(),
        }
    }

    /// The description begins with the number.
    fn error_members(&self, refused: &Refused, call: &Call, random: &mut Random) -> Map<String, Value> {
        let (trace, correlation) = (random.uuid(), random.uuid());
        let time = call.now.strftime("%Y-%m-%d %H:%M:%SZ").to_string();
        let number = number(refused);
        let text = format!(
            "AADSTS{number}: {}. Trace ID: {trace} Correlation ID: {correlation} Timestamp: {time}",
            refused.description(),
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

/// The tenant of the path: a word for several, an id, or a domain.
fn tenant(call: &Call) -> Result<String, Refused> {
    let tenant = call.path_parameter("tenant").unwrap_or_default();
    let word = ["common", "organizations", "consumers"].contains(&tenant.as_str());
    if word || is_id(&tenant) || is_domain(&tenant) { Ok(tenant) } else { Err(Refused::Tenant) }
}

/// Hexadecimal digits in groups of 8, 4, 4, 4 and 12.
fn is_id(text: &str) -> bool {
    let groups = text.split('-').map(str::len);
    groups.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}

fn is_domain(text: &str) -> bool {
    let plain = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte == b'-' || byte.is_ascii_alphanumeric())
    };
    text.contains('.') && text.split('.').all(plain)
}

/// The scopes of an access token: those the request names, else those of the first resource of the grant. More than one
/// resource in a request is refused. The spellings with and without Graph's address are one scope.
fn for_one_resource(granted: &[String], asked: Option<Vec<String>>) -> Result<Vec<String>, Refused> {
    let Some(asked) = asked else {
        let first = granted.iter().find_map(|scope| resource(scope));
        let of_first = |scope: &&String| resource(scope).is_none_or(|resource| Some(resource) == first);
        return Ok(granted.iter().filter(of_first).cloned().collect());
    };
    let known = |scope: &&String| granted.iter().any(|known| short_scope(known) == short_scope(scope));
    let first = asked.iter().find_map(|scope| resource(scope));
    let of_first = |scope: &&String| resource(scope).is_none_or(|resource| Some(resource) == first);
    match asked.iter().find(|scope| !known(scope) || !of_first(scope)) {
        Some(scope) => Err(Refused::Scope(scope.clone())),
        None => Ok(asked),
    }
}

/// Whom a scope is for; a bare name is a permission of Graph.
fn resource(scope: &str) -> Option<&str> {
    match scope.rsplit_once('/') {
        _ if OPENID.contains(&scope) => None,
        Some((resource, _)) => Some(resource),
        None => Some(GRAPH),
    }
}

/// Without Graph's address, and without case, which its permissions have none of.
pub(super) fn short_scope(scope: &str) -> String {
    let name = scope.strip_prefix(GRAPH).and_then(|rest| rest.strip_prefix('/')).unwrap_or(scope);
    name.to_ascii_lowercase()
}

/// A number for each reason. The real ones change, and some of these rest on hearsay: clients go by `error`.
fn number(refused: &Refused) -> u32 {
    match refused {
        Refused::NoForm | Refused::Missing(_) => 900_144,
        Refused::Repeated(_) | Refused::Value(_) => 90_100,
        Refused::Tenant => 90_002,
        Refused::UnknownClient => 700_016,
        Refused::RedirectUri => 50_011,
        Refused::ResponseType => 700_054,
        Refused::Challenge | Refused::ChallengeMethod => 501_491,
        Refused::Scope(_) => 70_011,
        Refused::Denied => 65_004,
        Refused::Secret => 7_000_215,
        Refused::SecretMissing => 7_000_218,
        Refused::PublicSecret => 700_025,
        Refused::TwoMethods => 90_023,
        Refused::CrossOrigin => 9_002_326,
        Refused::GrantType => 70_003,
        Refused::Code | Refused::RefreshToken => 70_000,
        Refused::CodeUsed => 54_005,
        Refused::CodeExpired => 70_008,
        Refused::RedirectMismatch => 500_112,
        Refused::VerifierMissing | Refused::Verifier => 501_481,
        Refused::RefreshExpired => 700_082,
    }
}

/// By the short name in small letters: the texts for users in Graph's reference of permissions. Those of `openid`, of shared
/// and of basic calendars rest on general knowledge.
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
    fn a_token_is_for_one_resource() {
        let granted =
            owned("openid Calendars.Read https://graph.microsoft.com/User.Read https://a.example/x");
        let get = |asked: Option<&str>| for_one_resource(&granted, asked.map(owned));
        assert_eq!(get(None).unwrap(), owned("openid Calendars.Read https://graph.microsoft.com/User.Read"));
        assert_eq!(get(Some("https://a.example/x")).unwrap(), ["https://a.example/x"]);
        let spelled = get(Some("https://graph.microsoft.com/calendars.read user.read"));
        assert_eq!(spelled.unwrap().len(), 2, "another spelling");
        assert!(get(Some("Calendars.Read https://a.example/x")).is_err());
        assert!(get(Some("Calendars.ReadWrite")).is_err());
    }

    #[test]
    fn tenants() {
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
