//! The sign-in of a user: the authorization URL, the callback and the code exchange (RFC 6749 4.1).
//!
//! ```text
//!   SignIn --start--> PendingSignIn --(url: the user's browser)--> callback
//!                          |  saved in the web session                |
//!                          '-------------- finish <-------------------'
//!                                            |  state, error, code
//!                                            v
//!        Send(exchange) -> check user and client of the token -> Lock -> Load -> Save -> Release
//! ```
//!
//! According to the API documentation of Mobiscroll Connect, the authorization code is the user id, so
//! anybody could send the code of another user. Therefore, if the profile has a
//! [`user_parameter`](crate::oauth::Profile::user_parameter), a JWT access token is accepted only if its
//! `sub` is the user of the sign-in and its `aud` is the client. A token that is not a JWT cannot be checked
//! and is accepted.

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

/// The longest time between the start of a sign-in and its callback.
const LIFETIME: SignedDuration = SignedDuration::from_mins(10);

/// A sign-in that is not started yet: its user, scope and parameters of the authorization pages.
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
    /// Creates a sign-in of the user with this id. The application chooses the id.
    pub fn new(user: impl Into<String>) -> Self {
        Self { user: user.into(), scope: None, redirect_uri: None, parameters: Vec::new() }
    }

    /// Sets the requested scope. If no scope is requested, Mobiscroll Connect grants `read-write`.
    #[must_use]
    pub fn scope(mut self, scope: impl Into<Scope>) -> Self {
        self.scope = Some(scope.into());
        self
    }

    /// Sets several requested scopes, for servers that accept more than one.
    #[must_use]
    pub fn scopes<S: AsRef<str>>(self, scopes: impl IntoIterator<Item = S>) -> Self {
        let mut all = String::new();
        for scope in scopes {
            all.push_str(if all.is_empty() { "" } else { " " });
            all.push_str(scope.as_ref());
        }
        self.scope(Scope::from(all))
    }

    /// Replaces the configured redirect URI, for example by one with another port (RFC 8252 7.3).
    ///
    /// The authorization server must accept the new URI.
    #[must_use]
    pub fn redirect_uri(mut self, uri: impl Into<String>) -> Self {
        self.redirect_uri = Some(uri.into());
        self
    }

    /// Sets a parameter of the authorization URL, such as `login_hint`.
    ///
    /// The parameters of the sign-in itself, such as `state` and `scope`, cannot be replaced.
    #[must_use]
    pub fn parameter(mut self, name: impl Into<Box<str>>, value: impl Into<String>) -> Self {
        let (name, value) = (name.into(), value.into());
        self.parameters.retain(|(known, _)| *known != name);
        self.parameters.push((name, value));
        self
    }

    /// Lets the user choose only among the given providers.
    #[must_use]
    pub fn providers(self, providers: impl IntoIterator<Item = Provider>) -> Self {
        let names: Vec<_> = providers.into_iter().map(|provider| provider.as_str().to_owned()).collect();
        self.parameter("providers", names.join(","))
    }

    /// Sets the language of the authorization pages. Default: the language of the browser.
    #[must_use]
    pub fn language(self, language: impl Into<Language>) -> Self {
        self.parameter("lng", language.into().as_str())
    }

    /// Sets the theme of the authorization pages.
    #[must_use]
    pub fn theme(self, theme: Theme) -> Self {
        self.parameter("theme", theme.as_str())
    }

    /// Starts the sign-in: creates its `state` and authorization URL.
    ///
    /// # Errors
    /// If the user id is empty, the client is anonymous, or the redirect URI or scope is not valid.
    pub fn start(self, app: &App, now: Now) -> Result<PendingSignIn, Error> {
        let (config, profile) = (app.config(), app.profile());
        if config.is_anonymous() || self.user.is_empty() {
            return Err(config.no_user());
        }
        self.redirect_uri.as_deref().map_or(Ok(()), check_redirect_uri)?;
        let redirect_uri = config.redirect_uri(self.redirect_uri.as_deref())?.to_owned();
        if redirect_uri == POSTMESSAGE {
            return Err(Error::configuration(
                "a sign-in needs a redirect URI other than `postmessage`: exchange the code from the Google popup instead",
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
        let scope = self.scope.as_ref().map(|scope| profile.with_separator(scope.as_str()));
        query.extend(scope.as_deref().map(|scope| ("scope", scope)));
        let challenge = verifier.as_ref().map(Verifier::challenge);
        if let Some(challenge) = &challenge {
            // Without a method, the server would assume `plain` (RFC 7636 4.3).
            query.extend([("code_challenge", challenge.as_str()), ("code_challenge_method", "S256")]);
        }
        let own = self.parameters.iter().map(|(name, value)| (&**name, value.as_str()));
        let servers =
            profile.authorize_parameters.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        // The query of the configured URL must be retained (RFC 6749 3.1).
        let (url, urls) = profile.authorize_url.split_once('?').unwrap_or((&profile.authorize_url, ""));
        let urls: Vec<_> = form_urlencoded::parse(urls.as_bytes()).collect();
        let urls = urls.iter().map(|(name, value)| (&**name, &**value));
        // A parameter must not occur twice, and an empty parameter counts as missing (RFC 6749 3.1).
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

/// A started sign-in that waits for its callback.
///
/// Save this serialisable value in the web session of the browser. When the callback arrives, remove the
/// value from the web session, so that each `state` is valid for one callback only.
#[derive(Serialize, Deserialize, Debug)]
pub struct PendingSignIn {
    issuer: String,
    client_id: String,
    redirect_uri: String,
    user: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    scope: Option<Scope>,
    state: Secret,
    /// The PKCE code verifier (RFC 7636).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verifier: Option<Secret>,
    created: Timestamp,
    /// Secret, because the URL contains the state.
    url: Secret,
}

impl PendingSignIn {
    /// Returns the URL to open in the user's browser.
    pub fn url(&self) -> &str {
        self.url.expose()
    }

    /// Returns the id of the user.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the `state`, under which the application can keep the sign-ins of several browser tabs.
    ///
    /// [`Callback::state`] returns the `state` of a callback.
    pub fn state(&self) -> &str {
        self.state.expose()
    }

    /// Returns the requested scope. The granted scope is [`Tokens::scope`](crate::Tokens::scope).
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// Returns whether the sign-in was started more than ten minutes before or after `now`.
    ///
    /// `finish` then refuses every callback, and the application can delete the sign-in.
    pub fn is_expired(&self, now: Timestamp) -> bool {
        now.duration_since(self.created).abs() > LIFETIME
    }

    pub(crate) fn verifier(&self) -> Option<&Secret> {
        self.verifier.as_ref()
    }

    pub(crate) fn redirect_uri(&self) -> &str {
        &self.redirect_uri
    }

    /// Checks that `callback` belongs to this sign-in, and returns the authorization code of `callback`.
    ///
    /// The `state` is checked before any other parameter is used.
    pub(crate) fn accept(&self, app: &App, callback: &Callback, now: Timestamp) -> Result<Secret, Error> {
        let refuse = |fault, text: &str| Err(Error::sign_in(fault).with_message(text));
        if self.issuer != app.profile().issuer || self.client_id != app.config().client_id {
            return refuse(
                SignInFault::WrongClient,
                "the sign-in was started with another client id or authorization server",
            );
        }
        if callback.state.is_none() && callback.code.is_none() && callback.error.is_none() {
            return refuse(
                SignInFault::Callback,
                "the callback has no `code`, `state` or `error`: pass the query of the request that reached the redirect URI",
            );
        }
        if callback.state.as_ref() != Some(&self.state) {
            return refuse(SignInFault::State, "start the sign-in again from a page of the application");
        }
        if self.is_expired(now) {
            return refuse(SignInFault::Expired, "start the sign-in again");
        }
        // If the `iss` is wrong, no other parameter may be used, not even `error` (RFC 9207 2.4).
        let right = match (&callback.iss, app.profile().issuer_parameter) {
            (Some(_), IssuerParameter::Unexpected) | (None, IssuerParameter::Required) => false,
            (_, IssuerParameter::Ignored) | (None, _) => true,
            (Some(iss), _) => *iss == self.issuer,
        };
        if !right {
            return refuse(
                SignInFault::Issuer,
                "the callback has the `iss` of another authorization server, or lacks a required `iss`",
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
            None => refuse(SignInFault::Callback, "the callback has neither a code nor an error"),
        }
    }
}

impl SessionEnded {
    /// Starts a new sign-in with the scope of the ended session.
    ///
    /// The sign-in expires ten minutes after the end of the session. Returns `None` for authorization servers
    /// other than Mobiscroll Connect, because the scope that such a server granted may omit a scope that a
    /// sign-in must request, such as `offline_access`. For such a server, the application has to start the
    /// sign-in itself.
    pub fn sign_in(&self) -> Option<PendingSignIn> {
        if self.app.config().profile.is_some() {
            return None;
        }
        let mut sign_in = SignIn::new(&*self.key.user);
        sign_in.scope.clone_from(&self.scope);
        sign_in.start(&self.app, self.at).ok()
    }
}

/// The callback: the parameters that the authorization server sent to the redirect URI.
#[derive(Debug, Default)]
pub struct Callback {
    code: Option<Secret>,
    state: Option<Secret>,
    error: Option<String>,
    error_description: Option<String>,
    iss: Option<String>,
}

impl Callback {
    /// Returns the `state` of the callback, if any. Only a finished sign-in proves that it is genuine.
    pub fn state(&self) -> Option<&str> {
        self.state.as_ref().map(Secret::expose)
    }

    /// Parses the query (with or without `?`) or the whole URL of the request to the redirect URI.
    ///
    /// # Errors
    /// If a parameter occurs twice (RFC 6749 3.1).
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
                return Err(Error::sign_in(SignInFault::Callback)
                    .with_message(format!("the parameter `{name}` occurs twice")));
            }
        }
        // An empty parameter is treated as missing (RFC 6749 3.1).
        callback.code = callback.code.filter(|code| !code.expose().is_empty());
        callback.state = callback.state.filter(|state| !state.expose().is_empty());
        callback.error = callback.error.filter(|error| !error.is_empty());
        callback.iss = callback.iss.filter(|iss| !iss.is_empty());
        Ok(callback)
    }
}

/// Returns whether the text before a `?` is part of a query. A query may contain `?` (RFC 3986 3.4).
fn is_query(before: &str) -> bool {
    let front = before.split("://").next().unwrap_or_default();
    front.contains('=') && !front.starts_with('/')
}
