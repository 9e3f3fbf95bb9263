//! The authorization server of Outlook calendars: the Microsoft identity platform (v2.0).

use std::fmt;

use super::{ClientAuth, IssuerParameter, Profile};
use crate::base::Error;

/// The accounts that may sign in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tenant {
    /// Work, school and personal accounts.
    Common,
    /// Work and school accounts.
    Organizations,
    /// Personal accounts.
    Consumers,
    /// The accounts of one organization.
    Organization(Directory),
}

/// The directory of an organization, given as the id of the directory or as one of its domains.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Directory(Box<str>);

impl Directory {
    /// Returns whether the text is the id of the directory (a UUID, RFC 9562 section 4), not a domain.
    fn is_id(&self) -> bool {
        let groups: Vec<_> = self.0.split('-').map(str::len).collect();
        groups == [8, 4, 4, 4, 12] && self.0.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    }
}

impl Tenant {
    /// Parses a tenant: `common`, `organizations`, `consumers`, or the id or domain of a directory.
    ///
    /// # Errors
    /// If the name is empty, consists only of dots, or has a character other than ASCII letters, digits,
    /// hyphens and dots.
    pub fn new(name: &str) -> Result<Self, Error> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        match &*name.to_ascii_lowercase() {
            "common" => Ok(Self::Common),
            "organizations" => Ok(Self::Organizations),
            "consumers" => Ok(Self::Consumers),
            _ if !name.is_empty() && name.bytes().all(fits) && name.bytes().any(|byte| byte != b'.') => {
                Ok(Self::Organization(Directory(name.into())))
            }
            _ => Err(Error::configuration(
                "the tenant is not valid (expected `common`, `organizations`, `consumers`, a directory id or a domain)",
            )),
        }
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Common => "common",
            Self::Organizations => "organizations",
            Self::Consumers => "consumers",
            Self::Organization(directory) => &directory.0,
        })
    }
}

/// Returns the profile for signing in with Microsoft.
///
/// Microsoft has no revocation endpoint, so a sign-out only deletes the stored tokens.
///
/// Microsoft issues a refresh token only if the scope `offline_access` is requested. [`SCOPES`] contains
/// `offline_access`. In the registration of the application at Microsoft, choose the platform of a web or
/// native application for the redirect URI, not that of a single-page application. The issuer of a callback
/// can be checked only if the tenant is a directory id. For any other tenant, use a redirect URI that no
/// other authorization server has.
///
/// ```
/// use connect_core::oauth::microsoft::{self, Tenant};
///
/// let profile = microsoft::profile(&Tenant::Common);
/// assert_eq!(profile.token_url, "https://login.microsoftonline.com/common/oauth2/v2.0/token");
/// ```
pub fn profile(tenant: &Tenant) -> Profile {
    profile_at("https://login.microsoftonline.com", tenant)
}

/// Returns the [`profile`] with `login` in place of `https://login.microsoftonline.com`.
///
/// `login` is the origin of a national cloud, such as `https://login.microsoftonline.us`, or the origin of a
/// sandbox followed by `/microsoft`.
pub fn profile_at(login: &str, tenant: &Tenant) -> Profile {
    let at = |path: &str| format!("{login}/{tenant}{path}");
    let mut profile = Profile::new(at("/v2.0"), at("/oauth2/v2.0/authorize"), at("/oauth2/v2.0/token"));
    profile.client_auth = ClientAuth::Body;
    if !matches!(tenant, Tenant::Organization(directory) if directory.is_id()) {
        // The issuer contains the id of the user's tenant, which is unknown before the sign-in.
        profile.issuer_parameter = IssuerParameter::Ignored;
    }
    // Microsoft reports rate limits, policies and locked accounts as `invalid_grant` too, and asks clients
    // not to depend on the more specific error numbers. Therefore no error code ends a sign-in.
    profile.final_errors.clear();
    profile.recoverable_errors =
        ["invalid_grant", "interaction_required", "consent_required", "login_required"]
            .map(str::to_owned)
            .into();
    profile
}

/// The scopes for reading and writing calendars, and for a refresh token.
pub const SCOPES: [&str; 2] = ["Calendars.ReadWrite", "offline_access"];
