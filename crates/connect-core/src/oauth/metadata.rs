//! Reads the metadata that an authorization server publishes (RFC 8414, OpenID Connect Discovery 1.0).

use std::borrow::Cow;

use connect_types::{Auth, Raw};
use http::{Method, Uri};
use serde::Deserialize;

use super::{ClientAuth, IssuerParameter, Pkce, Profile, Revocation};
use crate::{
    base::{Error, Service, is_protected},
    endpoint::{Endpoint, answer},
};

#[derive(Deserialize)]
struct Metadata {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(default)]
    revocation_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    code_challenge_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

impl Profile {
    /// Returns an issuer's metadata URLs: by RFC 8414 section 3, and by OpenID Connect Discovery.
    pub fn metadata_urls(issuer: &str) -> Result<[String; 2], Error> {
        let (scheme, rest) = check_issuer(issuer)?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let path = path.trim_end_matches('/');
        let slash = if path.is_empty() { "" } else { "/" };
        Ok([
            format!("{scheme}://{authority}/.well-known/oauth-authorization-server{slash}{path}"),
            format!("{scheme}://{authority}{slash}{path}/.well-known/openid-configuration"),
        ])
    }

    /// Creates a profile from a server's metadata.
    ///
    /// The issuer in the document must equal `issuer`, byte for byte (RFC 8414 section 3.3).
    pub fn from_metadata(issuer: &str, document: &[u8]) -> Result<Self, Error> {
        check_issuer(issuer)?;
        let metadata: Metadata = answer::from_json(document)?;
        if metadata.issuer != issuer {
            return Err(Error::configuration(
                "the issuer in the metadata is not the requested issuer (expected the same text)",
            ));
        }
        let mut profile = Self::new(issuer, metadata.authorization_endpoint, metadata.token_endpoint);
        if let Some(url) = metadata.revocation_endpoint {
            profile.revocation = Revocation::Form(url);
        }
        let knows = |list: &Option<Vec<String>>, one: &str| {
            list.as_ref().is_some_and(|list| list.iter().any(|known| known == one))
        };
        let methods = &metadata.token_endpoint_auth_methods_supported;
        // If the list is missing, the server supports HTTP Basic (RFC 8414 section 2).
        if methods.is_some() && !knows(methods, "client_secret_basic") {
            profile.client_auth = ClientAuth::Body;
        }
        profile.pkce = match &metadata.code_challenge_methods_supported {
            // The server may support PKCE. A server without PKCE ignores the challenge (RFC 6749 3.1).
            None => Pkce::Offered,
            challenges if knows(challenges, "S256") => Pkce::Used,
            Some(_) => Pkce::Absent,
        };
        if metadata.authorization_response_iss_parameter_supported {
            profile.issuer_parameter = IssuerParameter::Required;
        }
        profile.check()?;
        Ok(profile)
    }
}

/// The endpoint that returns a metadata document, at one of the [`Profile::metadata_urls`].
#[derive(Clone, Debug)]
pub struct GetMetadata {
    service: Service,
    path: String,
}

impl GetMetadata {
    /// Creates the endpoint for the document at `url`.
    pub fn new(url: &str) -> Result<Self, Error> {
        let uri: Uri =
            url.parse().map_err(|_| Error::configuration("the metadata URL is not a valid URL"))?;
        let origin = url.strip_suffix(uri.path()).unwrap_or(url);
        Ok(Self { service: Service::new(origin)?, path: uri.path().to_owned() })
    }
}

impl Endpoint for GetMetadata {
    type Output = Raw;

    fn method(&self) -> Method {
        Method::GET
    }

    fn path(&self) -> Result<Cow<'_, str>, Error> {
        Ok(self.path.as_str().into())
    }

    fn auth(&self) -> Auth {
        Auth::None
    }

    fn operation(&self) -> &'static str {
        "GET metadata"
    }

    fn service<'a>(&'a self, _: &'a Service) -> &'a Service {
        &self.service
    }
}

