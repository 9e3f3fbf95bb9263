//! The applications registered with each authorization server.

use super::{AuthorizationServer, Servers, State};
use crate::settings::is_uri;
use crate::world::apps::AppError;
use serde::{Deserialize, Serialize};

/// Whether an application can keep a client secret confidential (RFC 6749 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ClientType {
    /// An application that can keep a secret confidential, and authenticates with it.
    Confidential,
    /// An application on the devices of its users, which cannot keep a secret confidential and uses
    /// PKCE. Google and Apptoto issue a secret to a public application, but the application's
    /// requests may omit the secret.
    Public,
}

/// An application as registered with Google, Microsoft or Apptoto.
///
/// ```
/// use connect_sandbox::{AuthorizationServer, OAuthApp, Sandbox, Settings};
///
/// let mut sandbox = Sandbox::new(Settings::default());
/// let app = OAuthApp::new("Planner", "http://127.0.0.1/callback").public();
/// let credentials = sandbox.register_provider_app(AuthorizationServer::Microsoft, app).unwrap();
/// assert_eq!(credentials.client_secret, None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct OAuthApp {
    /// The name on the consent page.
    pub name: String,
    /// The registered redirect URIs, which are compared as strings (RFC 6749 3.1.2.3).
    pub redirect_uris: Vec<String>,
    /// Whether the application can keep a secret confidential.
    pub client_type: ClientType,
    /// The scopes that the application may request (Apptoto only); all scopes by default.
    pub scopes: Vec<String>,
}

/// The credentials of an application at an authorization server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OAuthCredentials {
    /// The client id.
    pub client_id: String,
    /// The client secret; `None` for a public application at Microsoft.
    pub client_secret: Option<String>,
    /// The application's first redirect URI.
    pub redirect_uri: String,
}

impl OAuthApp {
    /// Creates a confidential application with one redirect URI.
    pub fn new(name: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            redirect_uris: vec![redirect_uri.into()],
            client_type: ClientType::Confidential,
            scopes: registered_scopes().map(str::to_owned).collect(),
        }
    }

    /// Adds a redirect URI.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uris.push(uri.into());
        self
    }

    /// Makes the application public. A loopback redirect URI may then have another port than the registered
    /// URI (RFC 8252 7.3). Google accepts every loopback redirect URI of a public application.
    #[must_use]
    pub fn public(mut self) -> Self {
        self.client_type = ClientType::Public;
        self
    }

    /// Sets the scopes that the application may request; the default is all scopes.
    #[must_use]
    pub fn scopes<T: Into<String>>(mut self, scopes: impl IntoIterator<Item = T>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Checks the name, the redirect URIs (absolute, without a fragment: RFC 6749 3.1.2) and the scopes.
    fn checked(self, server: AuthorizationServer) -> Result<Self, AppError> {
        if self.name.trim().is_empty() {
            return Err(AppError::Name);
        }
        let fit = |uri: &String| is_uri(uri) && !uri.contains('#');
        if self.redirect_uris.is_empty() || !self.redirect_uris.iter().all(fit) {
            return Err(AppError::RedirectUri);
        }
        let rules = server.rules();
        if rules.takes_one_redirect_uri() && self.redirect_uris.len() > 1 {
            return Err(AppError::RedirectUri);
        }
        match self.scopes.iter().find(|scope| !registered_scopes().any(|known| known == *scope)) {
            Some(scope) if rules.registers_scopes() => Err(AppError::Scope(scope.clone())),
            _ => Ok(self),
        }
    }
}

/// Returns the scopes that an application can choose when it is registered.
fn registered_scopes() -> impl Iterator<Item = &'static str> {
    let rules = AuthorizationServer::ALL.into_iter().map(AuthorizationServer::rules);
    let scopes = rules.filter(|rules| rules.registers_scopes()).flat_map(|rules| rules.descriptions());
    scopes.map(|(scope, _)| *scope)
}

/// A registered application and its credentials.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Client {
    pub(super) server: AuthorizationServer,
    pub(super) id: String,
    /// The client secret, which Microsoft does not issue to public applications.
    pub(super) secret: String,
    pub(crate) app: OAuthApp,
    /// The user who registered the application; `None` for a default application.
    pub(crate) owner: Option<String>,
}

