//! The doctor's verdicts, each with a code, an exit code, a message and a next step.

use crate::{failure::Exit, settings::sources::variable, via::Via};

/// The first problem that a check found, or `Well`.
pub(super) enum Verdict {
    Well,
    NotSet,
    ClientId,
    ClientSecret,
    /// The client id is valid, no secret is set, and the service wants one.
    MissingSecret,
    Swapped,
    /// The redirect URI is wrong. Contains the registered URI if the service shows it.
    RedirectUri(Option<String>),
    Unreachable,
    Tls,
    /// The service responds, but with an unexpected status.
    Service,
}

impl Verdict {
    pub(super) fn code(&self) -> &'static str {
        match self {
            Self::Well => "all_well",
            Self::NotSet => "not_set",
            Self::ClientId => "wrong_client_id",
            Self::ClientSecret => "wrong_client_secret",
            Self::MissingSecret => "missing_client_secret",
            Self::Swapped => "client_id_and_secret_swapped",
            Self::RedirectUri(_) => "redirect_uri_mismatch",
            Self::Unreachable => "unreachable",
            Self::Tls => "tls_failed",
            Self::Service => "service_failed",
        }
    }

    pub(super) fn exit_code(&self) -> u8 {
        match self {
            Self::Well => 0,
            Self::Unreachable | Self::Tls | Self::Service => Exit::Service as u8,
            _ => Exit::Usage as u8,
        }
    }

    pub(super) fn message(&self) -> &'static str {
        match self {
            Self::Well => "All checks passed.",
            Self::NotSet => "The client id or the client secret is not set.",
            Self::ClientId => "The service does not know the client id.",
            Self::ClientSecret => "The client secret is wrong; the client id is valid.",
            Self::MissingSecret => "The client needs a secret; the client id is valid.",
            Self::Swapped => "The client id and the client secret are swapped.",
            Self::RedirectUri(_) => "The redirect URI is not the registered one.",
            Self::Unreachable => "The service cannot be reached.",
            Self::Tls => "The service has no trusted TLS certificate.",
            Self::Service => "The service does not respond as expected.",
        }
    }

    pub(super) fn next(&self, via: Via) -> String {
        let (console, name) =
            (via.console(), |setting: &str| variable(&format!("{}{setting}", via.prefix())));
        let (id, secret, redirect_uri) = (name("client-id"), name("client-secret"), name("redirect-uri"));
        match self {
            Self::Well => "sign in: connect login".to_owned(),
            Self::NotSet if via == Via::Connect => {
                format!("copy the client id and secret from {console} into .env, as {id} and {secret}")
            }
            Self::NotSet => format!("copy the client id from {console} into .env, as {id}"),
            Self::ClientId => format!("copy the client id again from {console} into {id}"),
            Self::ClientSecret => format!("copy the client secret again from {console} into {secret}"),
            Self::MissingSecret => format!("copy the client secret from {console} into {secret}"),
            Self::Swapped => format!(
                "swap {id} and {secret}; the secret may have been shown as a client id, so consider creating a new secret"
            ),
            Self::RedirectUri(Some(registered)) => {
                format!("set {redirect_uri}={registered}, or register the URI that is set now")
            }
            Self::RedirectUri(None) => {
                format!("copy the redirect URI from {console} into {redirect_uri}, character by character")
            }
            Self::Unreachable => {
                "check the network, the proxy (HTTPS_PROXY) and the base URL (--base-url)".to_owned()
            }
            Self::Tls => {
                "check the host name and the clock; if you use your own certificate authority, add its \
                          certificate: --root-certificate FILE"
                    .to_owned()
            }
            Self::Service => "check the base URL (--base-url), or try again later".to_owned(),
        }
    }
}