/// Checks an issuer (RFC 8414 section 2) and returns its parts before and after `://`.
fn check_issuer(issuer: &str) -> Result<(&str, &str), Error> {
    let wrong = || {
        Error::configuration(
            "the issuer is not valid (expected an https URL, or http at a loopback address, without user name, query and fragment)",
        )
    };
    let uri: Uri = issuer.parse().map_err(|_| wrong())?;
    if !is_protected(&uri) || issuer.contains(['?', '#', '@']) {
        return Err(wrong());
    }
    issuer.split_once("://").ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://login.example/tenant";

    fn document(more: &str) -> String {
        format!(
            r#"{{"issuer": "{ISSUER}", "authorization_endpoint": "https://login.example/authorize",
                "token_endpoint": "https://api.example/token"{more}}}"#
        )
    }

    #[test]
    fn minimal_metadata_yields_the_defaults() {
        let profile = Profile::from_metadata(ISSUER, document("").as_bytes()).unwrap();
        assert_eq!(profile.token_url, "https://api.example/token");
        assert_eq!((profile.client_auth, profile.pkce), (ClientAuth::Basic, Pkce::Offered));
        assert_eq!(profile.revocation, Revocation::None);
        assert_eq!(profile.issuer_parameter, IssuerParameter::Compared);
    }

    #[test]
    fn byte_order_mark_before_metadata_is_skipped() {
        let marked = format!("\u{feff}{}", document(""));
        assert!(Profile::from_metadata(ISSUER, marked.as_bytes()).is_ok());
    }

    #[test]
    fn metadata_without_s256_disables_pkce() {
        let more = r#", "code_challenge_methods_supported": ["plain"]"#;
        let profile = Profile::from_metadata(ISSUER, document(more).as_bytes()).unwrap();
        assert_eq!(profile.pkce, Pkce::Absent);
    }

    #[test]
    fn complete_metadata_sets_every_field() {
        let more = r#", "revocation_endpoint": "https://api.example/revoke",
            "token_endpoint_auth_methods_supported": ["client_secret_post", "none"],
            "code_challenge_methods_supported": ["plain", "S256"],
            "authorization_response_iss_parameter_supported": true"#;
        let profile = Profile::from_metadata(ISSUER, document(more).as_bytes()).unwrap();
        assert_eq!((profile.client_auth, profile.pkce), (ClientAuth::Body, Pkce::Used));
        assert_eq!(profile.revocation, Revocation::Form("https://api.example/revoke".into()));
        assert_eq!(profile.issuer_parameter, IssuerParameter::Required);
    }

    #[test]
    fn metadata_of_other_issuer_or_with_plain_http_is_refused() {
        assert!(Profile::from_metadata("https://login.example/tenant/", document("").as_bytes()).is_err());
        let clear = document(r#", "revocation_endpoint": "http://api.example/revoke""#);
        assert!(Profile::from_metadata(ISSUER, clear.as_bytes()).is_err());
        assert!(Profile::from_metadata(ISSUER, b"<html>").is_err());
    }

    #[test]
    fn metadata_urls_are_built_from_the_issuer() {
        let [oauth, openid] = Profile::metadata_urls("https://login.example").unwrap();
        assert_eq!(oauth, "https://login.example/.well-known/oauth-authorization-server");
        assert_eq!(openid, "https://login.example/.well-known/openid-configuration");
        let [oauth, openid] = Profile::metadata_urls("https://login.example/tenant/").unwrap();
        assert_eq!(oauth, "https://login.example/.well-known/oauth-authorization-server/tenant");
        assert_eq!(openid, "https://login.example/tenant/.well-known/openid-configuration");
        for wrong in [
            "login.example",
            "http://login.example/t",
            "ftp://login.example",
            "https://u:p@login.example",
            "https://a?b",
        ] {
            assert!(Profile::metadata_urls(wrong).is_err(), "{wrong}");
            assert!(
                Profile::from_metadata(wrong, document("").replace(ISSUER, wrong).as_bytes()).is_err(),
                "{wrong}"
            );
        }
    }
}
