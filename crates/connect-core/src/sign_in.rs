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

mod grant;
pub(crate) mod token_endpoint;

pub use grant::{AuthorizationCode, Grant};

use connect_types::{Language, Provider, Scope, Theme};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    app::{App, SessionEnded, check_redirect_uri},
    base::{Error, Now, Secret, SignInFault},
    oauth::{IssuerParameter, POSTMESSAGE, Pkce, Verifier, check_scope},
};

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
    redirect_uri: Option<String>,
    parameters: Vec<(Box<str>, String)>,
}

impl SignIn {
    /// A sign-in of the user the application knows by this id.
    pub fn new(user: impl Into<String>) -> Self {
        Self { user: user.into(), scope: None, redirect_uri: None, parameters: Vec::new() }
    }

    /// Asks for this scope. Without it none is sent, which Mobiscroll Connect takes as `read-write`.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Scope>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Asks for these scopes, of a server that has many.
    #[must_use]
    pub fn scopes<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let mut all = String::new();
        for scope in scopes {
            all.push_str(if all.is_empty() { "" } else { " " });
            all.push_str(scope.as_ref());
        }
        self.scope(Scope::from(all))
    }

    /// Has the user come back there instead of to the application's usual redirect URI: of a program that listens on a
    /// port of its own each time (RFC 8252 7.3). The server has to know it.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Sends a parameter that a server wants besides, such as `login_hint`. Of one that is set twice the last counts; what
    /// the sign-in itself is made of cannot be set.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<Box<str>>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.parameters.retain(|(known, _)| *known != name);
        self.parameters.push((name, value));
        self
    }

    /// Offers these providers only.
    #[must_use]
    pub fn providers(self, providers: impl IntoIterator<Item = Provider>) -> Self {
        let names: Vec<_> = providers.into_iter().map(|provider| provider.as_str().to_owned()).collect();
        self.parameter("providers", names.join(","))
    }

    /// Shows the pages in this language instead of the browser's.
    #[must_use]
    pub fn language(self, language: impl Into<Language>) -> Self {
        self.parameter("lng", language.into().as_str())
    }

    /// Shows the pages light, dark, or as the browser wants it.
    #[must_use]
    pub fn theme(self, theme: Theme) -> Self {
        self.parameter("theme", theme.as_str())
    }

    /// Starts it: makes the `state` and the URL.
    pub fn start(self, app: &App, now: Now) -> Result<PendingSignIn, Error> {
        let (config, profile) = (app.config(), app.profile());
        if config.is_anonymous() || self.user.is_empty() {
            return Err(config.no_user());
        }
        let redirect_uri = match self.redirect_uri {
            Some(uri) => check_redirect_uri(&uri).map(|()| uri)?,
            None => config.redirect_uri.clone(),
        };
        if redirect_uri == POSTMESSAGE {
            return Err(Error::configuration(
                "nobody comes back from a popup: exchange the code it gives the page",
            ));
        }
        if let Some(scope) = &self.scope {
            check_scope(scope.as_str())?;
        }
        let state = app.entropy().text();
        let verifier = (profile.pkce != Pkce::Absent).then(|| Verifier::new(app.entropy()));
        let mut query: Vec<(&str, &str)> = vec![
            ("response_type", "code"),
            ("client_id", &config.client_id),
            ("redirect_uri", &redirect_uri),
            ("state", &state),
        ];
        query.extend(profile.user_parameter.as_deref().map(|name| (name, self.user.as_str())));
        let scope = self.scope.as_ref().map(|scope| profile.separated(scope.as_str()));
        query.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let challenge = verifier.as_ref().map(Verifier::challenge);
        if let Some(challenge) = &challenge {
            // Without a method it would be `plain` (RFC 7636 4.3).
            query.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
        }
        let own = self.parameters.iter().map(|(name, value)| (&**name, value.as_str()));
        let servers =
            profile.authorize_parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // A URL may have a query of its own, which stays (RFC 6749 3.1).
        let (url, urls) = profile.authorize_url.split_once('?').unwrap_or((&profile.authorize_url, ""));
        let urls: Vec<_> = form_urlencoded::parse(urls.as_bytes()).collect();
        let urls = urls.iter().map(|(name, value)| (&**name, &**value));
        // No parameter twice (RFC 6749 3.1), and none without a value.
        for (name, value) in own.chain(servers).chain(urls) {
            if !value.is_empty() && query.iter().all(|(known, _)| *known != name) {
                query.push((name, value));
            }
        }
        let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish();
        Ok(PendingSignIn {
            url: format!("{url}?{query}").into(),
            issuer: profile.issuer.clone(),
            client_id: config.client_id.clone(),
            redirect_uri,
            user: self.user,
            scope: self.scope,
            state: state.into(),
            verifier: verifier.map(Verifier::into_secret),
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
    /// What the code is bound to (RFC 7636).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verifier: Option<Secret>,
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

    /// What is asked for. What was granted is the scope of the tokens.
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    pub(crate) fn verifier(&self) -> Option<&Secret> {
        self.verifier.as_ref()
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// The code of a callback that belongs to this sign-in: `state` first, before anything else is believed.
    pub(crate) fn accept(&self, app: &App, callback: &Callback, now: Timestamp) -> Result<Secret, Error> {
        let refuse = |fault, text: &str| Err(Error::sign_in(fault).with_message(text));
        if self.issuer != app.profile().issuer || self.client_id != app.config().client_id {
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
        // Of another server not even the error is believed (RFC 9207 2.4).
        let right = match (&callback.iss, app.profile().issuer_parameter) {
            (Some(_), IssuerParameter::Unexpected) | (None, IssuerParameter::Required) => false,
            (_, IssuerParameter::Ignored) | (None, _) => true,
            (Some(iss), _) => *iss == self.issuer,
        };
        if !right {
            return refuse(
                SignInFault::Issuer,
                "it is not, or does not say that it is, the answer of this server",
            );
        }
        if let Some(error) = &callback.error {
            let text = callback.error_description.as_deref().unwrap_or(error);
            return Err(Error::sign_in(SignInFault::Denied)
                .with_message(text)
                .with_server_code(error.as_str()));
        }
        match &callback.code {
            Some(code) => Ok(code.clone()),
            None => refuse(SignInFault::Callback, "it holds neither a code nor an error"),
        }
    }
}

impl SessionEnded {
    /// Starts a new sign-in with the same scope, beginning when the session ended: send the user to its `url()` and keep
    /// it until they come back. `None` where that cannot be done: authorization servers other than Mobiscroll Connect
    /// do not name in the granted scope everything that must be requested, so the application starts the sign-in itself.
    pub fn sign_in(&self) -> Option<PendingSignIn> {
        if self.app.config().profile.is_some() {
            return None;
        }
        let mut sign_in = SignIn::new(&*self.key.user);
        sign_in.scope.clone_from(&self.scope);
        sign_in.start(&self.app, self.at).ok()
    }
}

/// What came back to the redirect URI.
#[derive(Debug, Default)]
pub struct Callback {
    code: Option<Secret>,
    state: Option<Secret>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
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
                "iss" => callback.iss.replace(value.into_owned()).is_some(),
                "error_description" => callback.error_description.replace(value.into_owned()).is_some(),
                _ => false,
            };
            if twice {
                return Err(Error::sign_in(SignInFault::Callback).with_message(format!("{name} comes twice")));
            }
        }
        // A parameter without a value is none (RFC 6749 3.1).
        callback.code = callback.code.filter(|code| !code.expose().is_empty());
        callback.state = callback.state.filter(|state| !state.expose().is_empty());
        callback.error = callback.error.filter(|error| !error.is_empty());
        callback.iss = callback.iss.filter(|iss| !iss.is_empty());
        Ok(callback)
    }
}

/// Whether the text before a `?` is the query already: a value may hold one as it is (RFC 3986 3.4).
fn is_query(before: &str) -> bool {
    let front = before.split("://").next().unwrap_or_default();
    front.contains('=') && !front.starts_with('/')
}
