//! The doctor's requests to the service, and the meaning of the responses.

use std::error::Error as _;

use bytes::Bytes;
use connect_hyper::{
    AsyncTransport as _, Client, Error, ErrorKind, HyperTransport, PendingSignIn, Secret, SignIn,
    TransportError, TransportErrorKind,
    types::{ErrorBody, ExchangeCode, decode},
};
use http::{HeaderMap, StatusCode, Uri, header::LOCATION};

use super::Verdict;
use crate::{failure::Failure, settings::Resolved, via::Via};

/// A code that the service never issued.
///
/// The service documents that a code equals the user id, so this code must not be a user id.
const MADE_UP_CODE: &str = "connect-doctor:no-such-code";

/// Sends requests with one pair of client id and secret.
pub(super) struct Probe {
    client: Client,
    transport: HyperTransport,
    via: Via,
    user: String,
    redirect_uri: String,
}

/// Whether the token endpoint accepts the client id and secret.
pub(super) enum CredentialCheck {
    Good,
    /// The client id or the secret is wrong.
    Refused(String),
    UnknownClient(String),
    /// The credentials are valid, but the redirect URI is not the registered one.
    RedirectUri(String),
    Failed(Verdict, String),
}

/// Whether the authorize endpoint accepts the client id and the redirect URI.
pub(super) enum AuthorizeCheck {
    UnknownClient(String),
    /// The service shows a page first, so it has not yet checked the redirect URI.
    Consent,
    /// The service redirects to the redirect URI of the settings.
    Back,
    /// Another redirect URI is registered. Contains the registered URI if the service shows it.
    Elsewhere(Option<String>),
    Failed(Verdict, String),
}

impl Probe {
    pub(super) fn new(settings: &Resolved, id: &str, secret: Option<&Secret>) -> Result<Self, Failure> {
        let client = settings.probe(id, secret)?;
        let transport = settings.transport(&client)?;
        let (user, redirect_uri) = (settings.user.clone(), settings.redirect_uri.clone());
        Ok(Self { client, transport, via: settings.via, user, redirect_uri })
    }

    pub(super) fn base_url(&self) -> &str {
        self.client.app().service().base_url()
    }

    /// Returns an error if the service sends no HTTP response at all.
    pub(super) async fn reach(&self) -> Result<(), (Verdict, String)> {
        if self.via != Via::Connect {
            let request = http::Request::get(self.base_url()).body(Bytes::new());
            let request = request.map_err(|error| (Verdict::Service, error.to_string()))?;
            let sent = self.transport.send(request).await;
            return sent.map(drop).map_err(|error| unreachable(&Error::from(error)));
        }
        match self.client.health().await {
            Err(error) if error.status().is_none() => Err(unreachable(&error)),
            _ => Ok(()),
        }
    }

    pub(super) async fn credentials(&self) -> Result<CredentialCheck, Failure> {
        let outcome = if self.via == Via::Connect {
            let exchange = ExchangeCode::new(MADE_UP_CODE, &self.redirect_uri);
            self.client.send(&exchange).await.map(drop)
        } else {
            let sign_in = self.sign_in()?;
            let callback = format!("{}?code={MADE_UP_CODE}&state={}", self.redirect_uri, sign_in.state());
            self.client.auth().finish(sign_in, &callback).await.map(drop)
        };
        Ok(match outcome {
            Ok(()) => CredentialCheck::Failed(
                Verdict::Service,
                "the token endpoint accepts a made-up code".to_owned(),
            ),
            Err(error) => self.exchange_error(&error),
        })
    }

    fn exchange_error(&self, error: &Error) -> CredentialCheck {
        let text = error.message().unwrap_or_default();
        let about_redirect = text.to_ascii_lowercase().contains("redirect");
        match (error.server_code(), error.status().map(|status| status.as_u16())) {
            // Microsoft's code for an unknown client; the description has the number of the error.
            (Some("unauthorized_client"), _) if self.via == Via::Microsoft => {
                CredentialCheck::UnknownClient(format!("the token endpoint says: {text}"))
            }
            (Some("redirect_uri_mismatch"), _) => {
                CredentialCheck::RedirectUri("the token endpoint refuses the redirect URI".to_owned())
            }
            // Google's response to a desktop client without its secret.
            (Some("invalid_request"), _) if text.contains("client_secret") => {
                CredentialCheck::Refused(format!("the token endpoint says: {text}"))
            }
            (Some("invalid_client" | "unauthorized_client"), _) => {
                CredentialCheck::Refused("the token endpoint refuses the client id and secret".to_owned())
            }
            (Some("invalid_grant" | "invalid_request"), _) if about_redirect => {
                CredentialCheck::RedirectUri(format!("the token endpoint says: {text}"))
            }
            // The service sometimes responds to an unknown code with 404.
            (Some("invalid_grant"), _) | (_, Some(404)) => CredentialCheck::Good,
            (_, Some(401)) => {
                CredentialCheck::Refused("the token endpoint refuses the client id and secret".to_owned())
            }
            (_, Some(status)) => CredentialCheck::Failed(
                Verdict::Service,
                format!("the token endpoint responds with {status}"),
            ),
            (_, None) => {
                let (verdict, detail) = unreachable(error);
                CredentialCheck::Failed(verdict, detail)
            }
        }
    }

