//! Signing in: the authorization URL, the way back, and the exchange of the code (RFC 6749 4.1).
//!
//! ```text
//!   SignIn --start--> PendingSignIn --(url: the user's browser)--> callback
//!                          |  kept in the web session                 |
//!                          '-------------- finish <-------------------'
//!                                            |  state, error, code
//!                                            v
//!                  Send(exchange) -> token's user and client checked -> Lock -> Load -> Save -> Release
//! ```
//!
//! The documentation says that the authorization code equals the user id, so anybody could present the code of
//! somebody else. Therefore an access token is believed only if its `sub` and `aud` are the user and the client
//! of the sign-in; otherwise nothing is saved. (A token that is no JWT cannot be checked.)

use connect_types::{Authorize, Language, Provider, Scope, Theme};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{App, Error, Now, Secret, SignInFault};

/// A sign-in is good for this long between its start and the callback.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// What to ask the user for.
///
/// ```
/// # use connect_core::{SignIn, types::{Provider, Scope}};
/// let sign_in = SignIn::new("user-123").scope(Scope::Read).language("es").providers([Provider::Google]);
/// ```
#[derive(Clone, Debug)]
pub struct SignIn {
    pub(crate) user: String,
    pub(crate) scope: Option<Scope>,
    providers: Vec<Provider>,
    language: Option<Language>,
    theme: Option<Theme>,
}

impl SignIn {
    /// A sign-in of the user the application knows by this id.
    pub fn new(user: impl Into<String>) -> Self {
        Self { user: user.into(), scope: None, providers: Vec::new(), language: None, theme: None }
    }

    /// Asks for this scope. Without it none is sent, which the service takes as `read-write`.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Offers these providers only.
    pub fn providers(mut self, providers: impl IntoIterator<Item = Provider>) -> Self {
        self.providers = providers.into_iter().collect();
        self
    }

    /// Shows the pages in this language instead of the browser's.
    pub fn language(mut self, language: impl Into<Language>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// Shows the pages light, dark, or as the browser wants it.
    pub fn theme(mut self, theme: Theme) -> Self {
        self.theme = Some(theme);
        self
    }

    /// Starts it: makes the `state` and the URL.
    pub fn start(self, app: &App, now: Now) -> Result<PendingSignIn, Error> {
        if self.user.is_empty() {
            return Err(Error::validation("the user id must not be empty"));
        }
        let config = app.config();
        let state = app.entropy().text();
        let mut authorize = Authorize::new(&config.client_id, &self.user, &config.redirect_uri)
            .state(&state)
            .providers(self.providers);
        if let Some(scope) = &self.scope {
            authorize = authorize.scope(scope.clone());
        }
        if let Some(language) = self.language {
            authorize = authorize.language(language);
        }
        if let Some(theme) = self.theme {
            authorize = authorize.theme(theme);
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(authorize.query()?).finish();
        Ok(PendingSignIn {
            url: format!("{}{}?{query}", app.service().base_url(), Authorize::PATH).into(),
            issuer: app.service().origin().to_owned(),
            client_id: config.client_id.clone(),
            redirect_uri: config.redirect_uri.clone(),
            user: self.user,
            scope: self.scope,
            state: state.into(),
            created: now.wall,
        })
    }
}

/// A sign-in between the redirect and the callback.
///
/// Keep it where only the same browser session finds it again (it is serialisable), and take it out when the
/// callback comes: `finish` consumes it, so that a `state` is good for one callback only.
#[derive(Serialize, Deserialize, Debug)]
pub struct PendingSignIn {
    issuer: String,
    client_id: String,
    redirect_uri: String,
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    state: Secret,
    created: Timestamp,
    /// Holds the state, so it is not shown either.
    url: Secret,
}

impl PendingSignIn {
    /// Where to send the user's browser.
    pub fn url(&self) -> &str {
        self.url.expose()
    }

    /// Who signs in.
    pub fn user(&self) -> &str {
        &self.user
    }

    pub(crate) fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The code of a callback that belongs to this sign-in: `state` first, before anything else is believed.
    pub(crate) fn accept(&self, app: &App, callback: &Callback, now: Timestamp) -> Result<Secret, Error> {
        let refuse = |fault, text: &str| Err(Error::sign_in(fault).with_message(text));
        if self.issuer != app.service().origin() || self.client_id != app.config().client_id {
            return refuse(SignInFault::WrongClient, "it was started by another application");
        }
        if callback.state.is_none() && callback.code.is_none() && callback.error.is_none() {
            return refuse(SignInFault::Callback, "it holds no parameter: hand in the query of the request");
        }
        if callback.state.as_ref() != Some(&self.state) {
            return refuse(SignInFault::State, "start the sign-in again from your own page");
        }
        if now.duration_since(self.created).abs() > LIFETIME {
            return refuse(SignInFault::Expired, "more than ten minutes passed: start it again");
        }
        if let Some(error) = &callback.error {
            let text = callback.error_description.as_deref().unwrap_or(error);
            return Err(Error::sign_in(SignInFault::Denied)
                .with_message(text)
                .with_server_code(Some(error.as_str().into())));
        }
        match &callback.code {
            Some(code) => Ok(code.clone()),
            None => refuse(SignInFault::Callback, "it holds neither a code nor an error"),
        }
    }
}

/// What came back to the redirect URI.
#[derive(Debug, Default)]
pub struct Callback {
    code: Option<Secret>,
    state: Option<Secret>,
    error: Option<String>,
    error_description: Option<String>,
}

impl Callback {
    /// Reads the query of the request to the redirect URI, with or without `?`, or the whole URL. A parameter
    /// that comes twice is refused (RFC 6749 3.1).
    pub fn parse(query_or_url: &str) -> Result<Self, Error> {
        let text = query_or_url.trim();
        let query = match text.split_once('?') {
            Some((before, query)) if !is_query(before) => query,
            _ => text,
        };
        let query = query.split_once('#').map_or(query, |(query, _)| query);
        let mut callback = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let twice = match &*name {
                "code" => callback.code.replace(Secret::new(&*value)).is_some(),
                "state" => callback.state.replace(Secret::new(&*value)).is_some(),
                "error" => callback.error.replace(value.into_owned()).is_some(),
                "error_description" => callback.error_description.replace(value.into_owned()).is_some(),
                _ => false,
            };
            if twice {
                return Err(Error::sign_in(SignInFault::Callback).with_message(format!("{name} comes twice")));
            }
        }
        callback.code = callback.code.filter(|code| !code.expose().is_empty());
        Ok(callback)
    }
}

/// Whether the text before a `?` is the query already: a value may hold one as it is (RFC 3986 3.4).
fn is_query(before: &str) -> bool {
    let front = before.split("://").next().unwrap_or_default();
    front.contains('=') && !front.starts_with('/')
}