impl Client {
    pub(crate) fn is_public(&self) -> bool {
        self.app.client_type == ClientType::Public
    }

    /// Returns whether the authorization endpoint may redirect to this URI.
    pub(super) fn allows(&self, redirect_uri: &str) -> bool {
        self.server.rules().allows(self, redirect_uri)
    }

    /// Returns whether this redirect URI is registered. For a public application, a loopback URI may have
    /// another port than the registered URI (RFC 8252 7.3).
    pub(crate) fn has_registered(&self, redirect_uri: &str) -> bool {
        let requested = loopback(redirect_uri).filter(|_| self.is_public());
        let fits =
            |known: &String| known == redirect_uri || requested.is_some() && loopback(known) == requested;
        self.app.redirect_uris.iter().any(fits)
    }

    pub(super) fn may_have_secret(&self) -> bool {
        !self.is_public() || self.server.rules().public_apps_have_secrets()
    }

    fn credentials(&self) -> OAuthCredentials {
        let told = self.may_have_secret();
        OAuthCredentials {
            client_id: self.id.clone(),
            client_secret: told.then(|| self.secret.clone()),
            redirect_uri: self.app.redirect_uris.first().cloned().unwrap_or_default(),
        }
    }
}

/// Returns the default applications: a confidential and a public application for each server.
pub(super) fn defaults() -> Vec<Client> {
    AuthorizationServer::ALL.into_iter().flat_map(|server| [confidential(server), public(server)]).collect()
}

fn confidential(server: AuthorizationServer) -> Client {
    let name = server.name();
    Client {
        server,
        id: format!("{name}-client"),
        secret: format!("{name}-secret"),
        app: OAuthApp::new("Demo application", "http://127.0.0.1:8765/callback"),
        owner: None,
    }
}

fn public(server: AuthorizationServer) -> Client {
    let name = server.name();
    let app = OAuthApp::new("Demo application (public)", "http://127.0.0.1/callback");
    // Libraries for installed applications use redirect URIs without a path.
    let more = ["http://[::1]/callback", "http://localhost/callback", "http://127.0.0.1", "http://localhost"];
    let more = more.into_iter().filter(|_| !server.rules().takes_one_redirect_uri());
    let app = more.fold(app, OAuthApp::redirect_uri).public();
    let (id, secret) = (format!("{name}-public-client"), format!("{name}-public-secret"));
    Client { server, id, secret, app, owner: None }
}

/// Returns the host (an address or `localhost`) and the path with the query of a loopback URI. A URI with a
/// fragment (RFC 6749 3.1.2) or with user information is not a loopback URI.
pub(crate) fn loopback(uri: &str) -> Option<(&'static str, &str)> {
    let authority = uri.strip_prefix("http://").filter(|_| is_uri(uri) && !uri.contains('#'))?;
    let (host, rest) = ["127.0.0.1", "[::1]", "localhost"]
        .into_iter()
        .find_map(|host| authority.strip_prefix(host).map(|rest| (host, rest)))?;
    let path = match rest.strip_prefix(':') {
        Some(rest) => {
            let end = rest.find(|next: char| !next.is_ascii_digit()).unwrap_or(rest.len());
            let (port, path) = rest.split_at(end);
            port.parse::<u16>().ok()?;
            path
        }
        None => rest,
    };
    let path = if path.is_empty() { "/" } else { path };
    path.starts_with(['/', '?']).then_some((host, path))
}

impl State {
    pub(crate) fn update(
        &mut self,
        server: AuthorizationServer,
        client_id: &str,
        app: OAuthApp,
    ) -> Result<(), AppError> {
        let app = app.checked(server)?;
        let mut clients = self.clients.iter_mut();
        let known = clients.find(|one| one.server == server && one.id == client_id);
        known.ok_or_else(|| AppError::Unknown(client_id.to_owned()))?.app = app;
        Ok(())
    }

