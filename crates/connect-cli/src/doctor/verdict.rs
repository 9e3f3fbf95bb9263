//! The doctor's verdicts, each with a code, an exit code, a message and a next step.

use crate::failure::Exit;

/// The first problem that a check found, or `Well`.
pub(super) enum Verdict {
    Well,
    NotSet,
    ClientId,
    ClientSecret,
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
            Self::Swapped => "The client id and the client secret are swapped.",
            Self::RedirectUri(_) => "The redirect URI is not the registered one.",
            Self::Unreachable => "The service cannot be reached.",
            Self::Tls => "The service has no trusted TLS certificate.",
            Self::Service => "The service does not respond as expected.",
        }
    }

    pub(super) fn next(&self) -> String {
        let next = match self {
            Self::Well => "sign in: connect login",
            Self::NotSet => {
                "copy the client id and secret from the application's settings in the Connect dashboard into .env, as \
                 MOBISCROLL_CONNECT_CLIENT_ID and MOBISCROLL_CONNECT_CLIENT_SECRET"
            }
            Self::ClientId => {
                "copy the client id again from the application's settings in the Connect dashboard into \
                 MOBISCROLL_CONNECT_CLIENT_ID"
            }
            Self::ClientSecret => {
                "copy the client secret again from the application's settings in the Connect dashboard into \
                 MOBISCROLL_CONNECT_CLIENT_SECRET"
            }
            Self::Swapped => {
                "swap MOBISCROLL_CONNECT_CLIENT_ID and MOBISCROLL_CONNECT_CLIENT_SECRET; the secret may have \
                  been shown as a client id, so consider creating a new secret"
            }
            Self::RedirectUri(Some(registered)) => {
                return format!(
                    "set MOBISCROLL_CONNECT_REDIRECT_URI={registered}, or register the URI that is set now"
                );
            }
            Self::RedirectUri(None) => {
                "copy the redirect URI from the application's settings in the Connect dashboard into \
                 MOBISCROLL_CONNECT_REDIRECT_URI, character by character"
            }
            Self::Unreachable => "check the network, the proxy (HTTPS_PROXY) and the base URL (--base-url)",
            Self::Tls => {
                "check the host name and the clock; if you use your own certificate authority, add its \
                  certificate: --root-certificate FILE"
            }
            Self::Service => "check the base URL (--base-url), or try again later",
        };
        next.to_owned()
    }
}
