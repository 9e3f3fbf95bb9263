//! What can be asked of the service without a user, and what its answers mean.

use std::error::Error as _;

use bytes::Bytes;
use connect_hyper::{
    AsyncTransport as _, Client, Error, ErrorKind, HyperTransport, Secret, SignIn, TransportError,
    TransportErrorKind,
    types::{ErrorBody, ExchangeCode, decode},
};
use http::{HeaderMap, StatusCode, Uri, header::LOCATION};

use super::Verdict;
use crate::{failure::Failure, settings::Resolved};

/// No service gave out this code; the documentation says that codes equal user ids, so it is nobody's name
/// either.
const MADE_UP: &str = "connect-doctor:no-such-code";

/// One pair of credentials to ask with.
pub(super) struct Probe {
    client: Client,
    transport: HyperTransport,
    user: String,
    redirect_uri: String,
}

/// What the token endpoint says of the credentials.
pub(super) enum Credentials {
    Good,
    Refused(String),
    /// They are good, and the redirect URI is not.
    RedirectUri(String),
    Failed(Verdict, String),
}

/// What the authorization says of the client id and the redirect URI.
pub(super) enum Authorized {
    UnknownClient(String),
    /// On to the service's own pages: the redirect URI does not show.
    Consent,
    /// Back to the application.
    Back,
    /// To another redirect URI, where it says which.
    Elsewhere(Option<String>),
    Failed(Verdict, String),
}

impl Probe {
    pub(super) fn new(settings: &Resolved, id: &str, secret: Secret) -> Result<Self, Failure> {
        let client = settings.probe(id, secret)?;
        let transport = settings.transport(&client)?;
        let (user, redirect_uri) = (settings.user.clone(), settings.redirect_uri.clone());
        Ok(Self { client, transport, user, redirect_uri })
    }

    pub(super) fn base_url(&self) -> &str {
        self.client.app().service().base_url()
    }

    /// Any answer of the service will do.
    pub(super) async fn reach(&self) -> Result<(), (Verdict, String)> {
        match self.client.health().await {
            Err(error) if error.status().is_none() => Err(unreachable(&error)),
            _ => Ok(()),
        }
    }

    pub(super) async fn credentials(&self) -> Credentials {
        let exchange = ExchangeCode::new(MADE_UP, &self.redirect_uri);
        let Err(error) = self.client.send(&exchange).await else {
            return Credentials::Failed(Verdict::Service, "the token endpoint takes any code".to_owned());
        };
        let text = error.message().unwrap_or_default();
        let about_redirect = text.to_ascii_lowercase().contains("redirect");
        match (error.server_code(), error.status().map(|status| status.as_u16())) {
            (Some("invalid_client" | "unauthorized_client"), _) => {
                Credentials::Refused("the token endpoint refuses the client id and secret".to_owned())
            }
            (Some("invalid_grant" | "invalid_request"), _) if about_redirect => {
                Credentials::RedirectUri(format!("the token endpoint says: {text}"))
            }
            // 404 is what an unknown code has met at times.
            (Some("invalid_grant"), _) | (_, Some(404)) => Credentials::Good,
            (_, Some(401)) => {
                Credentials::Refused("the token endpoint refuses the client id and secret".to_owned())
            }
            (_, Some(status)) => {
                Credentials::Failed(Verdict::Service, format!("the token endpoint answers {status}"))
            }
            (_, None) => {
                let (verdict, detail) = unreachable(&error);
                Credentials::Failed(verdict, detail)
            }
        }
    }

    pub(super) async fn authorize(&self) -> Result<Authorized, Failure> {
        let sign_in = self.client.auth().sign_in(SignIn::new(&self.user))?;
        let request = http::Request::get(sign_in.url()).body(Bytes::new());
        let request = request.map_err(|error| Failure::usage("the base URL is no URL").cause(error))?;
        Ok(match self.transport.send(request).await {
            Ok(answer) => self.read(answer.status(), answer.headers(), answer.body()),
            Err(error) => {
                let (verdict, detail) = unreachable(&Error::from(error));
                Authorized::Failed(verdict, detail)
            }
        })
    }

    fn read(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Authorized {
        if status.is_redirection() {
            let location = headers.get(LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
            return self.follow(location);
        }
        let text = decode::<ErrorBody>(body)
            .ok()
            .and_then(|body| body.text().map(str::to_owned))
            .unwrap_or_default();
        let about_redirect = text.to_ascii_lowercase().contains("redirect");
        match status.as_u16() {
            400..=403 if about_redirect => Authorized::Elsewhere(None),
            400 | 401 | 403 => {
                Authorized::UnknownClient(format!("the authorization answers {status}: {text}"))
            }
            200..=299 => Authorized::Consent,
            _ => Authorized::Failed(Verdict::Service, format!("the authorization answers {status}")),
        }
    }

    fn follow(&self, location: &str) -> Authorized {
        let (place, query) = location.split_once('?').unwrap_or((location, ""));
        if !self.is_own(location) {
            let registered = without_answer(place, query);
            let same = registered == self.redirect_uri;
            return if same { Authorized::Back } else { Authorized::Elsewhere(Some(registered)) };
        }
        let refused = query.split('&').any(|part| part.starts_with("error=")) || place.contains("/error");
        match refused {
            true if query.to_ascii_lowercase().contains("redirect_uri_mismatch") => {
                Authorized::Elsewhere(None)
            }
            true => Authorized::UnknownClient("the authorization leads to an error page".to_owned()),
            false => Authorized::Consent,
        }
    }

    /// Whether a redirect stays at the service.
    fn is_own(&self, location: &str) -> bool {
        let Ok(uri) = location.parse::<Uri>() else { return false };
        let Some(authority) = uri.authority() else { return location.starts_with('/') };
        let origin = format!("{}://{authority}", uri.scheme_str().unwrap_or_default());
        origin == self.client.app().service().origin()
            && location.split('?').next() != self.redirect_uri.split('?').next()
    }
}

/// The redirect URI as it is registered: without what the service adds to it, the code among it.
fn without_answer(place: &str, query: &str) -> String {
    let added = ["code", "state", "error", "error_description"];
    let own = query.split('&').filter(|part| {
        let name = part.split('=').next().unwrap_or_default();
        !part.is_empty() && !added.contains(&name)
    });
    let own: Vec<_> = own.collect();
    if own.is_empty() { place.to_owned() } else { format!("{place}?{}", own.join("&")) }
}

/// No answer came: why.
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
