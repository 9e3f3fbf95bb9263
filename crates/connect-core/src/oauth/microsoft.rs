//! Microsoft's identity platform (v2.0): the authorization server of Outlook's calendars.

use std::fmt;

use super::{ClientAuth, IssuerParameter, Profile};
use crate::base::Error;

/// Who may sign in.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Tenant {
    /// Anybody with an account at work, at school, or of their own.
    Common,
    /// Anybody with an account at work or at school.
    Organizations,
    /// Anybody with an account of their own.
    Consumers,
    /// Those of one organisation.
    Organization(Directory),
}

/// The directory of one organisation: its id or one of its domains.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Directory(Box<str>);

impl Directory {
    /// Whether it is named by its id (RFC 9562 4), and not by a domain.
    fn is_id(&self) -> bool {
        let groups: Vec<_> = self.0.split('-').map(str::len).collect();
        groups == [8, 4, 4, 4, 12] && self.0.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
    }
}

impl Tenant {
    /// The tenant with this name, id or domain.
    ///
    /// # Errors
    /// When it holds anything but letters, digits, hyphens and dots.
    pub fn new(name: &str) -> Result<Self, Error> {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-.".contains(&byte);
        match &*name.to_ascii_lowercase() {
            "common" => Ok(Self::Common),
            "organizations" => Ok(Self::Organizations),
            "consumers" => Ok(Self::Consumers),
            _ if !name.is_empty() && name.bytes().all(fits) && name.bytes().any(|byte| byte != b'.') => {
                Ok(Self::Organization(Directory(name.into())))
            }
            _ => Err(Error::configuration("a tenant is an id or a domain")),
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

/// Signing in with Microsoft. There is no revocation: a sign-out deletes what is kept here.
///
/// A refresh token comes only with the scope `offline_access`, which is in [`SCOPES`]. The redirect URI has to be
/// registered for the web or for native programs, not for single-page applications. Unless the tenant is the id
/// of one organisation, give this server a redirect URI of its own: what it calls itself cannot be checked.
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

/// As [`profile`], at the login host of a national cloud, such as `https://login.microsoftonline.us`, or at the
/// `/microsoft` of a sandbox.
pub fn profile_at(login: &str, tenant: &Tenant) -> Profile {
    let at = |path: &str| format!("{login}/{tenant}{path}");
    let mut profile = Profile::new(at("/v2.0"), at("/oauth2/v2.0/authorize"), at("/oauth2/v2.0/token"));
    profile.client_auth = ClientAuth::Body;
    if !matches!(tenant, Tenant::Organization(directory) if directory.is_id()) {
        // The issuer is that of the tenant the user turns out to belong to, by its id.
        profile.issuer_parameter = IssuerParameter::Ignored;
    }
    // A rate limit, a policy or a locked account come as `invalid_grant` too, and Microsoft asks clients not to tell them
    // apart by its own code numbers. So no error of its token endpoint ends a sign-in for good.
    profile.final_errors.clear();
    profile.recoverable_errors =
        ["invalid_grant", "interaction_required", "consent_required", "login_required"]
            .map(str::to_owned)
            .into();
    profile
}

/// Reading and writing calendars, with a refresh token.
pub const SCOPES: [&str; 2] = ["Calendars.ReadWrite", "offline_access"];
