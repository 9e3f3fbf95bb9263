//! The services of `--via`: their endpoints, settings and default scopes.

use clap::ValueEnum;
use connect_apptoto as apptoto;
use connect_calendars::{
    backend::{AsyncCalendarBackend, Backend, Connect, Google, Outlook},
    google,
    microsoft::{self, Tenant},
    outlook,
};
use connect_hyper::{SignIn, User, is_loopback, oauth::Profile, types::Scope};

use crate::failure::Failure;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Via {
    #[default]
    Connect,
    Google,
    #[value(alias = "outlook")]
    Microsoft,
    Apptoto,
}

impl Via {
    pub(crate) const ALL: &[Self] = &[Self::Connect, Self::Google, Self::Microsoft, Self::Apptoto];

    /// Returns the name of the service in texts for users; Microsoft's calendars are called Outlook.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Connect => "Mobiscroll Connect",
            Self::Google => "Google",
            Self::Microsoft => "Outlook",
            Self::Apptoto => "Apptoto",
        }
    }

    /// Returns the place where an application's client id, secret and redirect URI are shown.
    pub(crate) fn console(self) -> &'static str {
        match self {
            Self::Connect => "the application's settings in the Connect dashboard",
            Self::Google => "the credentials of the project in the Google Cloud console",
            Self::Microsoft => "the app registration in the Microsoft Entra admin center",
            Self::Apptoto => "the application's settings in Apptoto",
        }
    }

    /// Returns the value of `--via` that selects this service.
    pub(crate) fn option(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Google => "google",
            Self::Microsoft => "microsoft",
            Self::Apptoto => "apptoto",
        }
    }

    /// Returns the calendar backend of the service.
    ///
    /// For Apptoto, returns the backend of Connect, which is then not used: no command supports Apptoto
    /// calendars.
    pub(crate) fn backend(self, user: User) -> Box<dyn AsyncCalendarBackend> {
        match self {
            Self::Connect | Self::Apptoto => Box::new(Backend::new(Connect::new(), user)),
            Self::Google => Box::new(Backend::new(Google::new(), user)),
            Self::Microsoft => Box::new(Backend::new(Outlook::new(), user)),
        }
    }

    /// Returns the base URL of the service's API.
    ///
    /// For Connect, returns `base_url`. For another service, a `base_url` must be that of a sandbox on
    /// this machine, and the returned URL is that of the service in the sandbox.
    pub(crate) fn api(self, base_url: Option<&str>) -> Result<Option<String>, Failure> {
        let sandbox = if self == Self::Connect { None } else { base_url.map(origin).transpose()? };
        Ok(Some(match (self, sandbox) {
            (Self::Connect, _) => return Ok(base_url.map(str::to_owned)),
            (Self::Google, None) => google::BASE_URL.to_owned(),
            (Self::Google, Some(origin)) => format!("{origin}/google/calendar/v3"),
            (Self::Microsoft, None) => outlook::BASE_URL.to_owned(),
            (Self::Microsoft, Some(origin)) => format!("{origin}/microsoft/graph/v1.0"),
            (Self::Apptoto, None) => apptoto::BASE_URL.to_owned(),
            (Self::Apptoto, Some(origin)) => format!("{origin}/apptoto/api"),
        }))
    }

    /// Returns the start of the names of the service's own settings, such as `google-client-id`.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Connect => "",
            Self::Google => "google-",
            Self::Microsoft => "microsoft-",
            Self::Apptoto => "apptoto-",
        }
    }

    /// Returns whether the service accepts any loopback port (RFC 8252 section 7.3).
    ///
    /// Google accepts any loopback port for desktop clients, although these clients have a secret.
    pub(crate) fn takes_any_port(self, has_secret: bool) -> bool {
        match self {
            Self::Google => true,
            Self::Microsoft => !has_secret,
            Self::Connect | Self::Apptoto => false,
        }
    }

    /// Returns the profile of the service's authorization server; `None` for Connect.
    ///
    /// For a service other than Connect, a `base_url` must be that of a sandbox on this machine, and the
    /// profile has the endpoints of the sandbox.
    pub(crate) fn profile(
        self,
        base_url: Option<&str>,
        tenant: Option<&str>,
    ) -> Result<Option<Profile>, Failure> {
        let sandbox = if self == Self::Connect { None } else { base_url.map(origin).transpose()? };
        let tenant = tenant.map_or(Ok(Tenant::Common), Tenant::new)?;
        Ok(match (self, sandbox) {
            (Self::Connect, _) => None,
            (Self::Google, None) => Some(google::profile()),
            (Self::Google, Some(origin)) => Some(google::profile_at(&format!("{origin}/google"))),
            (Self::Microsoft, None) => Some(microsoft::profile(&tenant)),
            (Self::Microsoft, Some(origin)) => {
                Some(microsoft::profile_at(&format!("{origin}/microsoft"), &tenant))
            }
            (Self::Apptoto, None) => Some(apptoto::profile()),
            (Self::Apptoto, Some(origin)) => {
                Some(apptoto::profile_at(&format!("{origin}/apptoto/www"), &format!("{origin}/apptoto/api")))
            }
        })
    }

    /// Adds the scopes, which are separated by spaces; `None` adds the default scopes.
    pub(crate) fn with_scopes(self, sign_in: SignIn, scopes: Option<&str>) -> Result<SignIn, Failure> {
        let words = |scopes: &str| scopes.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        match (self, scopes) {
            (Self::Connect, None) => Ok(sign_in),
            (Self::Connect, Some(scope @ ("free-busy" | "read" | "read-write"))) => {
                Ok(sign_in.scope(Scope::from(scope)))
            }
            (Self::Connect, Some(scope)) => Err(Failure::usage(format!("--scope: unknown scope {scope}"))
                .next("use one of: free-busy, read, read-write")),
            (_, Some(scopes)) => Ok(sign_in.scopes(words(scopes))),
            (Self::Google, None) => Ok(sign_in.scopes(google::SCOPES)),
            (Self::Microsoft, None) => Ok(sign_in.scopes(microsoft::SCOPES)),
            (Self::Apptoto, None) => Err(Failure::usage("Apptoto needs --scope").next(
                "add scopes that are enabled for the application: --scope \"events:read contacts:read\"",
            )),
        }
    }
}

/// Returns the scheme and authority of a sandbox's base URL; an error if the host is not loopback.
fn origin(base_url: &str) -> Result<String, Failure> {
    let uri: Option<http::Uri> = base_url.parse().ok();
    let found = uri.as_ref().and_then(|uri| Some((uri.scheme_str()?, uri.authority()?)));
    match found {
        Some((scheme, authority)) if is_loopback(authority.host()) => Ok(format!("{scheme}://{authority}")),
        _ => Err(Failure::usage("with --via, the base URL must be that of a sandbox on this machine")
            .next("remove --base-url and MOBISCROLL_CONNECT_BASE_URL")),
    }
}
