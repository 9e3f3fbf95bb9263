//! What Microsoft's identity platform does in its own way: tenants, `offline_access`, one resource a token, and errors
//! with numbers.

use super::Servers;
use super::refused::Refused;
use crate::sandbox::Call;
use crate::settings::Scope;
use http::header::ORIGIN;
use serde_json::{Map, Value, json};

const OFFLINE_ACCESS: &str = "offline_access";

/// Those that belong to no resource: OpenID Connect's, and the one for refresh tokens.
const OPENID: [&str; 4] = ["openid", "profile", "email", OFFLINE_ACCESS];

const GRAPH: &str = "https://graph.microsoft.com";

/// The tenant of the path: a word for several, an id, or a domain.
pub(super) fn tenant(call: &Call) -> Result<&str, Refused> {
    let before = call.request.uri().path().split_once("/oauth2/").map_or("", |(before, _)| before);
    let tenant = before.rsplit('/').next().unwrap_or("");
    let word = ["common", "organizations", "consumers"].contains(&tenant);
    if word || is_id(tenant) || is_domain(tenant) { Ok(tenant) } else { Err(Refused::Tenant) }
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

pub(super) fn is_offline(scopes: &[String]) -> bool {
    scopes.iter().any(|scope| scope == OFFLINE_ACCESS)
}

/// A page's script must not present credentials: an `Origin` header tells of one.
pub(super) fn crosses_origins(call: &Call, secret: bool) -> bool {
    secret && call.request.headers().contains_key(ORIGIN)
}

/// The scopes of an access token: those the request names, else those of the first resource of the grant. More than one
/// resource in a request is refused. The spellings with and without Graph's address are one scope.
pub(super) fn for_one_resource(
    granted: &[String],
    asked: Option<Vec<String>>,
) -> Result<Vec<String>, Refused> {
    let Some(asked) = asked else {
        let first = granted.iter().find_map(|scope| resource(scope));
        let of_first = |scope: &&String| resource(scope).is_none_or(|resource| Some(resource) == first);
        return Ok(granted.iter().filter(of_first).cloned().collect());
    };
    let known = |scope: &&String| granted.iter().any(|known| short(known) == short(scope));
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
pub(super) fn short(scope: &str) -> String {
    let name = scope.strip_prefix(GRAPH).and_then(|rest| rest.strip_prefix('/')).unwrap_or(scope);
    name.to_ascii_lowercase()
}

impl Servers<'_> {
    /// The `scope` of an answer: as it was asked for, or in another spelling and order, without what is no permission.
    pub(super) fn microsoft_scope(&self, scopes: &[String]) -> String {
        if self.world.settings.microsoft.scope == Scope::AsAsked {
            return scopes.join(" ");
        }
        let permissions = scopes.iter().rev().filter(|scope| *scope != OFFLINE_ACCESS);
        let spelled = permissions.map(|scope| match resource(scope) {
            Some(GRAPH) if !scope.contains('/') => format!("{GRAPH}/{scope}"),
            _ => scope.clone(),
        });
        spelled.collect::<Vec<_>>().join(" ")
    }

    /// The members of an error in Microsoft's own form; its description begins with the number.
    pub(super) fn microsoft_details(&mut self, refused: &Refused, call: &Call) -> Map<String, Value> {
        let random = &mut self.own.random;
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
            tenant(&Call::new(request, jiff::Timestamp::UNIX_EPOCH)).map(str::to_owned)
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