    pub(crate) fn delete(&mut self, server: AuthorizationServer, client_id: &str) -> bool {
        let before = self.clients.len();
        self.clients.retain(|one| one.server != server || one.id != client_id);
        self.issued.forget_client(server, client_id);
        self.clients.len() < before
    }

    pub(crate) fn apps(&self, server: AuthorizationServer) -> Vec<OAuthCredentials> {
        let clients = self.clients.iter().filter(|one| one.server == server);
        clients.map(Client::credentials).collect()
    }

    pub(crate) fn credentials(
        &self,
        server: AuthorizationServer,
        client_type: ClientType,
    ) -> Option<OAuthCredentials> {
        let of_type = |one: &&Client| one.server == server && one.app.client_type == client_type;
        self.clients.iter().find(of_type).map(Client::credentials)
    }

    pub(crate) fn app(&self, server: AuthorizationServer, client_id: &str) -> Option<OAuthApp> {
        self.client(server, client_id).map(|client| client.app)
    }

    pub(super) fn client(&self, server: AuthorizationServer, client_id: &str) -> Option<Client> {
        let mut clients = self.clients.iter();
        clients.find(|one| one.server == server && one.id == client_id).cloned()
    }
}

impl Servers<'_> {
    pub(crate) fn register(
        &mut self,
        server: AuthorizationServer,
        app: OAuthApp,
    ) -> Result<OAuthCredentials, AppError> {
        let app = app.checked(server)?;
        let owner = Some(self.world.settings.oauth.user.to_string());
        let random = &mut self.own.random;
        let (id, secret) = (random.letters(24), random.token(24));
        let client = Client { server, id, secret, app, owner };
        let credentials = client.credentials();
        self.own.clients.push(client);
        Ok(credentials)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NON_LOOPBACK_URIS: [&str; 12] = [
        "https://127.0.0.1:49152/callback",
        "https://localhost:49152/callback",
        "http://127.0.0.1:49152/callback#f",
        "http://localhost:99999/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://localhost.evil.example/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://[::1]evil.example/callback",
        "http://user@localhost/callback",
        "http://localhost\\@evil.example/callback",
        "http://localhost:1/call target",
    ];

    #[test]
    fn google_accepts_any_loopback_uri_of_public_app() {
        let client = public(AuthorizationServer::Google);
        for uri in [
            "http://127.0.0.1/callback",
            "http://127.0.0.1:49152/other?a=b",
            "http://[::1]:1/",
            "http://localhost",
            "http://localhost:8080/",
            "http://localhost:65535/oauth2/any/path",
        ] {
            assert!(client.allows(uri), "{uri}");
        }
        assert!(NON_LOOPBACK_URIS.iter().all(|uri| !client.allows(uri)));
        assert!(!client.allows("http://192.168.0.1:80/"));
    }

    #[test]
    fn registered_loopback_uri_matches_with_any_port() {
        for server in [AuthorizationServer::Microsoft, AuthorizationServer::Apptoto] {
            let registered = ["http://localhost/callback", "http://127.0.0.1:8765", "http://[::1]/a?b"];
            let app = registered.into_iter().fold(OAuthApp::new("A", "https://a/"), OAuthApp::redirect_uri);
            let client = Client { app: app.public(), ..public(server) };
            for uri in [
                "http://localhost:5000/callback",
                "http://127.0.0.1/",
                "http://127.0.0.1:9",
                "http://[::1]:9/a?b",
            ] {
                assert!(client.allows(uri), "{uri}");
            }
            for uri in ["http://localhost:5000/", "http://127.0.0.1:5000/callback", "http://[::1]/a?c"] {
                assert!(!client.allows(uri), "{uri}");
            }
            assert!(NON_LOOPBACK_URIS.iter().all(|uri| !client.allows(uri)));
        }
    }

    #[test]
    fn confidential_app_redirect_uri_must_match_exactly() {
        let client = confidential(AuthorizationServer::Google);
        assert!(client.allows("http://127.0.0.1:8765/callback"));
        assert!(!client.allows("http://127.0.0.1:8766/callback"));
        assert!(!client.allows("http://localhost:8765/callback"));
    }
}
