//! The registered applications of Connect.
//!
//! The demo application always exists. The data of the demo application is in the
//! [settings](crate::Settings), so that `--set` can change the data. Each application has separate
//! users.

use crate::settings::{Value, is_uri};
use crate::world::World;
use serde::{Deserialize, Serialize};

/// An application, as its developer registers it.
///
/// ```
/// use connect_sandbox::{App, Sandbox, Settings};
///
/// let mut sandbox = Sandbox::new(Settings::default());
/// let app = App::new("My Scheduling App", "https://app.example/callback").display_name("Scheduler");
/// let credentials = sandbox.register(app).unwrap();
/// assert!(credentials.client_id.starts_with("proj-"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct App {
    /// The internal name, not shown to users.
    pub name: String,
    /// The name of the application on the pages for users; "The application" by default.
    pub display_name: Option<String>,
    /// The only URI that the authorization endpoint redirects to.
    pub redirect_uri: String,
    /// The URL that deliveries are posted to. Without a URL, no calendar can be subscribed.
    pub webhook_url: Option<String>,
}

/// The credentials of an application.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Credentials {
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: String,
    /// The registered redirect URI: the only URI that the authorization endpoint redirects to.
    pub redirect_uri: String,
}

/// The error of registering or updating an application.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AppError {
    /// The name is empty.
    #[error("name must not be empty")]
    Name,
    /// The redirect URI is not an absolute URI.
    #[error("redirectUri must be an absolute URI")]
    RedirectUri,
    /// The webhook URL is not an absolute URL.
    #[error("webhookUrl must be an absolute URL")]
    WebhookUrl,
    /// Apptoto has no such scope.
    #[error("{0:?} in scopes is not a scope of Apptoto (expected a scope such as \"events:read\")")]
    Scope(String),
    /// No application has this client id.
    #[error("no application has the clientId {0:?}")]
    Unknown(String),
}

impl App {
    /// Creates an application with the required fields.
    pub fn new(name: impl Into<String>, redirect_uri: impl Into<String>) -> Self {
        Self { name: name.into(), display_name: None, redirect_uri: redirect_uri.into(), webhook_url: None }
    }

    /// Sets the name of the application on the pages for users.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// Sets the URL that deliveries are posted to.
    #[must_use]
    pub fn webhook_url(mut self, url: impl Into<String>) -> Self {
        self.webhook_url = Some(url.into());
        self
    }

    /// Validates the application. Empty optional strings count as absent.
    fn checked(mut self) -> Result<Self, AppError> {
        self.display_name = self.display_name.filter(|name| !name.trim().is_empty());
        self.webhook_url = self.webhook_url.filter(|url| !url.is_empty());
        if self.name.trim().is_empty() {
            return Err(AppError::Name);
        }
        if !is_uri(&self.redirect_uri) {
            return Err(AppError::RedirectUri);
        }
        match &self.webhook_url {
            Some(url) if !is_uri(url) => Err(AppError::WebhookUrl),
            _ => Ok(self),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(crate) struct Registered {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) app: App,
}

impl Registered {
    pub(crate) fn credentials(&self) -> Credentials {
        Credentials {
            client_id: self.id.clone(),
            client_secret: self.secret.clone(),
            redirect_uri: self.app.redirect_uri.clone(),
        }
    }
}

impl World {
    pub(crate) fn register(&mut self, app: App) -> Result<Credentials, AppError> {
        let app = app.checked()?;
        let (id, secret) =
            (format!("proj-{}", self.random.letters(16)), format!("secret-{}", self.random.token(24)));
        let registered = Registered { id, secret, app };
        let credentials = registered.credentials();
        self.apps.push(registered);
        Ok(credentials)
    }

    pub(crate) fn update_app(&mut self, client_id: &str, app: App) -> Result<(), AppError> {
        let app = app.checked()?;
        if client_id == &*self.settings.app.client_id {
            // `checked` applied the rules of the switches, so reading the values cannot fail.
            let demo = &mut self.settings.app;
            demo.name = read(&app.name);
            demo.redirect_uri = read(&app.redirect_uri);
            demo.display_name = read(app.display_name.as_deref().unwrap_or(""));
            demo.webhook_url = read(app.webhook_url.as_deref().unwrap_or(""));
            return Ok(());
        }
        let registered = self.apps.iter_mut().find(|one| one.id == client_id);
        registered.ok_or_else(|| AppError::Unknown(client_id.to_owned()))?.app = app;
        Ok(())
    }

    pub(crate) fn registered(&self, client_id: &str) -> Option<Registered> {
        if client_id == &*self.settings.app.client_id {
            return Some(self.demo_app());
        }
        self.apps.iter().find(|one| one.id == client_id).cloned()
    }

    pub(crate) fn all_apps(&self) -> Vec<Registered> {
        std::iter::once(self.demo_app()).chain(self.apps.iter().cloned()).collect()
    }

    pub(crate) fn demo_app(&self) -> Registered {
        let demo = &self.settings.app;
        let optional = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Registered {
            id: demo.client_id.to_string(),
            secret: demo.client_secret.to_string(),
            app: App {
                name: demo.name.to_string(),
                display_name: optional(&demo.display_name),
                redirect_uri: demo.redirect_uri.to_string(),
                webhook_url: optional(&demo.webhook_url),
            },
        }
    }
}

fn read<T: Value>(text: &str) -> T {
    T::read(text).unwrap_or_default()
}