    fn sign_in(&self) -> Result<PendingSignIn, Failure> {
        // Apptoto has no default scopes.
        let scopes = (self.via == Via::Apptoto).then_some("events:read");
        Ok(self.client.auth().sign_in(self.via.with_scopes(SignIn::new(&self.user), scopes)?)?)
    }

    pub(super) async fn authorize(&self) -> Result<AuthorizeCheck, Failure> {
        let sign_in = self.sign_in()?;
        let request = http::Request::get(sign_in.url()).body(Bytes::new());
        let request =
            request.map_err(|error| Failure::usage("the base URL is not a valid URL").cause(error))?;
        Ok(match self.transport.send(request).await {
            Ok(response) => self.read(response.status(), response.headers(), response.body()),
            Err(error) => {
                let (verdict, detail) = unreachable(&Error::from(error));
                AuthorizeCheck::Failed(verdict, detail)
            }
        })
    }

    fn read(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> AuthorizeCheck {
        if status.is_redirection() {
            let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            return self.follow(location);
        }
        let text = decode::<ErrorBody>(body)
            .ok()
            .and_then(|body| body.text().map(str::to_owned))
            .unwrap_or_default();
        let page = String::from_utf8_lossy(body).to_ascii_lowercase();
        let about_redirect = text.to_ascii_lowercase().contains("redirect") || page.contains("redirect_uri");
        match status.as_u16() {
            400..=403 if about_redirect => AuthorizeCheck::Elsewhere(None),
            400 | 401 | 403 => AuthorizeCheck::UnknownClient(format!(
                "the authorize endpoint responds with {status}: {text}"
            )),
            200..=299 => AuthorizeCheck::Consent,
            _ => AuthorizeCheck::Failed(
                Verdict::Service,
                format!("the authorize endpoint responds with {status}"),
            ),
        }
    }

    fn follow(&self, location: &str) -> AuthorizeCheck {
        let (place, query) = location.split_once('?').unwrap_or((location, ""));
        if !self.is_service_page(location) {
            let registered = without_response_parameters(place, query);
            let same = registered == self.redirect_uri;
            return if same { AuthorizeCheck::Back } else { AuthorizeCheck::Elsewhere(Some(registered)) };
        }
        let find_wrong_credential =
            query.split('&').any(|part| part.starts_with("error=")) || place.contains("/error");
        match find_wrong_credential {
            true if query.to_ascii_lowercase().contains("redirect_uri_mismatch") => {
                AuthorizeCheck::Elsewhere(None)
            }
            true => {
                AuthorizeCheck::UnknownClient("the authorize endpoint redirects to an error page".to_owned())
            }
            false => AuthorizeCheck::Consent,
        }
    }

    /// Returns whether a redirect goes to a page of the service, and not to the redirect URI.
    fn is_service_page(&self, location: &str) -> bool {
        // Other services sign users in at several hosts, and only redirect to a registered redirect URI.
        if self.via != Via::Connect {
            return location.split('?').next() != self.redirect_uri.split('?').next();
        }
        let Ok(uri) = location.parse::<Uri>() else { return false };
        let Some(authority) = uri.authority() else { return location.starts_with('/') };
        let origin = format!("{}://{authority}", uri.scheme_str().unwrap_or_default());
        origin == self.client.app().service().origin()
            && location.split('?').next() != self.redirect_uri.split('?').next()
    }
}

/// Returns the redirect URI without the parameters that the service adds, such as the code.
fn without_response_parameters(place: &str, query: &str) -> String {
    let added = ["code", "state", "error", "error_description"];
    let own = query.split('&').filter(|part| {
        let name = part.split('=').next().unwrap_or_default();
        !part.is_empty() && !added.contains(&name)
    });
    let own: Vec<_> = own.collect();
    if own.is_empty() { place.to_owned() } else { format!("{place}?{}", own.join("&")) }
}

/// Returns the verdict and the innermost cause of a failed request.
fn unreachable(error: &Error) -> (Verdict, String) {
    let transport = error.source().and_then(|source| source.downcast_ref::<TransportError>());
    let mut inner = error.source();
    while let Some(next) = inner.and_then(|inner| inner.source()) {
        inner = Some(next);
    }
    let detail = inner.map_or_else(|| error.to_string(), ToString::to_string);
    match transport.map(TransportError::kind) {
        Some(TransportErrorKind::Tls) => (Verdict::Tls, detail),
        _ if matches!(error.kind(), ErrorKind::Network { .. } | ErrorKind::Timeout) => {
            (Verdict::Unreachable, detail)
        }
        _ => (Verdict::Service, detail),
    }
}
